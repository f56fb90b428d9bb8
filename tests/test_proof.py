"""On a whole running Axis: an approved change is said at once, and what was said before and after can be proven."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.content import governance, record, store
from bot.content.blocks import Paragraph, Text
from bot.content.review import State
from bot.content.topic import Level
from bot.conversation.fixed import Fixed
from bot.conversation.verify import verify
from bot.database import Database
from bot.roles import Role
from bot.settings import Mode
from evaluation.running import Patient, Running

TOPIC, QUESTION = "sport-doping-rules", "is clomid banned in sport"
CHANGED = "Yes. This sentence was approved while Axis was running."

pytestmark = pytest.mark.served


@pytest.fixture
def database(axis: Running) -> Database:
    return Database(f"sqlite:///{axis.var / 'axis.sqlite'}")


def test_an_approved_change_is_said_at_once_and_the_old_conversation_still_verifies(
    axis: Running, database: Database, fixed: Fixed
) -> None:
    patient = Patient(axis.url)
    before = patient.say(QUESTION)
    assert before["provenance"][0]["topic"] == TOPIC
    with database.writing() as session:
        newest = record.history(session, TOPIC)[0]
        old = record.show(session, newest.revision_id)[1]
        texts = {level: Text([Paragraph(CHANGED), *text.blocks]) for level, text in old.texts.items()}
        store.import_drafts(session, [replace(old, texts=texts)], now=datetime.now(UTC))
        revision = record.history(session, TOPIC)[0].revision_id
        for step, role in ((State.IN_REVIEW, Role.AUTHOR), (State.APPROVED, Role.REVIEWER)):
            governance.move(session, revision, step, actor=f"The {role}", role=role, now=datetime.now(UTC))
    try:
        after = patient.say(QUESTION)
        assert after["text"].startswith(CHANGED)
        assert after["provenance"][0]["reviewed_by"] == "The reviewer"
        assert before["provenance"][0]["revision"] + 1 == after["provenance"][0]["revision"]
        with database.writing() as session:
            governance.withdraw(
                session, TOPIC, actor="The reviewer", role=Role.REVIEWER, now=datetime.now(UTC), note="a test"
            )
        held_back = patient.say(QUESTION)
        assert CHANGED not in held_back["text"]
        assert held_back["provenance"] == []
        assert any("person" in choice["title"].lower() for choice in held_back["choices"])
        with database.reading() as session:
            assert [one.topic for one in governance.open_tasks(session)] == [TOPIC]
    finally:
        with database.writing() as session:
            for row in record.history(session, TOPIC):
                if row.state is State.WITHDRAWN:
                    governance.move(
                        session, row.revision_id, State.RETIRED, actor="R", role=Role.ADMIN, now=datetime.now(UTC)
                    )
            store.import_drafts(session, [replace(old, author="Axis")], now=datetime.now(UTC))
    assert patient.say(QUESTION)["text"].startswith(str(old.texts[Level.PLAIN])[:40])


def test_everything_that_was_said_in_these_tests_can_be_proven(axis: Running, database: Database, fixed: Fixed) -> None:
    patient = Patient(axis.url)
    for said in ("what is shbg", "how many mg of clomid", "i have crushing chest pain right now", "what does IVF mean"):
        patient.say(said)
    with database.reading() as session:
        found = verify(session, fixed, mode=Mode.DEMO)
    assert [f"{fault.where}: {fault.what}" for fault in found.faults] == []
    assert found.replies >= 5
