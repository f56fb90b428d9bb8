"""Telephone triage over HTTP: with the action server down and up, from the first word to the ticket."""

import re
import shutil
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import httpx2
import pytest
from argon2 import PasswordHasher
from argon2.profiles import CHEAPEST
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response
from structlog.testing import capture_logs

from bot.content import governance
from bot.conversation import store as conversations
from bot.conversation.fixed import Fixed
from bot.conversation.verify import verify
from bot.database import Database
from bot.desk import store
from bot.desk.phone import Phone
from bot.roles import Role
from bot.settings import Mode, Settings
from bot.triage import store as tickets
from bot.triage.ticket import Urgency
from tests.desk.conftest import PASSWORD, SCRIPT, Browser, audit, desk_app
from tests.desk.phone_parts import SECRET, action_server, settings_for
from tests.when import NOW

PATH = "/desk/phone"
CHEST = "i have crushing chest pain right now"


@pytest.fixture
def texts(stocked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Settings, Database]]:
    """Settings and a database with every text; nobody listens on the action server's port."""
    monkeypatch.setattr(store, "_hasher", PasswordHasher.from_parameters(CHEAPEST))
    shutil.copy(stocked, tmp_path / "axis.sqlite")
    settings = settings_for(tmp_path)
    database = Database(settings.resolved_database_url)
    with database.writing() as session:
        for role in Role:
            store.set_password(session, name=role, role=role, password=PASSWORD)
    yield settings, database
    database.close()


def app_for(settings: Settings, database: Database, fixed: Fixed) -> FastAPI:
    made = desk_app(database, settings)
    made.state.phone = Phone.build(settings, fixed=fixed, database=database)
    return made


class Receptionist(Browser):
    """Somebody on the telephone, with one call before them."""

    def begin(self) -> None:
        page = self.get(PATH).text
        self.fields = dict(re.findall(r'<input type="hidden" name="(csrf|call)" value="([^"]*)">', page))

    def send(self, where: str = "", **fields: Any) -> Response:
        return self.client.post(PATH + where, data={**self.fields, **fields})


@pytest.fixture
def receptionist(texts: tuple[Settings, Database], fixed: Fixed) -> Receptionist:
    made = Receptionist(TestClient(app_for(*texts, fixed), follow_redirects=False))
    made.sign_in("front_desk")
    made.begin()
    return made


def transcript(database: Database, ticket: str) -> list[tuple[str, str]]:
    with database.reading() as session:
        found = tickets.find(session, ticket)
        return [(one.role, one.text) for _, one in conversations.history(session, found.conversation_id)]


def made(answer: Response) -> str:
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"].rsplit("/", 1)[1])


@pytest.mark.parametrize("role", ["author", "reviewer"])
def test_the_screen_is_for_those_who_work_on_tickets(texts: tuple[Settings, Database], fixed: Fixed, role: str) -> None:
    mine = Receptionist(TestClient(app_for(*texts, fixed), follow_redirects=False))
    assert mine.get(PATH).headers["location"].startswith("/desk/login")
    mine.sign_in(role)
    assert mine.get(PATH).status_code == 403
    assert PATH not in mine.get("/desk/review").text


@pytest.mark.parametrize("where", ["", "/live", "/texts", "/ticket"])
def test_a_form_of_another_session_is_refused(receptionist: Receptionist, where: str) -> None:
    assert receptionist.send(where, said=CHEST, csrf="another").status_code == 403


def test_a_red_flag_is_read_out_with_its_words_and_the_numbers(receptionist: Receptionist, fixed: Fixed) -> None:
    page = receptionist.send(said=CHEST).text
    for text in (
        "Red flag: Emergency", '<mark class="flag">crushing</mark>', "Read out: Chest pain", "Urgency by the rules",
        fixed.numbers.emergency, fixed.numbers.crisis_number, "Where are they right now",
    ):  # fmt: skip
        assert text in page
    for paragraph in fixed.red_flags.replies["emergency_chest"].paragraphs:
        assert paragraph.format(emergency_number=fixed.numbers.emergency) in unescape(page)


def test_without_the_action_server_red_flags_work_and_the_page_says_what_does_not(receptionist: Receptionist) -> None:
    page = receptionist.send(said="he takes clomid, will it hurt his eyes").text
    assert "The search by meaning does not answer just now" in page
    assert "revision 1, plain" in page
    assert "not reviewed" in page
    live = receptionist.send("/live", said=CHEST).text
    assert "Red flag: Emergency" in live
    assert "search by meaning" not in live


