"""One test for each promise of the design, with its number, on a whole running Axis."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

from bot.content import store
from bot.content.blocks import Text, as_text
from bot.content.topic import Level, sentences, sha256
from bot.conversation.fixed import Fixed
from bot.database import Database
from bot.datafile import read_yaml
from bot.settings import ROOT, Mode
from evaluation.running import Patient, Running
from tests.when import NOW

NLU = {
    entry["intent"]: [line.strip().removeprefix("- ") for line in entry["examples"].splitlines()]
    for path in sorted((ROOT / "data/en/nlu").glob("*.yml"))
    for entry in read_yaml(path)["nlu"]
}
DOSE = re.compile(r"\b\d[\d.,]*\s*(mg|mcg|µg|iu|units?|ml)\b", re.IGNORECASE)
MARKER = "zanzibar-quokka"

pytestmark = pytest.mark.served


@pytest.fixture(scope="module")
def replies(axis: Running) -> dict[tuple[str, str], dict[str, Any]]:
    """What Axis says to three phrases of each intent, each intent in a conversation of its own."""
    found = {}
    for intent, phrases in NLU.items():
        patient = Patient(axis.url)
        for phrase in phrases[:: max(1, len(phrases) // 3)][:3]:
            found[intent, phrase] = patient.say(f"{phrase}")
    return found


@pytest.fixture(scope="module")
def catalogue(axis: Running) -> store.Catalogue:
    with Database(f"sqlite:///{axis.var / 'axis.sqlite'}").reading() as session:
        return store.load_catalogue(session, mode=Mode.DEMO, today=NOW.date())


def closes(message: dict[str, Any], fixed: Fixed) -> bool:
    return bool(message["closing"]["text"]) and message["text"].endswith(fixed.closing(message["closing"]["id"]).text)


def test_1_every_reply_closes_with_a_referral(replies: dict[Any, dict[str, Any]], fixed: Fixed) -> None:
    assert [key for key, message in replies.items() if not closes(message, fixed)] == []
    assert len(replies) >= 3 * len(NLU) - 3


def test_2_every_medical_sentence_is_vetted_word_for_word(
    replies: dict[Any, dict[str, Any]], catalogue: store.Catalogue, fixed: Fixed
) -> None:
    """Whatever is said is a text named in the provenance, or one of the words that are not medical."""
    words = {part for texts in fixed.words.texts().values() for text in texts for part in _parts(text)}
    told = fixed.opening_hours(now=datetime.now(UTC))
    words |= {fixed.clinic.name} | {part for line in told for part in (line.days, line.hours)}
    later = re.compile(re.escape(fixed.words.paragraphs("handoff_closed")[0]).replace(r"\{opens\}", "[^.]{1,60}"))
    shown = 0
    for key, message in replies.items():
        allowed = set(words)
        for source in message["provenance"]:
            allowed |= set(_vetted(source, catalogue, fixed))
            shown += ":" not in source["topic"]
        said = message["text"].removesuffix(message["closing"]["text"])
        strange = [part for part in _parts(later.sub("", said)) if part not in allowed]
        noted = [part for part in strange if message["kind"] == "smalltalk" and part.startswith("- ")]
        hours = [part for part in strange if part.startswith("- Hours: ")]
        assert [part for part in strange if part not in noted + hours] == [], key
    assert shown > len(NLU) / 2


def _parts(text: str) -> list[str]:
    return [part.strip() for part in re.split(r"\n+|(?<=[.!?])\s+", text) if part.strip()]


def _vetted(source: dict[str, Any], catalogue: store.Catalogue, fixed: Fixed) -> Iterator[str]:
    """The sentences of the text that a reply names, after checking its hash."""
    kind, _, name = source["topic"].removeprefix("glossary:").rpartition(":")
    if kind == "refusal":
        text = "\n".join(fixed.refusals.render(name, clinic_phone=fixed.clinic.telephone))
    elif kind == "advice":
        text = "\n".join(fixed.moments.advice[name].paragraphs)
    elif kind:
        text = "\n".join(as_text(block) for block in fixed.alarm_text(name))
    else:
        topic = catalogue.served[source["topic"]]
        body = topic.texts[Level(source["level"])]
        assert (source["revision"], source["sha256"]) == (topic.revision, sha256(str(Text(body.blocks))))
        yield from (part.strip() for part in sentences(body.blocks))
        yield topic.title
        text = str(body)
    yield from _parts(text)


def test_3_a_red_flag_is_answered_by_its_own_text_and_says_which_words(axis: Running, fixed: Fixed) -> None:
    message = Patient(axis.url).say("i have crushing chest pain right now")
    assert message["kind"] == "emergency"
    assert message["text"].startswith("Call 911 now")
    alarm = fixed.alarm("i have crushing chest pain right now")
    assert alarm is not None
    assert "chest" in " ".join(alarm.words)


def test_4_no_reply_has_a_dose_and_each_refusal_offers_a_person(
    replies: dict[Any, dict[str, Any]], fixed: Fixed
) -> None:
    person = fixed.words.phrase("button_person")
    for (intent, phrase), message in replies.items():
        assert not DOSE.search(message["text"]), phrase
        if message["kind"] == "refusal":
            assert person in [choice["title"] for choice in message["choices"]], (intent, phrase)


def test_5_a_request_to_a_person_is_a_ticket_before_it_is_told(axis: Running, fixed: Fixed) -> None:
    patient = Patient(axis.url)
    message = patient.say("i want to talk to a real person please")
    assert message["kind"] == "handoff"
    with Database(f"sqlite:///{axis.var / 'axis.sqlite'}").reading() as session:
        from bot.triage import store as tickets  # noqa: PLC0415 - only this test looks there

        assert patient.path.endswith(tuple(ticket.conversation_id for ticket in tickets.queue(session, most=10_000)))


def test_6_rasa_and_the_action_server_listen_on_loopback_and_ask_for_the_secret(axis: Running) -> None:
    environment = dict(
        part.split("=", 1) for part in Path(f"/proc/{axis.pid}/environ").read_text().split("\0") if "=" in part
    )
    rasa = f"http://127.0.0.1:{environment['AXIS_RASA_PORT']}"
    assert httpx2.post(f"{rasa}/webhooks/axis/message", json={"sender": "x", "text": "hello"}).status_code == 401
    for path in ("/webhooks/rest/webhook", "/model", "/conversations/x/tracker"):
        assert httpx2.get(rasa + path).status_code in (404, 405)


def test_7_an_erased_conversation_is_gone_from_the_tracker_too(axis: Running) -> None:
    patient = Patient(axis.url)
    patient.say(f"what is clomid {MARKER}-erase")
    receipt = patient.erase().json()
    assert receipt["messages"] == 3
    assert receipt["tracker_turns"] > 0
    assert patient.get().status_code == 404
    with Database(f"sqlite:///{axis.var / 'axis.sqlite'}").reading() as session:
        rows = session.connection().exec_driver_sql("SELECT events FROM tracker_turns").all()
    assert not any(f"{MARKER}-erase" in row[0] for row in rows)


def test_8_in_production_nothing_unapproved_is_served(axis: Running) -> None:
    with Database(f"sqlite:///{axis.var / 'axis.sqlite'}").reading() as session:
        found = store.load_catalogue(session, mode=Mode.PRODUCTION, today=NOW.date())
    assert not found.served
    assert len(found.withheld) > 40


def test_9_no_page_names_anything_outside(axis: Running) -> None:
    page = httpx2.get(axis.url)
    assert "default-src 'none'" in page.headers["content-security-policy"]
    for path in ("/", "/widget/axis-chat.js", "/widget/axis-chat.css"):
        text = httpx2.get(axis.url + path).text
        assert not re.search(r"(?:src|href|import|url\()\s*[=(]?\s*[\"']?(?:https?:)?//", text), path


def test_the_example_of_the_front_page(axis: Running) -> None:
    message = Patient(axis.url).say("will clomid mess with my eyes")
    assert [source["topic"] for source in message["provenance"]] == ["symptom-visual-disturbance"]
    assert message["provenance"][0]["sources"]


@pytest.mark.parametrize(
    "typed", ["/restart", "/ask_hours", '/choose_topic{"topic": "hcg"}', " /restart", "\u200b/back", "\uff0frestart"]
)
def test_typed_text_is_never_a_command(axis: Running, fixed: Fixed, typed: str) -> None:
    patient = Patient(axis.url)
    patient.say("what is clomid")
    message = patient.say(typed)
    assert closes(message, fixed)
    assert "hcg" not in [source["topic"] for source in message["provenance"]] or "hcg" in typed
    assert patient.say("simpler please")["kind"] in ("clarification", "answer")


def test_no_log_holds_a_patients_words(axis: Running) -> None:
    patient = Patient(axis.url)
    for text in (f"what is clomid {MARKER}", f"chest pain now {MARKER}", f"/{MARKER}", f"a person please {MARKER}"):
        patient.say(text)
    logs = {path: path.read_text(errors="replace") for path in (axis.var / "log").glob("*")}
    assert {"web.log", "rasa.log", "actions.log"} <= {path.name for path in logs}
    assert [path.name for path, text in logs.items() if MARKER in text] == []
    assert any("turn.answered" in text for text in logs.values())
