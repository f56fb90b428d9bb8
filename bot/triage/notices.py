"""Notices in the database: found by comparing tickets with what was told, sent at least once, given up after a day.

Nothing is written when a ticket changes: what has changed is found afterwards, so that every way to change a ticket is
covered, and a clinic without a webhook keeps nothing. Erasing a ticket erases its notices.
"""

from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import ForeignKey, Select, String, delete, or_, select, update
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from bot.database import Base, Instant, one_at_a_time
from bot.triage.tables import TicketRow
from bot.triage.ticket import Urgency
from bot.triage.webhook import GIVE_UP_AFTER, Event, Notice, Standing, events

KEPT_FOR = timedelta(days=7)
"""How long a notice that has ended is kept, for whoever asks what was sent."""

MOST = 200
"""Tickets that one look compares."""


class ToldRow(Base):
    """What the receiver has been told of a ticket, or is going to be."""

    __tablename__ = "ticket_told"
    ticket_id: Mapped[str] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True)
    urgency: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(20))


class NoticeRow(Base):
    """One notice; `ended` is empty, delivered, gone or expired. No patient's words: its body is made when sent."""

    __tablename__ = "ticket_notices"
    id: Mapped[int] = mapped_column(primary_key=True)
    notice_id: Mapped[str] = mapped_column(String(32), unique=True)
    ticket_id: Mapped[str] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), index=True)
    event: Mapped[str] = mapped_column(String(20))
    urgency: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime] = mapped_column(Instant)
    noted_at: Mapped[datetime] = mapped_column(Instant)
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime] = mapped_column(Instant, index=True)
    ended: Mapped[str] = mapped_column(String(20), default="", index=True)


def _changed(now: datetime) -> Select[TicketRow, ToldRow]:
    """Tickets that stand otherwise than was told; those that nobody has touched for a day are no news."""
    differs = or_(ToldRow.ticket_id.is_(None), ToldRow.urgency != TicketRow.urgency, ToldRow.state != TicketRow.state)
    return (
        select(TicketRow, ToldRow)
        .outerjoin(ToldRow, ToldRow.ticket_id == TicketRow.id)
        .where(TicketRow.changed_at >= now - GIVE_UP_AFTER, differs)
        .order_by(TicketRow.changed_at)
        .limit(MOST)
    )


def _due(now: datetime) -> Select[NoticeRow]:
    """Notices whose turn it is; a ticket's later news waits for its earlier."""
    earlier = aliased(NoticeRow)
    before = select(earlier.id).where(
        earlier.ticket_id == NoticeRow.ticket_id, earlier.ended == "", earlier.id < NoticeRow.id
    )
    return (
        select(NoticeRow)
        .where(NoticeRow.ended == "", NoticeRow.due_at <= now, ~before.exists())
        .order_by(NoticeRow.due_at, NoticeRow.id)
        .limit(1)
    )


def anything(session: Session, *, now: datetime) -> bool:
    """Whether there is something to note or to send: asked often, so that it only reads."""
    return any(session.execute(query.limit(1)).first() is not None for query in (_changed(now), _due(now)))


def note_changes(session: Session, *, now: datetime) -> int:
    """Make a notice of each event that was not told yet.

    Args:
        session: a session that writes; two processes take turns.
        now: the present instant.

    Returns:
        How many were made.
    """
    one_at_a_time(session, NoticeRow.__tablename__)
    count = 0
    for ticket, told in session.execute(_changed(now)).all():
        standing = Standing(Urgency(ticket.urgency), ticket.state)
        known = Standing(Urgency(told.urgency), told.state) if told else None
        for event in events(known, standing):
            session.add(_row(ticket, event, now))
            session.flush()  # their order is the order of what happened
            count += 1
        if told is None:
            session.add(ToldRow(ticket_id=ticket.id, urgency=ticket.urgency, state=ticket.state))
        else:
            told.urgency, told.state = ticket.urgency, ticket.state
    return count


def _row(ticket: TicketRow, event: Event, now: datetime) -> NoticeRow:
    at = ticket.opened_at if event is Event.OPENED else ticket.changed_at
    return NoticeRow(
        notice_id=uuid4().hex, ticket_id=ticket.id, event=event, urgency=ticket.urgency, state=ticket.state, at=at,
        noted_at=now, attempts=0, due_at=now, ended="",
    )  # fmt: skip


def take(session: Session, *, now: datetime, lease_s: float) -> Notice | None:
    """The next notice whose turn it is, and nobody else's for a while.

    Args:
        session: a session that writes.
        now: the present instant.
        lease_s: seconds after which it is due again, if this process dies before it says how it went.
    """
    one_at_a_time(session, NoticeRow.__tablename__)
    row = session.scalars(_due(now)).first()
    if row is None:
        return None
    row.attempts += 1
    row.due_at = now + timedelta(seconds=lease_s)
    standing = Standing(Urgency(row.urgency), row.state)
    return Notice(row.notice_id, row.ticket_id, Event(row.event), standing, row.at, row.attempts)


def end(session: Session, notice: Notice, how: str) -> None:
    """Note that a notice is done with: delivered, or gone."""
    session.execute(update(NoticeRow).where(NoticeRow.notice_id == notice.id).values(ended=how))


def postpone(session: Session, notice: Notice, *, until: datetime) -> None:
    """Try again later, unless another process has taken it meanwhile."""
    mine = (NoticeRow.notice_id == notice.id, NoticeRow.attempts == notice.attempt)
    session.execute(update(NoticeRow).where(*mine).values(due_at=until))


def give_up(session: Session, *, now: datetime) -> int:
    """End the notices that could not be sent within a day, and forget those that ended a week ago.

    Returns:
        How many were given up.
    """
    old = (NoticeRow.ended == "", NoticeRow.noted_at < now - GIVE_UP_AFTER)
    count: int = session.execute(update(NoticeRow).where(*old).values(ended="expired")).rowcount  # type: ignore[attr-defined]
    session.execute(delete(NoticeRow).where(NoticeRow.ended != "", NoticeRow.noted_at < now - KEPT_FOR))
    return count
