"""The search over conversations and tickets: on both databases, and over HTTP with its audit."""

from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from bot import translation
from bot.conversation import store as conversations
from bot.conversation.message import Message
from bot.conversation.message import Role as Speaker
from bot.database import Database
from bot.desk import search_store
from bot.desk.search import NOTHING_ASKED, TOO_MANY, cut
from bot.desk.search_store import Wanted
from bot.triage import store as tickets
from tests.desk.conftest import RULES, SCRIPT, Browser, Open, audit, form
from tests.when import NOW

PATH = "/desk/search"
DAYS = {"since": "2026-11-01", "until": "2026-11-30"}


def talk(database: Database, *said: str, role: Speaker = Speaker.PATIENT, days: int = 0, by: str = "") -> str:
    """A conversation in which this was said; `by` opens a ticket."""
    at = NOW - timedelta(days=days)
    one = uuid4().hex
    with database.writing() as session:
        greeting = Message(role=Speaker.ASSISTANT, text="Hello.", created_at=at)
        conversations.open_conversation(
            session, channel="web", locale="en", consent_version="1", greeting=greeting, now=at, own_id=one
        )
        if by:
            tickets.open_ticket(
                session, conversation_id=one, assessment=RULES.assess(by), matched="it", summary=said[0], now=at
            )
        for text in said:
            conversations.tell(session, one, Message(role=role, text=text, created_at=at))
    return one


def find(database: Database, *words: str, page: int = 0, **more: str) -> list[str]:
    wanted = Wanted(
        words=words, person=more.get("person", ""), urgency=more.get("urgency", ""), state=more.get("state", ""),
        since=NOW - timedelta(days=30), until=NOW + timedelta(days=1),
    )  # fmt: skip
    with database.reading() as session:
        hits, _ = search_store.find(session, wanted, page=page)
    return [hit.conversation for hit in hits]


def test_every_word_must_occur_in_any_case_and_signs_stand_for_themselves(either: Database) -> None:
    first = talk(either, "My Eyes feel 100% odd", "since clomid_x")
    second = talk(either, "my eyes are fine, 1000 thanks")
    assert set(find(either, "eyes")) == {first, second}
    assert find(either, "EYES", "clomid") == [first]
    assert find(either, "100%") == [first]
    assert find(either, "clomid_") == [first]
    assert find(either, "c_omid") == find(either, "%")[1:] == find(either, "nothing") == []
    assert find(either, '"') == find(either, "\\") == find(either, "'; DROP TABLE tickets; --") == []


def test_person_urgency_state_and_time_narrow_it(either: Database) -> None:
    called = talk(either, "Caller: Ann Hall, 555 0101. It is about her.", role=Speaker.STAFF, by="emergency")
    written = talk(either, "Caller: Ann Hall said so", by="asked_for_person", days=2)
    old = talk(either, "Caller: Ann Hall, long ago", role=Speaker.STAFF, days=31)
    assert find(either, person="ann hall") == [called]
    assert find(either, "ann") == [called, written]
    assert find(either, urgency="routine") == [written]
    assert find(either, state="new") == [called, written]
    assert find(either, state="resolved") == []
    assert old not in find(either, "ann")


def test_a_caller_is_found_in_the_language_of_the_clinic(database: Database, tmp_path: Path) -> None:
    english = talk(database, "Caller: Ann Hall. It is about her.", role=Speaker.STAFF)
    german = talk(database, "100%ig Anruf von Ann Hall. Es geht um sie.", role=Speaker.STAFF)
    talk(database, "Ann Hall was here.", role=Speaker.STAFF)
    said = 'msgid "Caller: {who}. {about}"\nmsgstr "100%ig Anruf von {who}. {about}"\n'
    (tmp_path / translation.FILE).write_text(f'msgid ""\nmsgstr ""\n\n{said}', "utf-8")
    translation.speak("de", tmp_path)
    try:
        assert set(find(database, person="ann hall")) == {english, german}
    finally:
        translation.speak("en", tmp_path / "none")


