"""What becomes of a patient's message from a messaging app, in the whole application; Rasa and providers are played."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text as sql

from bot.app import create
from bot.conversation import privacy
from bot.conversation.fixed import Fixed
from bot.conversation.message import Kind, Provenance
from bot.database import Database
from bot.gateway.connected import connected
from bot.settings import Settings
from tests.gateway.channels.conftest import App, closes, eventually, on_sqlite, table
from tests.gateway.channels.providers import (
    OF_PATIENTS,
    PUBLIC_URL,
    Town,
    offering,
    payload,
    written,
)

EMERGENCY = "i have crushing chest pain right now"
WORDS = "zanzibar-quokka"

every_patients_channel = pytest.mark.parametrize("channel", OF_PATIENTS)


@on_sqlite
@every_patients_channel
def test_the_first_message_gets_the_consent_and_then_its_answer(
    app: App, town: Town, database: Database, fixed: Fixed, channel: str
) -> None:
    app.say(channel, "what is clomid")
    greeting, answer = (town.wait_for(2) and town.texts())[:2]
    assert fixed.words.paragraphs("consent")[0] in greeting
    assert PUBLIC_URL in greeting
    assert answer.startswith("about what is clomid")
    assert all(closes(text, fixed) for text in town.texts())
    [conversation] = table(database, "conversations")
    assert (conversation["channel"], conversation["consent_version"]) == (channel, fixed.clinic.consent_version)
    app.say(channel, "and its side effects")
    town.wait_for(3)
    assert town.quiet()[3:] == []
    assert len(table(database, "conversations")) == 1


@on_sqlite
@every_patients_channel
def test_two_patients_have_two_conversations(app: App, town: Town, database: Database, channel: str) -> None:
    app.say(channel, "first", contact=1)
    app.say(channel, "second", contact=2)
    town.wait_for(4)
    assert [text.split("\n")[0] for text in town.texts("1")][1:] == ["about first"]
    assert len(table(database, "contacts")) == 2


def test_messages_of_one_new_patient_at_once_open_one_conversation(app: App, town: Town, database: Database) -> None:
    contents = [written("telegram", f"question {number}", number=number) for number in range(6)]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda content: app.post("telegram", content).status_code, contents))
    assert answers == [200] * 6
    town.wait_for(7)
    assert len(table(database, "conversations")) == 1


PROVENANCE = [Provenance(topic="clomiphene-citrate", title="Clomiphene", revision=1, level="plain", sha256="0" * 64)]


@on_sqlite
@every_patients_channel
@pytest.mark.parametrize("word", ["ERASE", "Stop", " erase everything. "])
def test_the_word_erases_everything(app: App, town: Town, database: Database, channel: str, word: str) -> None:
    app.say(channel, f"what is clomid {WORDS}")
    town.wait_for(2)
    app.say(channel, word)
    goodbye = (town.wait_for(3) and town.texts())[-1]
    [erasure] = table(database, "erasures")
    assert erasure["id"] in goodbye
    assert erasure["messages"] == 3
    town.quiet()
    for name in ("conversations", "messages", "contacts", "outbox"):
        assert table(database, name) == [], name
    assert all(row["conversation_id"] is None and row["answer_after"] is None for row in table(database, "arrivals"))


def test_a_message_sent_again_after_erasing_brings_nothing_back(app: App, town: Town, database: Database) -> None:
    app.say("whatsapp", "what is clomid")
    town.wait_for(2)
    app.say("whatsapp", "erase")
    town.wait_for(3)
    app.number = 0
    app.say("whatsapp", "what is clomid")
    assert town.quiet()[3:] == []
    assert table(database, "conversations") == []
    app.number = 10
    app.say("whatsapp", "hello again")
    town.wait_for(5)
    assert len(table(database, "conversations")) == 1


def test_erasing_also_drops_what_is_still_on_its_way(app: App, town: Town, database: Database) -> None:
    town.troubles = [(429, {"Retry-After": "600"}, b"")] * 2
    app.say("telegram", "what is clomid")
    eventually(lambda: town.refused and town.heard)
    town.troubles.clear()
    app.say("telegram", "erase")
    assert [text.split(" ")[0] for text in town.wait_for(1) and town.texts()] == ["Everything"]
    assert town.quiet()[1:] == []


def test_the_operator_and_retention_erase_a_contact_too(app: App, town: Town, database: Database) -> None:
    app.say("messenger", "what is clomid")
    town.wait_for(2)
    town.quiet()
    privacy.enforce_retention(database, keep=timedelta(days=1), now=datetime.now(UTC) + timedelta(days=40))
    for name in ("conversations", "contacts", "outbox", "arrivals"):
        assert table(database, name) == [], name


@on_sqlite
def test_while_questions_are_asked_stop_means_to_stop_asking(app: App, town: Town, database: Database) -> None:
    question = offering("Skip", "Stop asking")("").model_copy(update={"kind": Kind.FORM})
    town.dialogue = lambda _text: question
    app.say("messenger", "please call me")
    town.wait_for(2)
    app.say("messenger", "stop")
    town.wait_for(3)
    assert town.heard[-1]["text"] == "stop"
    app.recorded("twilio/sms")
    town.wait_for(5)
    app.post("twilio", payload("twilio/stop"))  # Twilio says itself that this person opted out
    assert (town.wait_for(6) and town.texts())[-1].startswith("Everything")


@on_sqlite
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("twilio/mms", "channel_only_text"),
        ("telegram/photo", "channel_only_text"),
        ("telegram/edited", "channel_edited"),
        ("telegram/group", "channel_group"),
        ("messenger/image", "channel_only_text"),
        ("whatsapp/voice", "channel_only_text"),
        ("whatsapp/unsupported", "channel_only_text"),
        ("slack/direct_message", "channel_staff_only"),
        ("slack/mention", "channel_staff_only"),
    ],
)
def test_what_is_no_message_for_axis_gets_fixed_words(
    app: App, town: Town, database: Database, name: str, words: str
) -> None:
    fixed = Fixed.load(Settings())
    assert [app.recorded(name).status_code for _ in range(2)] == [200, 200]
    town.wait_for(1)
    [text] = town.quiet() and town.texts()
    assert text.startswith(fixed.words.paragraphs(words)[0])
    assert closes(text, fixed)
    assert table(database, "conversations") == []


@on_sqlite
@pytest.mark.parametrize("name", ["telegram/start", "messenger/get_started"])
def test_the_button_that_begins_shows_the_consent(app: App, town: Town, fixed: Fixed, name: str) -> None:
    app.recorded(name)
    town.wait_for(1)
    [text] = town.quiet() and town.texts()
    assert fixed.words.paragraphs("consent")[0] in text
    assert town.heard == []


@on_sqlite
@pytest.mark.parametrize("name", ["telegram/group", "slack/direct_message", "telegram/edited"])
def test_an_emergency_is_answered_wherever_it_is_written(app: App, town: Town, database: Database, name: str) -> None:
    content = payload(name)
    for place in ("message", "edited_message", "event"):
        if place in content:
            content[place]["text"] = EMERGENCY
    app.post(name.split("/", maxsplit=1)[0], content)
    town.wait_for(1)
    town.quiet()
    assert any("911" in text.split("\n")[0] for text in town.texts())
    assert len(table(database, "tickets")) == (1 if name == "telegram/edited" else 0)


@on_sqlite
@every_patients_channel
def test_too_much_gets_fixed_words_and_an_emergency_its_answer(
    connected_settings: Settings, town: Town, fixed: Fixed, channel: str
) -> None:
    with TestClient(create(connected_settings.model_copy(update={"messages_per_minute": 2}))) as client:
        app = App(client)
        app.say(channel, "x" * 4001)
        assert (town.wait_for(1) and town.texts())[0].startswith(fixed.closings.fallback("too_long"))
        app.say(channel, "one")
        app.say(channel, "two")
        town.wait_for(4)
        app.say(channel, "three")
        assert (town.wait_for(5) and town.texts())[-1].startswith(fixed.closings.fallback("too_many"))
        app.say(channel, EMERGENCY)
        assert "911" in (town.wait_for(6) and town.texts())[-1]


def test_a_new_consent_is_shown_before_the_next_answer(app: App, town: Town, database: Database, fixed: Fixed) -> None:
    app.say("telegram", "one")
    town.wait_for(2)
    with database.writing() as session:
        session.execute(sql("UPDATE conversations SET consent_version = 'old'"))
    app.say("telegram", "two")
    consent, answer = (town.wait_for(4) and town.texts())[2:]
    assert consent.startswith(fixed.words.paragraphs("consent")[0])
    assert answer.startswith("about two")
    assert table(database, "conversations")[0]["consent_version"] == fixed.clinic.consent_version


def test_a_closed_conversation_is_opened_again_by_writing(app: App, town: Town, database: Database) -> None:
    app.say("telegram", "one")
    town.wait_for(2)
    with database.writing() as session:
        session.execute(sql("UPDATE conversations SET state = 'closed'"))
    app.say("telegram", "two")
    assert (town.wait_for(3) and town.texts())[-1].startswith("about two")


@on_sqlite
def test_a_number_chooses_only_where_numbers_were_offered(app: App, town: Town) -> None:
    town.dialogue = offering("Simpler", "Ask for a person")
    for channel in ("twilio", "telegram"):
        app.say(channel, "what is clomid")
        town.wait_for(2)
        app.say(channel, "3")  # there is none
        app.say(channel, "[2]")
        town.quiet()
        town.calls.clear()
    choices = [body.get("choice") is not None for body in town.heard]
    assert choices == [False, False, True, False, False, False]


@on_sqlite
@pytest.mark.parametrize("channel", ["messenger", "whatsapp"])
def test_metas_question_is_answered_to_who_knows_the_word(app: App, channel: str) -> None:
    asked = {"hub.mode": "subscribe", "hub.verify_token": "agreed", "hub.challenge": "1158201444"}
    answer = app.client.get(f"/webhooks/{channel}", params=asked)
    assert (answer.status_code, answer.text) == (200, "1158201444")
    assert answer.headers["content-type"].startswith("text/plain")
    for wrong in ({"hub.verify_token": "other"}, {"hub.verify_token": ""}, {"hub.mode": "unsubscribe"}):
        assert app.client.get(f"/webhooks/{channel}", params=asked | wrong).status_code == 403
    assert app.client.get("/webhooks/telegram", params=asked).status_code == 404


@on_sqlite
def test_each_provider_hears_what_it_wants_to_hear(app: App) -> None:
    assert app.recorded("slack/url_verification").text == payload("slack/url_verification")["challenge"]
    assert (app.recorded("slack/interaction").status_code, app.recorded("slack/interaction").text) == (200, "")
    assert app.recorded("telegram/callback").json() == {"method": "answerCallbackQuery", "callback_query_id": "3006"}
    assert app.recorded("twilio/sms").text == "<Response/>"
    assert app.recorded("whatsapp/statuses").status_code == 200


@on_sqlite
def test_what_cannot_be_read_is_acknowledged_so_that_it_does_not_come_for_ever(app: App, database: Database) -> None:
    for channel in ("telegram", "messenger", "whatsapp", "slack"):
        assert app.post(channel, b"no json").status_code == 200
    assert table(database, "arrivals") == []


@on_sqlite
@pytest.mark.parametrize("channel", ["messenger", "whatsapp"])
def test_a_large_batch_of_meta_is_taken_and_a_large_body_of_others_is_not(app: App, channel: str) -> None:
    content = written(channel, "hello", number=1) | {"padding": "x" * 200_000}
    assert app.post(channel, content).status_code == 200
    assert app.post(channel, content | {"padding": "x" * 4_000_000}).status_code == 413
    assert app.post("telegram", content).status_code == 413


# When parts are missing.


def test_no_patients_words_or_secrets_are_in_the_log(app: App, town: Town, logged: Callable[[], str]) -> None:
    town.troubles = [(500, {}, WORDS.encode()), (403, {}, WORDS.encode())]
    for channel in OF_PATIENTS:
        app.say(channel, WORDS)
        forged = app.client.post(f"/webhooks/{channel}", content=WORDS.encode())
        assert forged.status_code == 403
        app.post(channel, WORDS.encode())
    town.quiet()
    assert "webhook.refused" in logged()
    assert "outbox.given_up" in logged()
    everything = logged()
    for secret in (WORDS, "1:token", "page-token", "access-token", "xoxb-1", "1202555", "-secret-"):
        assert secret not in everything, secret


def test_a_channel_that_is_half_set_up_is_named_in_the_log(
    connected_settings: Settings, fixed: Fixed, logged: Callable[[], str]
) -> None:
    connected(connected_settings.model_copy(update={"twilio_sender": ""}), fixed.words)
    assert '"channel": "twilio"' in logged()
