"""Replaying what was said: a changed row, a strange sentence and a text that nobody approved are found."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from bot.content import governance, record, store
from bot.content.blocks import Block, Paragraph
from bot.content.topic import Level, sha256
from bot.conversation import erasure, guard, questions
from bot.conversation import store as conversations
from bot.conversation.fixed import Fixed
from bot.conversation.message import Closing, Gap, Kind, Provenance, Reply
from bot.conversation.verify import Verified, verify
from bot.database import Database
from bot.roles import Role
from bot.settings import Mode, Settings
from bot.words import load_words
from tests.content.test_governance import approve, unguard
from tests.content.test_store import draft, put
from tests.when import NOW

WORDS = "It works like this."
LATER = NOW + timedelta(hours=1)


def provenance(revision: int = 1, *, words: str = WORDS, reviewed_by: str | None = "Bea") -> Provenance:
    digest = sha256(str(draft(words).texts[Level.PLAIN]))
    return Provenance(
        topic="example", title="The example", revision=revision, level="plain", sha256=digest, reviewed_by=reviewed_by
    )


def talk(database: Database, fixed: Fixed, blocks: list[Block], source: Provenance, *, gap: Gap | None = None) -> str:
    """A conversation of greeting, question and one reply; returns its id."""
    greeting = guard.close(fixed.say("greeting"), fixed.closing("general"))
    with database.writing() as session:
        one, token = conversations.open_conversation(
            session, channel="web", locale="en", consent_version="1", greeting=greeting, now=NOW
        )
        received = conversations.receive(
            session, conversation_id=one, token=token, client_id="1", text="my name is Bob Hall, how does it work",
            choice=None, drugs=frozenset(), now=LATER,
        )  # fmt: skip
        reply = guard.close(
            Reply(kind=Kind.ANSWER, blocks=blocks, provenance=[source], closing="treatment"), fixed.closing("treatment")
        )
        reply = reply.model_copy(update={"created_at": LATER})
        if gap:
            questions.note(session, received, gap, now=LATER)
        conversations.answer(session, received, reply, now=LATER)
    return one


def replay(database: Database, fixed: Fixed, mode: Mode = Mode.PRODUCTION) -> Verified:
    with database.reading() as session:
        return verify(session, fixed, mode=mode)


@pytest.fixture
def approved(database: Database) -> Database:
    put(database, draft())
    approve(database)
    return database


def test_a_conversation_from_an_approved_text_passes(approved: Database, fixed: Fixed) -> None:
    talk(approved, fixed, draft().texts[Level.PLAIN].blocks, provenance())
    found = replay(approved, fixed)
    assert found.faults == ()
    assert (found.conversations, found.replies, found.unreviewed) == (1, 2, 0)


def test_an_old_conversation_still_passes_after_the_text_has_changed(approved: Database, fixed: Fixed) -> None:
    talk(approved, fixed, draft().texts[Level.PLAIN].blocks, provenance())
    put(approved, draft("It works otherwise."))
    approve(approved)
    with approved.reading() as session:
        now = store.load_catalogue(session, mode=Mode.PRODUCTION, today=NOW.date()).served["example"]
    assert str(now.texts[Level.PLAIN]).startswith("It works otherwise.")
    assert replay(approved, fixed).faults == ()


@pytest.mark.parametrize(
    ("blocks", "source", "said"),
    [
        ([Paragraph("It cures everything.")], provenance(), "stand in no text"),
        ([Paragraph(WORDS), Paragraph("And more.")], provenance(), "stand in no text"),
        ([Paragraph(WORDS)], provenance(7), "has no revision 7"),
        ([Paragraph(WORDS)], provenance(words="Other."), "is not the one that was served"),
        ([Paragraph(WORDS)], provenance(reviewed_by="Eve"), "was reviewed by Bea, not by Eve"),
    ],
)
def test_what_the_revision_does_not_say_is_found(
    approved: Database, fixed: Fixed, blocks: list[Block], source: Provenance, said: str
) -> None:
    talk(approved, fixed, blocks, source)
    assert any(said in fault.what for fault in replay(approved, fixed).faults)


def test_a_text_that_nobody_had_approved_is_found_in_production_only(database: Database, fixed: Fixed) -> None:
    put(database, draft())
    talk(database, fixed, draft().texts[Level.PLAIN].blocks, provenance(reviewed_by=None))
    assert any("was draft" in fault.what for fault in replay(database, fixed).faults)
    demo = replay(database, fixed, Mode.DEMO)
    assert (demo.faults, demo.unreviewed) == ((), 1)


def test_a_text_past_its_date_or_withdrawn_when_served_is_found(database: Database, fixed: Fixed) -> None:
    put(database, draft())
    approve(database, days=-1)
    talk(database, fixed, draft().texts[Level.PLAIN].blocks, provenance())
    assert any("due" in fault.what for fault in replay(database, fixed).faults)
    with database.writing() as session:
        governance.withdraw(session, "example", actor="Bea", role=Role.REVIEWER, now=NOW, note="")
    for mode in Mode:
        assert any("was withdrawn when it was served" in fault.what for fault in replay(database, fixed, mode).faults)


def test_a_changed_or_missing_message_is_found(approved: Database, fixed: Fixed) -> None:
    one = talk(approved, fixed, draft().texts[Level.PLAIN].blocks, provenance())
    with approved.writing() as session:
        row = session.execute(text("SELECT body FROM messages WHERE seq = 2")).scalar_one()
        body = json.loads(row) if isinstance(row, str) else row
        body["text"] = "i never asked"
        session.execute(text("UPDATE messages SET body = :body WHERE seq = 2"), {"body": json.dumps(body)})
    faults = replay(approved, fixed).faults
    assert [(fault.where, fault.what) for fault in faults] == [
        (f"conversation {one}, message 2", "the row was changed after it was written")
    ]
    with approved.writing() as session:
        session.execute(text("DELETE FROM messages WHERE seq = 2"))
    assert any("a message is missing" in fault.what for fault in replay(approved, fixed).faults)


def test_a_changed_move_is_found(approved: Database, fixed: Fixed) -> None:
    unguard(approved, "moves")
    with approved.writing() as session:
        session.execute(text("UPDATE moves SET actor = 'Eve' WHERE state = 'approved'"))
    assert any(fault.where == "store" for fault in replay(approved, fixed).faults)


def test_a_gap_is_kept_redacted_and_erased_with_its_conversation(approved: Database, fixed: Fixed) -> None:
    held = Gap(kind="withheld", topic="example")
    one = talk(approved, fixed, draft().texts[Level.PLAIN].blocks, provenance(), gap=held)
    with approved.reading() as session:
        found = [(gap.conversation, gap.kind, gap.text) for gap in questions.asked(session)]
        assert found == [(one, "withheld", "my name is [name], how does it work")]
        assert [(task.topic, task.owner) for task in governance.open_tasks(session)] == [("example", "Bea")]
    with approved.writing() as session:
        erasure.erase(session, one, now=LATER)
        assert questions.asked(session) == []


def test_an_emergency_text_names_its_revision(database: Database, fixed: Fixed) -> None:
    with database.writing() as session:
        store.import_drafts(session, fixed.drafts(), now=NOW)
        fixed.note_revisions(record.numbers(session, fixed.drafts()))
    alarm = fixed.alarm("i have crushing chest pain right now")
    assert alarm is not None
    reply = fixed.alarm_reply(alarm, stored=True)
    assert reply.provenance[0].revision == 1
    talk(database, fixed, reply.blocks, reply.provenance[0])
    assert replay(database, fixed, Mode.DEMO).faults == ()
    fixed.revisions.clear()


def test_an_old_conversation_passes_after_the_words_that_are_not_medical_were_changed(
    database: Database, fixed: Fixed
) -> None:
    with database.writing() as session:
        store.import_drafts(session, [*fixed.drafts(), *fixed.wordings()], now=NOW)
    greeting = guard.close(fixed.say("greeting"), fixed.closing("general"))
    with database.writing() as session:
        conversations.open_conversation(
            session, channel="web", locale="en", consent_version="1", greeting=greeting, now=NOW
        )
    clinic = fixed.clinic.model_copy(update={"name": "Another name"})
    words = load_words(Settings().language_dir / "replies.yml", clinic, emergency_number="112", page="/")
    reworded = replace(fixed, clinic=clinic, words=words)
    assert replay(database, reworded, Mode.DEMO).faults == ()


def test_a_closing_that_never_was_ours_is_found(approved: Database, fixed: Fixed) -> None:
    closing = Closing(id="treatment", text="Ring my cousin, he knows.")
    greeting = guard.close(fixed.say("greeting"), closing)
    with approved.writing() as session:
        conversations.open_conversation(
            session, channel="web", locale="en", consent_version="1", greeting=greeting, now=NOW
        )
    [fault] = replay(approved, fixed).faults
    assert "closing" in fault.what
