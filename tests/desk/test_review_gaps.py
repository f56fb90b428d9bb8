"""Questions without an answer at the desk: groups, a draft to begin with, and what is not for us."""

import numpy as np
import pytest

from bot.content.topic import FEWEST_QUESTIONS
from bot.conversation import erasure, questions
from bot.conversation import store as conversations
from bot.conversation.message import Gap, Message
from bot.conversation.message import Role as Speaker
from bot.database import Database
from bot.encoder import packed
from tests.desk.conftest import SCRIPT, Open, audit, token
from tests.when import NOW

HICCUPS, PARKING = np.eye(2, 384, dtype=np.float32)


def ask(database: Database, *asked: tuple[str, np.ndarray | None]) -> str:
    """A conversation with questions that were not answered; returns its id."""
    greeting = Message(role=Speaker.ASSISTANT, text="Hello.", created_at=NOW)
    with database.writing() as session:
        one, secret = conversations.open_conversation(
            session, channel="web", locale="en", consent_version="1", greeting=greeting, now=NOW
        )
        for number, (text, vector) in enumerate(asked):
            received = conversations.receive(
                session, conversation_id=one, token=secret, client_id=str(number), text=text, choice=None,
                drugs=frozenset(), now=NOW,
            )  # fmt: skip
            gap = Gap(kind="unanswered", vector="" if vector is None else packed(vector[None]))
            questions.note(session, received, gap, now=NOW)
        return one


@pytest.fixture
def asked(database: Database) -> str:
    ask(database, ("hiccups since clomid", HICCUPS), ("my name is Bob Smith, any parking", PARKING))
    return ask(database, ("does clomid cause hiccups", HICCUPS), ("old question", None), ("Old  Question", None))


def test_questions_are_grouped_by_meaning_and_the_most_asked_come_first(browser: Open, asked: str) -> None:
    page = browser("author").get("/desk/review/gaps").text
    assert "3 groups of questions" in page
    assert page.index("hiccups since clomid") < page.index("old question")
    assert "does clomid cause hiccups" in page
    assert "my name is [name], any parking" in page
    assert "Bob" not in page
    assert '<td role="cell" data-label="People">2</td>' in page


def test_a_group_shows_every_phrasing_and_makes_a_draft(browser: Open, asked: str) -> None:
    mine = browser("author")
    page = mine.get("/desk/review/gaps/1?topic=clomiphene-and-hiccups").text
    assert "2 people asked this" in page
    assert "id: clomiphene-and-hiccups" in page
    answer = mine.get("/desk/review/gaps/1/draft.md?topic=clomiphene-and-hiccups")
    assert answer.headers["content-disposition"] == 'attachment; filename="clomiphene-and-hiccups.md"'
    assert answer.text.count("\n- ") >= FEWEST_QUESTIONS
    assert "author: author" in answer.text
    for path in ("/desk/review/gaps/1?topic=../../etc", "/desk/review/gaps/1/draft.md?topic=a%0d%0ab"):
        assert mine.get(path).status_code == 422
    assert mine.get("/desk/review/gaps/99").status_code == 404


@pytest.mark.parametrize("role", ["author", "reviewer", "admin"])
def test_a_group_that_is_not_for_us_is_put_away_with_its_like_and_comes_back(
    browser: Open, database: Database, asked: str, role: str
) -> None:
    mine = browser(role)
    path = "/desk/review/gaps/1"
    answer = mine.submit(path, f"{path}/dismiss", why="that is for a poster")
    assert (answer.status_code, answer.headers["location"]) == (303, path)
    assert "hiccups" not in mine.get("/desk/review/gaps").text
    assert "that is for a poster" in mine.get("/desk/review/gaps?dismissed=true").text
    ask(database, ("hiccups again", HICCUPS))
    assert "hiccups" not in mine.get("/desk/review/gaps").text
    assert "3 people asked this" in mine.get(path).text
    assert mine.submit(path, f"{path}/restore").status_code == 303
    assert "hiccups again" in mine.get("/desk/review/gaps").text
    assert [line[1] for line in audit(database) if line[1].startswith("gap.")] == ["gap.dismissed", "gap.restored"]


@pytest.mark.parametrize("why", ["", "  ", "z" * 1001])
def test_putting_away_needs_a_reason(browser: Open, database: Database, asked: str, why: str) -> None:
    answer = browser("author").submit("/desk/review/gaps/1", "/desk/review/gaps/1/dismiss", why=why)
    assert answer.status_code == 422
    assert why in answer.text
    with database.reading() as session:
        assert not [one for one in questions.asked(session) if one.dismissed]


def test_erasing_a_conversation_erases_its_questions_and_vectors(browser: Open, database: Database, asked: str) -> None:
    mine = browser("reviewer")
    html = mine.get("/desk/review/gaps/3").text
    with database.writing() as session:
        erasure.erase(session, asked, now=NOW)
    assert "does clomid cause hiccups" not in mine.get("/desk/review/gaps").text
    answer = mine.client.post("/desk/review/gaps/3/dismiss", data={"csrf": token(html), "why": "gone"})
    assert answer.status_code == 404
    with database.reading() as session:
        assert [one.text for one in questions.asked(session)] == [
            "hiccups since clomid", "my name is [name], any parking"
        ]  # fmt: skip


def test_a_question_is_shown_as_text_and_counted_on_the_start_page(browser: Open, database: Database) -> None:
    ask(database, (SCRIPT, None))
    mine = browser("author")
    for page in ("/desk/review/gaps", "/desk/review/gaps/1"):
        assert "<script>" not in mine.get(page).text
    assert "1 question found no sure answer" in mine.get("/desk/review").text
