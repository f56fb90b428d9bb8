"""The queue's lists, a page at a time: each is one stretch of an index, however many tickets there are."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal, select, tuple_
from sqlalchemy.orm import Session

from bot.database import Instant
from bot.triage.store import Ticket, ticket_of
from bot.triage.tables import TicketLabelRow, TicketRow
from bot.triage.ticket import Shelf, Urgency

PAGE = 50
"""Tickets on one page."""


class Shown(StrEnum):
    """Which tickets."""

    OPEN = "open"
    MINE = "mine"
    OVERDUE = "overdue"
    LATER = "later"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants to see.

    Attributes:
        owner: whose, for Shown.MINE.
        after: a page's cursor; empty is the beginning.
    """

    shown: Shown = Shown.OPEN
    urgency: Urgency | None = None
    label: str = ""
    owner: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """One page.

    Attributes:
        after: cursor of the next page; empty if this is the last.
    """

    tickets: list[Ticket]
    after: str


def page(session: Session, wanted: Wanted, *, now: datetime, size: int = PAGE) -> Page:
    """One page of a list.

    The open are ordered by urgency and then by how long they wait, the overdue by their target, the resolved by when.

    Raises:
        ValueError: the cursor is none of ours.
    """
    columns, descending = _order(wanted)
    rows = _filtered(wanted, now)
    if wanted.after:
        place = tuple_(*(literal(value, type_=column.type) for value, column in _cursor(wanted.after, columns)))
        here = tuple_(*columns)
        rows = rows.where(here < place if descending else here > place)
    rows = rows.order_by(*(column.desc() if descending else column for column in columns)).limit(size + 1)
    found = list(session.scalars(rows))
    more = len(found) > size
    last = found[size - 1] if more else None
    after = "~".join(_written(getattr(last, column.name)) for column in columns) if last else ""
    return Page([ticket_of(row) for row in found[:size]], after)


def count(session: Session, wanted: Wanted, *, now: datetime, most: int = 99) -> int:
    """How many tickets a list has, counted up to `most` and one."""
    found = _filtered(wanted, now).with_only_columns(TicketRow.id).limit(most + 1).subquery()
    return session.scalar(select(func.count()).select_from(found)) or 0


def _filtered(wanted: Wanted, now: datetime) -> Select[TicketRow]:
    rows = select(TicketRow)
    match wanted.shown:
        case Shown.MINE:
            rows = rows.where(TicketRow.claimed_by == wanted.owner, TicketRow.shelf == Shelf.OPEN)
        case Shown.OVERDUE:
            rows = rows.where(TicketRow.shelf == Shelf.OPEN, TicketRow.due_at < now)
        case _:
            rows = rows.where(TicketRow.shelf == Shelf(wanted.shown.value))
    if wanted.urgency:
        rows = rows.where(TicketRow.rank == wanted.urgency.rank)
    if wanted.label:
        labelled = select(TicketLabelRow.ticket_id).where(
            TicketLabelRow.label == wanted.label, TicketLabelRow.ticket_id == TicketRow.id
        )
        rows = rows.where(labelled.exists())
    return rows


def _order(wanted: Wanted) -> tuple[list[ColumnElement[Any]], bool]:
    """The columns that order a list, and whether the latest comes first."""
    table = TicketRow.__table__.c
    if wanted.shown is Shown.RESOLVED:
        return [table.changed_at, table.id], True
    if wanted.shown is Shown.OVERDUE:
        return [table.due_at, table.id], False
    if wanted.urgency:  # one level: its place in the order says nothing more
        return [table.opened_at, table.id], False
    return [table.rank, table.opened_at, table.id], False


def _written(value: Any) -> str:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else str(value)


def _cursor(text: str, columns: list[ColumnElement[Any]]) -> list[tuple[Any, ColumnElement[Any]]]:
    parts = text.split("~")
    if len(parts) != len(columns):
        raise ValueError("this is no page of the queue")
    return [(_read(part, column), column) for part, column in zip(parts, columns, strict=True)]


def _read(part: str, column: ColumnElement[Any]) -> Any:
    if isinstance(column.type, Instant):
        at = datetime.fromisoformat(part)
        if at.tzinfo is None:
            raise ValueError("this is no page of the queue")
        return at
    return int(part) if column.name == "rank" else part
