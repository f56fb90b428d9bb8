"""Tickets: opened with the reply, ordered by urgency, claimed once."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.conversation import erasure
from bot.conversation import store as conversations
from bot.conversation.fixed import Fixed
from bot.conversation.message import Message
from bot.conversation.message import Role as Speaker
from bot.database import Database
from bot.errors import Conflict, NotAllowed
from bot.hours import Hours
from bot.roles import Role
from bot.settings import Settings
from bot.triage import alerts, around, calendar, store, urgency
from bot.triage.ticket import MOVES, ByItself, Mover, State, Urgency
from tests.when import NOW

RULES = urgency.load(Settings().data_dir / "urgency.yml")


@pytest.fixture(scope="module")
def one_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """One for the many cases that look only at a ticket of their own."""
    made = Database(f"sqlite:///{Path(tmp_path_factory.mktemp('moves')) / 'test.sqlite'}")
    made.migrate()
    yield made
    made.close()


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


ROUNDS = 100
LEASE = timedelta(minutes=15)


def test_two_who_claim_at_the_same_instant_one_wins_and_the_other_is_told_who(database: Database) -> None:
    """A hundred times, each from a thread of its own that waits for the other."""
    fresh = [opened(database, conversation(database), "emergency") for _ in range(ROUNDS)]
    both = threading.Barrier(2)
    outcomes: dict[str, list[str]] = {"Ann": [], "Bea": []}

    def claim(name: str) -> None:
        for ticket in fresh:
            both.wait(30)
            try:
                with database.writing() as session:
                    store.claim(session, ticket, actor=name, role=Role.FRONT_DESK, now=NOW, lease=LEASE)
                outcomes[name].append("won")
            except Conflict as told:
                outcomes[name].append(str(told))

    threads = [threading.Thread(target=claim, args=(name,)) for name in outcomes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for ticket, ann, bea in zip(fresh, outcomes["Ann"], outcomes["Bea"], strict=True):
        with database.reading() as session:
            owner = store.find(session, ticket.id).claimed_by
        assert {"Ann": ann, "Bea": bea}[str(owner)] == "won"
        assert {ann, bea} == {"won", f"{owner} has it now"}


def moved(
    database: Database, ticket: store.Ticket, after: State, by: Mover = Role.FRONT_DESK, **more: Any
) -> store.Ticket:
    with database.writing() as session:
        current = store.find(session, ticket.id)
        return store.move(session, current, after, actor="Ann", role=by, now=more.pop("now", NOW), **more)


WAYS = {
    State.NEW: (),
    State.CLAIMED: (State.CLAIMED,),
    State.WAITING_FOR_PATIENT: (State.CLAIMED, State.WAITING_FOR_PATIENT),
    State.SNOOZED: (State.CLAIMED, State.SNOOZED),
    State.RESOLVED: (State.CLAIMED, State.RESOLVED),
}
"""How a new ticket comes into each state."""


@pytest.mark.parametrize("before", State)
@pytest.mark.parametrize("after", State)
def test_each_move_is_allowed_to_those_whom_the_table_names_and_to_nobody_else(
    one_database: Database, before: State, after: State
) -> None:
    allowed = MOVES.get((before, after), frozenset())
    for mover in (*Role, *ByItself):
        ticket = opened(one_database, conversation(one_database), "urgent")
        for step in WAYS[before]:
            ticket = moved(one_database, ticket, step)
        if mover in allowed:
            done = moved(one_database, ticket, after, mover)
            assert (done.state, done.version) == (after, ticket.version + 1)
        else:
            with pytest.raises(NotAllowed):
                moved(one_database, ticket, after, mover)
            with one_database.reading() as session:
                assert store.find(session, ticket.id) == ticket


def test_an_expired_lease_holds_nobody_back_and_one_that_is_used_does(database: Database) -> None:
    ticket = opened(database, conversation(database), "urgent")
    moved(database, ticket, State.CLAIMED)
    with database.writing() as session:
        around.touch(session, ticket.id, actor="Ann", now=NOW + timedelta(minutes=10))
        around.touch(session, ticket.id, actor="Bea", now=NOW + timedelta(minutes=24))  # it is not hers

    def claim(minute: int) -> store.Ticket:
        with database.writing() as session:
            found = store.find(session, ticket.id)
            now = NOW + timedelta(minutes=minute)
            return store.claim(session, found, actor="Bea", role=Role.CLINICIAN, now=now, lease=LEASE)

    with pytest.raises(Conflict, match="Ann has it now"):
        claim(24)
    assert claim(25).claimed_by == "Bea"
    with database.reading() as session:
        assert [event.actor for event in around.history(session, ticket.id)] == ["patient", "Ann", "clock", "Bea"]


def test_the_clock_frees_what_ran_out_and_wakes_what_was_snoozed_once(database: Database) -> None:
    idle, asleep, busy = (opened(database, conversation(database), "urgent") for _ in range(3))
    moved(database, idle, State.CLAIMED)
    moved(database, asleep, State.CLAIMED)
    moved(database, asleep, State.SNOOZED, until=NOW + timedelta(hours=1))
    moved(database, busy, State.CLAIMED, now=NOW + timedelta(minutes=50))
    later = NOW + timedelta(hours=1)
    with database.reading() as session:
        found = around.run_out(session, now=later, lease=LEASE)
        again = around.run_out(session, now=later, lease=LEASE)
    assert {ticket.id for ticket in found} == {idle.id, asleep.id}
    with database.writing() as session:
        assert [around.give_back(session, ticket, now=later) for ticket in found] == [True, True]
    with database.writing() as session:  # another web process saw the same
        assert [around.give_back(session, ticket, now=later) for ticket in again] == [False, False]
    with database.reading() as session:
        freed = store.find(session, idle.id)
    assert (freed.state, freed.claimed_by, freed.spell, freed.waiting_since) == (State.NEW, None, 2, later)


@pytest.mark.parametrize("before", [State.WAITING_FOR_PATIENT, State.SNOOZED, State.RESOLVED])
def test_a_patients_message_makes_a_ticket_new_again_and_keeps_its_history(database: Database, before: State) -> None:
    one = conversation(database)
    ticket = opened(database, one, "urgent")
    for step in WAYS[before]:
        moved(database, ticket, step)
    later = NOW + timedelta(hours=1)
    with database.writing() as session:
        store.patient_wrote(session, one, now=later)
    with database.reading() as session:
        again, history = store.find(session, ticket.id), around.history(session, ticket.id)
    assert (again.state, again.claimed_by, again.patient_at) == (State.NEW, None, later)
    assert [event.what for event in history] == ["opened", *WAYS[before], "reopened"]
    assert history[-1].words == "Ann had it"


def test_long_after_a_ticket_was_resolved_a_message_is_about_something_else(database: Database) -> None:
    one = conversation(database)
    ticket = opened(database, one, "urgent")
    for step in WAYS[State.RESOLVED]:
        moved(database, ticket, step)
    later = NOW + store.REOPENED_WITHIN + timedelta(seconds=1)
    with database.writing() as session:
        store.patient_wrote(session, one, now=later)
        assert store.find(session, ticket.id).state is State.RESOLVED
        other = store.open_ticket(
            session, conversation_id=one, assessment=RULES.assess("urgent"), matched="", summary="", now=later
        )
    assert other.id != ticket.id


def test_a_claimed_ticket_that_becomes_more_urgent_keeps_its_owner(database: Database) -> None:
    one = conversation(database)
    moved(database, opened(database, one, "asked_for_person"), State.CLAIMED)
    risen = opened(database, one, "emergency")
    assert (risen.state, risen.claimed_by, risen.urgency, risen.risen_at) == (
        State.CLAIMED, "Ann", Urgency.EMERGENCY, NOW,
    )  # fmt: skip


def test_a_ticket_goes_to_a_colleague_and_its_urgency_changes_with_a_reason(database: Database) -> None:
    ticket = opened(database, conversation(database), "urgent")
    with database.writing() as session:
        given = store.assign(session, ticket, "Bea", actor="Ann", role=Role.ADMIN, now=NOW)
        assert (given.state, given.claimed_by) == (State.CLAIMED, "Bea")
        lower = {"actor": "Ann", "role": Role.ADMIN, "now": NOW}
        with pytest.raises(NotAllowed, match="say why"):
            store.set_urgency(session, given, Urgency.ROUTINE, reason="", **lower)
        done = store.set_urgency(session, given, Urgency.ROUTINE, reason="spoke with them", **lower)
        events = around.history(session, ticket.id)
    assert (done.urgency, done.due_at) == (Urgency.ROUTINE, None)
    assert events[-1].words == "same_day to routine: spoke with them"


def test_labels_notes_and_viewers(database: Database) -> None:
    ticket = opened(database, conversation(database), "urgent")
    with database.writing() as session:
        around.set_labels(session, ticket, ["medical", "admin"], actor="Ann", role=Role.ADMIN, now=NOW)
        around.set_labels(session, ticket, ["admin"], actor="Ann", role=Role.ADMIN, now=NOW)
        around.note(session, ticket.id, "called", actor="Ann", role=Role.ADMIN, now=NOW)
        assert not around.see(session, ticket.id, "Ann", now=NOW)
        assert around.see(session, ticket.id, "Ann", now=NOW + timedelta(seconds=30))
        around.see(session, ticket.id, "Bea", now=NOW + timedelta(seconds=50))
        assert around.labels(session, [ticket.id]) == {ticket.id: ["admin"]}
        assert around.viewers(session, ticket.id, now=NOW + timedelta(seconds=60)) == ["Ann", "Bea"]
        assert around.viewers(session, ticket.id, now=NOW + timedelta(seconds=100)) == ["Bea"]
        with pytest.raises(NotAllowed):
            around.note(session, ticket.id, "no", actor="Rev", role=Role.REVIEWER, now=NOW)


def test_targets_are_reckoned_in_opening_hours_and_anew_after_a_change(database: Database, fixed: Fixed) -> None:
    """NOW is a Friday, 7:00 in New York; the clinic opens at 8:00 and closes at 15:00."""
    fixed.note_hours(None)
    urgent = opened(database, conversation(database), "urgent")
    routine = opened(database, conversation(database), "asked_for_person")
    with database.writing() as session:
        waiting = around.without_target(session)
        around.set_targets(session, waiting, fixed.due)
        assert around.without_target(session) == []
        assert store.find(session, urgent.id).due_at == NOW + timedelta(hours=2)
        assert store.find(session, routine.id).due_at == NOW + timedelta(days=3, hours=10)
        changed = Hours(zone="UTC", week={"friday": ["12:00-13:00"]})
        calendar.save(session, changed, base=0, actor="Ann", role=Role.ADMIN, now=NOW)
        assert len(around.without_target(session)) == 2


def test_erasing_a_conversation_erases_all_that_stands_around_its_ticket(database: Database) -> None:
    one = conversation(database)
    ticket = opened(database, one, "emergency")
    with database.writing() as session:
        around.note(session, ticket.id, "called", actor="Ann", role=Role.ADMIN, now=NOW)
        around.set_labels(session, ticket, ["medical"], actor="Ann", role=Role.ADMIN, now=NOW)
        around.see(session, ticket.id, "Ann", now=NOW)
        assert alerts.raise_alert(session, ticket.id, 1, Urgency.EMERGENCY, "desk", now=NOW)
        erasure.erase(session, one, now=NOW)
    with database.reading() as session:
        for table in ("tickets", "ticket_events", "ticket_labels", "ticket_viewers", "alerts"):
            assert session.connection().exec_driver_sql(f"SELECT count(*) FROM {table}").scalar() == 0


def test_a_reviewer_does_not_work_on_tickets(database: Database) -> None:
    ticket = opened(database, conversation(database), "emergency")
    with pytest.raises(NotAllowed), database.writing() as session:
        store.move(session, ticket, State.CLAIMED, actor="Ann", role=Role.REVIEWER, now=NOW)
