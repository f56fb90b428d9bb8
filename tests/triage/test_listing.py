"""The queue's lists: each ticket on the list where it belongs, in order, once, however it is paged."""

import sqlite3
from datetime import timedelta

import pytest
from sqlalchemy import event

from bot.database import Database
from bot.roles import Role
from bot.triage import around, listing, store
from bot.triage.listing import Shown, Wanted
from bot.triage.ticket import State, Urgency
from tests.triage.test_tickets import conversation, moved, one_database, opened
from tests.when import NOW

__all__ = ["one_database"]


def fill(database: Database) -> list[store.Ticket]:
    made = []
    for number in range(23):
        by = ("emergency", "urgent", "distress", "asked_for_person")[number % 4]
        ticket = opened(database, conversation(database), by)
        if number % 5 == 1:
            ticket = moved(database, ticket, State.CLAIMED)
        if number % 5 == 2:
            moved(database, ticket, State.CLAIMED)
            ticket = moved(database, ticket, State.RESOLVED, now=NOW + timedelta(minutes=number))
        with database.writing() as session:
            around.set_targets(
                session, [(ticket.id, ticket.urgency, NOW)], lambda level, _: NOW + timedelta(level.rank)
            )
            if number % 2:
                around.set_labels(session, ticket, ["medical"], actor="Ann", role=Role.ADMIN, now=ticket.changed_at)
        made.append(ticket)
    return made


def walk(database: Database, wanted: Wanted, size: int) -> list[store.Ticket]:
    found: list[store.Ticket] = []
    after = ""
    while True:
        with database.reading() as session:
            now = NOW + timedelta(days=1, hours=12)
            page = listing.page(
                session, Wanted(wanted.shown, wanted.urgency, wanted.label, wanted.owner, after), now=now, size=size
            )
            assert listing.count(session, wanted, now=now) >= len(page.tickets)
        found += page.tickets
        if not (after := page.after):
            return found


@pytest.mark.parametrize("size", [1, 4, 50])
def test_paging_shows_each_ticket_once_and_in_order(database: Database, size: int) -> None:
    made = fill(database)
    open_ones = walk(database, Wanted(), size)
    assert {one.id for one in open_ones} == {one.id for one in made if one.state is not State.RESOLVED}
    assert [one.urgency.rank for one in open_ones] == sorted(one.urgency.rank for one in open_ones)
    assert len({one.id for one in open_ones}) == len(open_ones)
    resolved = walk(database, Wanted(Shown.RESOLVED), size)
    assert [one.changed_at for one in resolved] == sorted((one.changed_at for one in resolved), reverse=True)
    assert len(resolved) == len([one for one in made if one.state is State.RESOLVED])
    overdue = walk(database, Wanted(Shown.OVERDUE), size)
    assert {one.id for one in overdue} == {one.id for one in open_ones if one.urgency.rank <= 1}
    assert [one.due_at for one in overdue] == sorted(one.due_at for one in overdue if one.due_at)


def test_filters_go_together(database: Database) -> None:
    made = fill(database)
    mine = walk(database, Wanted(Shown.MINE, owner="Ann"), 50)
    assert {one.id for one in mine} == {one.id for one in made if one.state is State.CLAIMED}
    both = walk(database, Wanted(urgency=Urgency.SAME_DAY, label="medical"), 50)
    open_ones = [made[n] for n in range(23) if n % 2 and made[n].state is not State.RESOLVED]
    assert {one.id for one in both} == {one.id for one in open_ones if one.urgency is Urgency.SAME_DAY}


@pytest.mark.parametrize("cursor", ["x", "1~2", "1~2026-01-01~x", "a~2026-01-01T00:00:00+00:00~x"])
def test_a_cursor_of_somebody_elses_making_is_refused(database: Database, cursor: str) -> None:
    with pytest.raises(ValueError), database.reading() as session:
        listing.page(session, Wanted(after=cursor), now=NOW)


@pytest.mark.parametrize("shown", Shown)
@pytest.mark.parametrize("urgency", [None, Urgency.SOON])
def test_each_list_is_a_stretch_of_an_index_and_nothing_is_sorted(
    one_database: Database, shown: Shown, urgency: Urgency | None
) -> None:
    """What keeps a list of 100,000 as quick as one of 1,000; `make bench` measures it."""
    asked: list[str] = []

    def keep(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    event.listen(one_database._engine, "before_cursor_execute", keep)
    with one_database.reading() as session:
        first = Wanted(shown, urgency, owner="Ann")
        after = "~".join(["2026-11-20T12:00:00+00:00", "x"])
        if not urgency and shown not in {Shown.RESOLVED, Shown.OVERDUE}:
            after = "1~" + after
        listing.page(session, first, now=NOW)
        listing.page(session, Wanted(shown, urgency, owner="Ann", after=after), now=NOW)
        listing.count(session, first, now=NOW)
    event.remove(one_database._engine, "before_cursor_execute", keep)
    with sqlite3.connect(str(one_database.url.database)) as plain:
        for statement in (one for one in asked if one.startswith("SELECT")):
            values = ["x"] * statement.count("?")
            plan = [row[-1] for row in plain.execute(f"EXPLAIN QUERY PLAN {statement}", values)]
            assert any("INDEX ix_tickets" in step for step in plan), plan
            assert not any("SCAN tickets" in step or "TEMP B-TREE" in step for step in plan), plan