def test_the_level_of_the_texts_can_be_switched(receptionist: Receptionist) -> None:
    plain = receptionist.send("/texts", said="clomid", level="plain").text
    science = receptionist.send("/texts", said="clomid", level="science").text
    assert "revision 1, plain" in plain
    assert "revision 1, science" in science
    assert re.search(r"about (\d+ min)?( ?\d+ s)? to read out", plain)
    assert plain != science


def test_a_refusal_says_that_a_clinician_decides(receptionist: Receptionist, fixed: Fixed) -> None:
    page = unescape(receptionist.send(said="how much clomid should i take").text)
    assert "Do not answer this: a clinician decides" in page
    assert fixed.refusals.render("dose", clinic_phone=fixed.clinic.telephone)[0] in page


def test_a_text_that_is_held_back_is_not_shown(receptionist: Receptionist, texts: tuple[Settings, Database]) -> None:
    before = receptionist.send("/texts", said="clomid").text
    found = re.findall(r'id="text-([\w-]+)"', before)
    with texts[1].writing() as session:
        governance.withdraw(session, found[0], actor="Bea", role=Role.REVIEWER, now=NOW, note="")
    assert f'id="text-{found[0]}"' not in receptionist.send("/texts", said="clomid").text


def test_answers_stay_in_the_page_also_when_their_question_is_no_longer_asked(receptionist: Receptionist) -> None:
    answers = {"asked": ["where", "alone"], "answer": ["12 Mill Lane", ""]}
    assert 'value="12 Mill Lane"' in receptionist.send(said=CHEST, **answers).text
    assert 'value="12 Mill Lane"' in receptionist.send(said="wants an appointment", **answers).text


def test_a_call_becomes_a_ticket_with_its_whole_transcript(
    receptionist: Receptionist, texts: tuple[Settings, Database], fixed: Fixed
) -> None:
    page = receptionist.send(said="clomid and my eyes").text
    topic = re.search(r'value="(topic/[^"]+)"', page)
    assert topic is not None
    ticket = made(
        receptionist.send(
            "/ticket", said=f"{CHEST}\r\nsince noon", about="partner", caller="Ann Hall", number="555 0101",
            asked=["where", "alone", "medicines"], answer=["at home", "", "clomid"],
            read=["emergency:emergency_chest", topic[1]], summary="Ambulance is on its way.",
        )
    )  # fmt: skip
    lines = transcript(texts[1], ticket)
    assert lines[0] == ("staff", "Caller: Ann Hall, 555 0101. The call is about the caller's partner.")
    assert lines[1] == ("patient", f"{CHEST}\nsince noon")
    assert [role for role, _ in lines] == ["staff", "patient", *["staff", "patient"] * 2, "staff", "staff", "staff"]
    assert lines[3] == ("patient", "at home")
    assert lines[6][1].startswith(f"Call {fixed.numbers.emergency} now.")
    assert lines[-1] == ("staff", "Summary: Ambulance is on its way.")
    with texts[1].reading() as session:
        found = tickets.find(session, ticket)
        assert (found.urgency, found.state, found.rule) == (Urgency.EMERGENCY, "new", "emergency_words")
        assert "chest_pain: crushing, chest" in found.matched
        assert conversations.state(session, found.conversation_id) == "waiting_for_staff"
        assert verify(session, fixed, mode=Mode.DEMO).faults == ()
    assert ticket in receptionist.get("/desk").text
    view = receptionist.get(f"/desk/tickets/{ticket}").text
    assert topic[1].split("/")[1] in view
    assert ("front_desk", "call.noted", ticket) in audit(texts[1])


def test_the_same_call_sent_twice_is_one_ticket(receptionist: Receptionist, texts: tuple[Settings, Database]) -> None:
    first, second = (made(receptionist.send("/ticket", said=CHEST)) for _ in range(2))
    assert first == second
    assert [action for _, action, _ in audit(texts[1])].count("call.noted") == 1


def test_staff_may_raise_the_urgency(receptionist: Receptionist, texts: tuple[Settings, Database]) -> None:
    ticket = made(receptionist.send("/ticket", said="wants an appointment", urgency="same_day"))
    with texts[1].reading() as session:
        found = tickets.find(session, ticket)
    assert found.urgency is Urgency.SAME_DAY
    assert "Raised by front_desk on the telephone." in found.reason
    assert ("front_desk", "call.urgency_raised", ticket) in audit(texts[1])