def test_pages_hold_twenty_and_lose_none(either: Database) -> None:
    made = [talk(either, "the same words", days=number % 20) for number in range(45)]
    pages = [find(either, "same", page=page) for page in range(3)]
    assert [len(page) for page in pages] == [20, 20, 5]
    assert sorted(one for page in pages for one in page) == sorted(made)


@pytest.mark.parametrize(
    ("text", "words", "shown"),
    [
        ("my eyes", ("eyes",), (("my ", False), ("eyes", True))),
        ("a.b", (".",), (("a", False), (".", True), ("b", False))),
        ("nothing", ("eyes",), (("nothing", False),)),
        ("plain", (), (("plain", False),)),
    ],
)
def test_a_snippet_marks_what_was_looked_for(
    text: str, words: tuple[str, ...], shown: tuple[tuple[str, bool], ...]
) -> None:
    assert cut(text, words) == shown


def test_a_long_text_is_cut_around_the_word() -> None:
    shown = "".join(text for text, _ in cut("x" * 500 + " eyes " + "y" * 500, ("eyes",)))
    assert shown.startswith("… x")
    assert shown.endswith("y …")
    assert "eyes" in shown
    assert len(shown) < 300


def search(mine: Browser, **fields: str) -> str:
    hidden = form(mine.get(PATH).text, PATH)
    return mine.client.post(PATH, data={**hidden, **DAYS, **fields}).text


def test_results_lead_to_the_ticket_or_the_conversation_and_the_audit_keeps_no_word(
    browser: Open, database: Database
) -> None:
    with_ticket = talk(database, "canary eyes", by="emergency")
    without = talk(database, f"canary {SCRIPT}")
    mine = browser("clinician")
    page = search(mine, words="canary")
    assert "<mark>canary</mark> eyes" in page
    assert "<script>" not in page
    assert f"/desk/search/{without}" in page
    with database.reading() as session:
        assert f"/desk/tickets/{tickets.of_conversation(session, with_ticket).id}" in page
    view = mine.get(f"/desk/search/{without}")
    assert view.status_code == 200
    assert "<script>" not in view.text
    search(mine, words="canary eyes", person="Ann")
    lines = audit(database)
    assert ("clinician", "search.made", "1 words") in lines
    assert ("clinician", "search.made", "2 words, a person") in lines
    assert ("clinician", "conversation.viewed", without) in lines
    assert "canary" not in str(lines)


def test_a_next_page_looks_for_the_same(browser: Open, database: Database) -> None:
    for _ in range(21):
        talk(database, "the same words")
    mine = browser("front_desk")
    first = search(mine, words="same")
    assert ">Older</button>" in first
    assert ">Newer</button>" not in first
    second = search(mine, words="same", page="1")
    assert second.count('class="ticket') == 1
    assert ">Newer</button>" in second


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, NOTHING_ASKED),
        ({"words": "a b c d e f g h i"}, TOO_MANY),
        ({"words": "x" * 61}, TOO_MANY),
        ({"words": "eyes", "since": "yesterday"}, "not a date"),
        ({"words": "eyes", "until": "2026-02-30"}, "not a date"),
    ],
)
def test_what_does_not_fit_is_said_and_kept(browser: Open, fields: dict[str, str], said: str) -> None:
    page = search(browser("admin"), **fields)
    assert str(said) in page
    assert 'aria-invalid="true"' in page
    assert all(value in page for value in fields.values())


@pytest.mark.parametrize("until", ["0001-01-01", "9999-12-31"])
def test_the_first_and_the_last_day_there_is_are_days(browser: Open, until: str) -> None:
    assert "Nothing was found." in search(browser("admin"), words="eyes", since="", until=until)


def test_the_search_is_for_those_who_work_on_tickets(browser: Open, database: Database) -> None:
    one = talk(database, "eyes")
    for name in ("author", "reviewer"):
        mine = browser(name)
        assert mine.get(PATH).status_code == 403
        assert mine.get(f"{PATH}/{one}").status_code == 403
        assert mine.client.post(PATH, data={"words": "eyes"}).status_code == 403
    mine = browser("front_desk")
    assert mine.client.post(PATH, data={"words": "eyes"}).status_code == 403
    assert mine.get(f"{PATH}/{'0' * 32}").status_code == 404
