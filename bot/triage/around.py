"""What stands around a ticket: its history and notes, its labels, who looks at it; and what the clock does to it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.errors import Conflict, NotAllowed
from bot.roles import Role
from bot.translation import gettext as _
from bot.triage import store
from bot.triage.store import Ticket
from bot.triage.tables import TicketEventRow, TicketLabelRow, TicketRow, TicketViewerRow
from bot.triage.ticket import STAFF, ByItself, Shelf, State, Urgency

SEEN_FOR = timedelta(seconds=60)
"""How long somebody counts as looking at a ticket after their page was last heard of."""


@dataclass(frozen=True, slots=True)
class Event:
    """A line of a ticket's history."""

    at: datetime
    actor: str
    what: str
    words: str


def history(session: Session, ticket_id: str) -> list[Event]:
    """A ticket's history with its notes, the oldest first."""
    rows = session.scalars(
        select(TicketEventRow).where(TicketEventRow.ticket_id == ticket_id).order_by(TicketEventRow.id)
    )
    return [Event(row.at, row.actor, row.what, row.words) for row in rows]


def note(session: Session, ticket_id: str, words: str, *, actor: str, role: Role, now: datetime) -> None:
    """Add a note that only the team reads.

    Raises:
        NotAllowed: this role does not work on tickets.
    """
    _check(role)
    store.add_event(session, ticket_id, actor=actor, what="note", now=now, words=words)


def labels(session: Session, ticket_ids: Iterable[str]) -> dict[str, list[str]]:
    """The labels of some tickets, by ticket."""
    found: dict[str, list[str]] = {}
    rows = session.scalars(
        select(TicketLabelRow).where(TicketLabelRow.ticket_id.in_(list(ticket_ids))).order_by(TicketLabelRow.label)
    )
    for row in rows:
        found.setdefault(row.ticket_id, []).append(row.label)
    return found


def set_labels(
    session: Session, ticket: Ticket, wanted: Iterable[str], *, actor: str, role: Role, now: datetime
) -> None:
    """Give a ticket these labels and no others.

    Raises:
        NotAllowed: this role does not work on tickets.
    """
    _check(role)
    chosen = sorted(set(wanted))
    if chosen == labels(session, [ticket.id]).get(ticket.id, []):
        return
    session.execute(delete(TicketLabelRow).where(TicketLabelRow.ticket_id == ticket.id))
    session.add_all(TicketLabelRow(ticket_id=ticket.id, label=label) for label in chosen)
    session.execute(update(TicketRow).where(TicketRow.id == ticket.id).values(changed_at=now))
    store.add_event(session, ticket.id, actor=actor, what="labels", now=now, words=", ".join(chosen) or _("none"))


def see(session: Session, ticket_id: str, name: str, *, now: datetime) -> bool:
    """Note that somebody has a ticket open.

    Returns:
        Whether they were seen there just before.
    """
    session.execute(delete(TicketViewerRow).where(TicketViewerRow.seen_at <= now - SEEN_FOR))
    mine = (TicketViewerRow.ticket_id == ticket_id, TicketViewerRow.name == name)
    if session.execute(update(TicketViewerRow).where(*mine).values(seen_at=now)).rowcount:  # type: ignore[attr-defined]
        return True
    try:
        with session.begin_nested():
            session.add(TicketViewerRow(ticket_id=ticket_id, name=name, seen_at=now))
    except IntegrityError:  # two of their pages were opened at once
        return True
    return False


def viewers(session: Session, ticket_id: str, *, now: datetime) -> list[str]:
    """Who has a ticket open."""
    return list(
        session.scalars(
            select(TicketViewerRow.name)
            .where(TicketViewerRow.ticket_id == ticket_id, TicketViewerRow.seen_at > now - SEEN_FOR)
            .order_by(TicketViewerRow.name)
        )
    )


def touch(session: Session, ticket_id: str, *, actor: str, now: datetime, wrote: bool = False) -> None:
    """Renew the lease of whoever has a ticket.

    Args:
        session: a session that writes.
        ticket_id: which.
        actor: who is active; nothing happens if the ticket is not theirs.
        now: the present instant.
        wrote: they have written to the patient.
    """
    values = {"active_at": now, **({"staff_at": now, "changed_at": now} if wrote else {})}
    session.execute(
        update(TicketRow)
        .where(TicketRow.id == ticket_id, TicketRow.claimed_by == actor, TicketRow.state == State.CLAIMED)
        .values(**values)
    )


def latest_change(session: Session) -> datetime | None:
    """When any ticket changed last."""
    return session.scalar(select(func.max(TicketRow.changed_at)))


def run_out(session: Session, *, now: datetime, lease: timedelta) -> list[Ticket]:
    """Claimed tickets whose lease has run out, and snoozed ones whose time is over."""
    claimed = select(TicketRow).where(
        TicketRow.state == State.CLAIMED, func.coalesce(TicketRow.active_at, TicketRow.changed_at) <= now - lease
    )
    snoozed = select(TicketRow).where(
        TicketRow.state == State.SNOOZED, or_(TicketRow.snoozed_until.is_(None), TicketRow.snoozed_until <= now)
    )
    return [store.ticket_of(row) for rows in (claimed, snoozed) for row in session.scalars(rows)]


def give_back(session: Session, ticket: Ticket, *, now: datetime) -> bool:
    """Free a ticket whose time has run out.

    Returns:
        False if somebody has changed it meanwhile, such as another web process.
    """
    try:
        store.move(session, ticket, State.NEW, actor=ByItself.CLOCK, role=ByItself.CLOCK, now=now)
    except Conflict:
        return False
    return True


def without_target(session: Session, *, most: int = 500) -> list[tuple[str, Urgency, datetime]]:
    """Tickets whose target is to be reckoned: id, urgency, since when they wait."""
    rows = session.execute(
        select(TicketRow.id, TicketRow.urgency, TicketRow.waiting_since)
        .where(TicketRow.shelf.in_([Shelf.OPEN, Shelf.LATER]), TicketRow.due_at.is_(None))
        .limit(most)
    )
    return [(row[0], Urgency(row[1]), row[2]) for row in rows]


def set_targets(
    session: Session,
    waiting: Iterable[tuple[str, Urgency, datetime]],
    due: Callable[[Urgency, datetime], datetime],
) -> None:
    """Reckon until when somebody should have taken these tickets on."""
    for ticket_id, urgency, since in waiting:
        unchanged = (TicketRow.id == ticket_id, TicketRow.urgency == urgency, TicketRow.due_at.is_(None))
        session.execute(update(TicketRow).where(*unchanged).values(due_at=due(urgency, since)))


def _check(role: Role) -> None:
    if role not in STAFF:
        raise NotAllowed(_("the role {role} does not work on tickets").format(role=role))