def test_lowering_the_urgency_needs_a_reason_and_nothing_is_lost_without(
    receptionist: Receptionist, texts: tuple[Settings, Database]
) -> None:
    call = {"said": CHEST, "urgency": "routine", "caller": "Ann Hall", "asked": ["where"], "answer": ["at home"]}
    refused = receptionist.send("/ticket", **call, read=["refusal:dose"])
    assert refused.status_code == 422
    assert "Say why it is less urgent than the rules say." in refused.text
    for text in (CHEST, 'value="Ann Hall"', 'value="at home"', '<option value="routine" selected>', "refusal:dose"):
        assert text in refused.text
    ticket = made(receptionist.send("/ticket", **call, reason="reads from a film script"))
    with texts[1].reading() as session:
        found = tickets.find(session, ticket)
    assert found.urgency is Urgency.ROUTINE
    assert found.reason.startswith("Lowered from emergency by front_desk on the telephone: reads from a film script")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"said": " "}, "Write what the caller says."),
        ({"said": "x" * 4001}, "At most 4000 characters."),
        ({"said": "hello", "caller": "x" * 101}, "At most 100 characters."),
        ({"said": "hello", "reason": "x" * 201}, "At most 200 characters."),
        ({"said": "hello", "asked": ["where"], "answer": ["x" * 301]}, "An answer has at most 300 characters."),
        ({"said": "hello", "read": ["emergency:nothing"]}, "is not in the store"),
        ({"said": "hello", "read": ["topic/no-such/1/plain"]}, "is not in the store"),
        ({"said": "hello", "read": ["topic/x/99999999999999999999/plain"]}, "is not in the store"),
    ],
)
def test_a_call_that_does_not_fit_is_refused_and_kept(
    receptionist: Receptionist, texts: tuple[Settings, Database], fields: dict[str, Any], said: str
) -> None:
    answer = receptionist.send("/ticket", summary="not lost", **fields)
    assert answer.status_code == 422
    assert said in answer.text
    assert "not lost" in answer.text
    assert str(fields["said"]).strip() in answer.text
    with texts[1].reading() as session:
        assert tickets.queue(session) == []


def test_a_script_in_what_a_caller_says_is_only_text(
    receptionist: Receptionist, texts: tuple[Settings, Database]
) -> None:
    bad = SCRIPT + '"><img src=x onerror=alert(1)>'
    call = {"said": bad, "summary": bad, "caller": bad, "number": '"><b>', "asked": ["where"], "answer": [bad]}
    ticket = made(receptionist.send("/ticket", **call, read=["emergency:emergency_chest"]))
    answers = [receptionist.send(where, **call, read=[bad]) for where in ("", "/live", "/texts")]
    for page in (*answers, receptionist.get(f"/desk/tickets/{ticket}"), receptionist.get("/desk")):
        assert page.status_code == 200
        assert "<script>alert" not in page.text
        assert "<img" not in page.text
        assert "'unsafe-inline'" not in page.headers["Content-Security-Policy"]


def test_the_screen_loads_scripts_of_ours_alone(receptionist: Receptionist) -> None:
    assert "script-src 'self'; connect-src 'self'" in receptionist.get(PATH).headers["Content-Security-Policy"]
    assert receptionist.get("/desk/static/desk.css").status_code == 200
    assert receptionist.get("/desk/static/phone.js").headers["content-type"].startswith("text/javascript")


def test_no_word_of_a_caller_is_logged(receptionist: Receptionist) -> None:
    with capture_logs() as lines:
        receptionist.send(said="canary phrase clomid")
        receptionist.send("/ticket", said="canary phrase clomid")
    assert lines
    assert "canary" not in str(lines)


def test_with_the_action_server_the_search_is_by_meaning(texts: tuple[Settings, Database], fixed: Fixed) -> None:
    settings, database = texts
    with action_server(settings) as url:
        mine = Receptionist(TestClient(app_for(settings, database, fixed), follow_redirects=False))
        mine.sign_in("clinician")
        mine.begin()
        page = mine.send(said="will clomid mess with my eyes").text
        assert "search by meaning does not answer" not in page
        assert "fits best" in page
        assert "No vetted text is near" in mine.send("/texts", said="who won the football on saturday").text
        good = {"Authorization": f"Bearer {SECRET}"}
        assert httpx2.post(f"{url}/axis/search", json={"text": "clomid"}).status_code == 401
        assert httpx2.post(f"{url}/axis/search", json={"text": "clomid"}, headers=good).json()["nearest"]
        assert httpx2.post(f"{url}/axis/search", json=["canary words"], headers=good).status_code == 503
    assert "canary" not in (settings.var_dir / "actions.log").read_text()
    assert "The search by meaning does not answer" in mine.send(said="will clomid mess with my eyes").text
