"""Tickets: opened with the reply, ordered by urgency, claimed once."""

import threading

import pytest

from bot.conversation import store as conversations
from bot.conversation.message import Message
from bot.conversation.message import Role as Speaker
from bot.database import Database
from bot.errors import Conflict, NotAllowed
from bot.roles import Role
from bot.settings import Settings
from bot.triage import store, urgency
from bot.triage.ticket import State, Urgency
from tests.when import NOW

RULES = urgency.load(Settings().data_dir / "urgency.yml")


def conversation(database: Database) -> str:
    greeting = Message(role=Speaker.ASSISTANT, text="hello")
    with database.writing() as session:
        return conversations.open_conversation(
            session, channel="web", locale="en", consent_version="1", greeting=greeting, now=NOW
        )[0]


def opened(database: Database, conversation_id: str, by: str) -> store.Ticket:
    with database.writing() as session:
        return store.open_ticket(
            session, conversation_id=conversation_id, assessment=RULES.assess(by), matched=by, summary="words", now=NOW
        )


def test_the_most_urgent_comes_first(database: Database) -> None:
    for by in ("asked_for_person", "urgent", "emergency"):
        opened(database, conversation(database), by)
    with database.reading() as session:
        levels = [ticket.urgency for ticket in store.queue(session)]
    assert levels == [Urgency.EMERGENCY, Urgency.SAME_DAY, Urgency.ROUTINE]


def test_a_conversation_has_one_open_ticket_and_its_urgency_only_rises(database: Database) -> None:
    one = conversation(database)
    first = opened(database, one, "emergency")
    again = opened(database, one, "asked_for_person")
    assert (again.id, again.urgency) == (first.id, Urgency.EMERGENCY)
    assert again.summary == "words\nwords"


def test_what_no_rule_names_is_seen_the_same_day() -> None:
    assert RULES.assess("something new").level is Urgency.SAME_DAY


def test_two_who_claim_at_once_one_wins(database: Database) -> None:
    ticket = opened(database, conversation(database), "emergency")
    outcomes: list[str] = []

    def claim(name: str) -> None:
        try:
            with database.writing() as session:
                store.move(session, ticket, State.CLAIMED, actor=name, role=Role.FRONT_DESK, now=NOW)
            outcomes.append("won")
        except Conflict:
            outcomes.append("told")

    threads = [threading.Thread(target=claim, args=(name,)) for name in ("Ann", "Bea")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["told", "won"]


def test_a_reviewer_does_not_work_on_tickets(database: Database) -> None:
    ticket = opened(database, conversation(database), "emergency")
    with pytest.raises(NotAllowed), database.writing() as session:
        store.move(session, ticket, State.CLAIMED, actor="Ann", role=Role.REVIEWER, now=NOW)
