"""Alerts about urgent tickets that nobody has claimed: each spell of waiting is told once on each channel.

Two web processes may watch the same database: a row is made once by its primary key, and sent by whoever takes it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import and_, exists, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.triage.tables import AlertRow, TicketRow
from bot.triage.ticket import State, Urgency

DESK = "desk"
"""The channel of the open desk pages: its rows are shown, and sent nowhere."""

FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=5), timedelta(minutes=15)
ATTEMPTS = 12


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert on one channel; nothing in it is a patient's.

    Attributes:
        id: the same on every try, so that a receiver can tell a repetition.
    """

    id: str
    ticket_id: str
    spell: int
    channel: str
    urgency: Urgency
    raised_at: datetime
    attempts: int


def _alert(row: AlertRow) -> Alert:
    return Alert(row.id, row.ticket_id, row.spell, row.channel, Urgency(row.urgency), row.raised_at, row.attempts)


def overdue(
    session: Session, *, levels: Iterable[Urgency], channels: Sequence[str], now: datetime, after: timedelta
) -> list[tuple[str, int, Urgency, str]]:
    """What is to be raised: unclaimed tickets that have waited too long, with each channel that has no alert yet."""
    found = []
    ranks = [level.rank for level in levels]
    for channel in channels:
        told = exists().where(
            and_(AlertRow.ticket_id == TicketRow.id, AlertRow.spell == TicketRow.spell, AlertRow.channel == channel)
        )
        rows = session.execute(
            select(TicketRow.id, TicketRow.spell, TicketRow.urgency).where(
                TicketRow.state == State.NEW, TicketRow.rank.in_(ranks), TicketRow.waiting_since <= now - after, ~told
            )
        )
        found += [(row[0], row[1], Urgency(row[2]), channel) for row in rows]
    return found


def raise_alert(session: Session, ticket_id: str, spell: int, urgency: Urgency, channel: str, *, now: datetime) -> bool:
    """Raise one alert, once.

    Returns:
        False if another process was quicker, or the ticket was erased meanwhile.
    """
    row = AlertRow(
        ticket_id=ticket_id, spell=spell, channel=channel, id=uuid4().hex, urgency=urgency, raised_at=now, attempts=0,
        next_at=now, done_at=now if channel == DESK else None, failed=False,
    )  # fmt: skip
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        return False
    return True


def shown(session: Session) -> list[Alert]:
    """The alerts that open desk pages show: those whose ticket still waits in the same spell."""
    rows = session.scalars(
        select(AlertRow)
        .join(TicketRow, and_(TicketRow.id == AlertRow.ticket_id, TicketRow.spell == AlertRow.spell))
        .where(AlertRow.channel == DESK, TicketRow.state == State.NEW)
        .order_by(TicketRow.rank, AlertRow.raised_at)
        .limit(20)
    )
    return [_alert(row) for row in rows]


def pending(session: Session, *, now: datetime) -> list[Alert]:
    """The alerts whose next try is due."""
    rows = session.scalars(select(AlertRow).where(AlertRow.done_at.is_(None), AlertRow.next_at <= now).limit(50))
    return [_alert(row) for row in rows]


def take(session: Session, alert: Alert, *, now: datetime) -> bool:
    """Take an alert's next try, if nobody has: until it is done, or the next try is due, it is nobody else's.

    Returns:
        Whether it is ours.
    """
    wait = min(FIRST_WAIT * 2**alert.attempts, LONGEST_WAIT)
    taken = session.execute(
        update(AlertRow)
        .where(AlertRow.id == alert.id, AlertRow.done_at.is_(None), AlertRow.attempts == alert.attempts)
        .values(attempts=alert.attempts + 1, next_at=now + wait)
    )
    return bool(taken.rowcount == 1)  # type: ignore[attr-defined]


def finish(session: Session, alert: Alert, *, sent: bool, now: datetime) -> None:
    """Note how a try went; after the last one it is given up."""
    gave_up = not sent and alert.attempts + 1 >= ATTEMPTS
    if sent or gave_up:
        session.execute(update(AlertRow).where(AlertRow.id == alert.id).values(done_at=now, failed=gave_up))
