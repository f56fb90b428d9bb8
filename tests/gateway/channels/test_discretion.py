"""What an app that the clinic has not opened for medical texts is told."""

from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi.testclient import TestClient

from bot.app import create
from bot.content import record
from bot.content import store as contents
from bot.content.blocks import BulletList, Paragraph, Table
from bot.conversation import guard
from bot.conversation.fixed import Fixed
from bot.conversation.message import Handoff, Kind, Offer, Provenance, Reply
from bot.conversation.verify import verify
from bot.database import Database
from bot.safety.red_flags import Level
from bot.settings import Mode, Settings
from tests.gateway.channels.conftest import App, closes, on_sqlite, table
from tests.gateway.channels.providers import (
    OF_PATIENTS,
    PUBLIC_URL,
    Town,
)
from tests.when import NOW

EMERGENCY = "i have crushing chest pain right now"

PROVENANCE = [Provenance(topic="clomiphene-citrate", title="Clomiphene", revision=1, level="plain", sha256="0" * 64)]

every_patients_channel = pytest.mark.parametrize("channel", OF_PATIENTS)


@on_sqlite
@every_patients_channel
def test_an_emergency_is_answered_whole_in_an_app_that_is_not_opened(
    connected_settings: Settings, town: Town, database: Database, channel: str
) -> None:
    closed = connected_settings.model_copy(update={"channels_full": ""})
    with TestClient(create(closed)) as client:
        App(client).say(channel, EMERGENCY)
        town.wait_for(2)
    fixed = Fixed.load(closed)
    alarm = fixed.alarm(EMERGENCY)
    assert alarm
    whole = guard.close(fixed.alarm_reply(alarm, stored=True), fixed.closing("emergency")).text
    assert whole in town.texts()
    assert len(table(database, "tickets")) == 1
    assert town.heard == []


def medical(fixed: Fixed) -> dict[str, tuple[Reply, bool]]:
    """Replies of the dialogue, and whether they may be said in an app that is not opened."""
    words = fixed.words

    def said(name: str, **more: Any) -> Reply:
        return fixed.say(name).model_copy(update=more)

    drug = BulletList([f"{words.phrase('memory_drug')}: clomiphene"])
    hours = Table(
        words.phrase("hours_caption"),
        ["Days", "Hours"],
        [[line.days, line.hours] for line in fixed.opening_hours(now=datetime.now(UTC))],
    )
    emergency = fixed.general_alarm(Level.EMERGENCY)
    return {
        "answer": (Reply(kind=Kind.ANSWER, blocks=[Paragraph("Clomiphene...")], provenance=PROVENANCE), False),
        "ask back": (said("ask_back", offers=[Offer(title="Clomiphene", intent="choose")]), False),
        "memory": (said("memory", blocks=[Paragraph(words.phrase("memory")), drug]), False),
        "both": (said("hours", blocks=[*said("hours").blocks, Paragraph("Clomiphene...")]), False),
        "hours": (said("hours", blocks=[*said("hours").blocks, hours]), True),
        "booking": (said("booking"), True),
        "person": (said("handoff", handoff=Handoff(reason="asked_for_person")), True),
        "nothing found": (said("nothing_found"), True),
        "emergency": (emergency, True),
    }


def test_an_app_that_is_not_opened_links_to_the_page(
    connected_settings: Settings, town: Town, database: Database
) -> None:
    closed = connected_settings.model_copy(update={"channels_full": "whatsapp,twilio"})
    fixed = Fixed.load(closed)
    link = "\n\n".join([*fixed.words.paragraphs("channel_page"), fixed.closing("general").text])
    with database.writing() as session:
        contents.import_drafts(session, [*fixed.drafts(), *fixed.wordings()], now=NOW)
        fixed.note_revisions(record.numbers(session, fixed.drafts()))
    with TestClient(create(closed)) as client:
        app = App(client)
        app.say("telegram", "hello")
        town.wait_for(2)
        for name, (reply, allowed) in medical(fixed).items():
            town.calls.clear()
            town.dialogue = lambda _text, reply=reply: reply
            app.say("telegram", name)
            [text] = town.wait_for(1) and town.texts()
            assert (text != link) is allowed, name
            assert PUBLIC_URL in link
            assert closes(text, fixed)
    with database.reading() as session:  # what is stored is what was sent, and passes the proof
        faults = verify(session, fixed, mode=Mode.DEMO).faults
    assert [fault for fault in faults if "emergency" not in fault.what] == []


def test_in_an_app_that_is_not_opened_only_buttons_to_people_are_left(connected_settings: Settings, town: Town) -> None:
    closed = connected_settings.model_copy(update={"channels_full": ""})
    offers = [Offer(title="Clomiphene", intent="choose_topic"), Offer(title="A person", intent="ask_for_person")]
    town.dialogue = lambda _text: Fixed.load(closed).say("hours").model_copy(update={"offers": offers})
    with TestClient(create(closed)) as client:
        App(client).say("telegram", "hours")
        call = town.wait_for(2)[-1]
    assert [row[0]["text"] for row in call.body["reply_markup"]["inline_keyboard"]] == ["A person"]
