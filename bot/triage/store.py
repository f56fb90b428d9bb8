"""Tickets in the database: open, list, claim by compare-and-set, resolve, each with its line in the audit."""

from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from sqlalchemy import ForeignKey, String, bindparam, case, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.database import Base, Instant
from bot.errors import Conflict, NotFound
from bot.roles import Role
from bot.triage.ticket import State, Urgency, check_move
from bot.triage.urgency import Assessment


class TicketRow(Base):
    """A request to a person, from one conversation."""

    __tablename__ = "tickets"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), index=True)
    state: Mapped[str] = mapped_column(String(20), index=True)
    urgency: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(String(500))
    rule: Mapped[str] = mapped_column(String(80))
    rule_version: Mapped[int]
    matched: Mapped[str] = mapped_column(String(500))
    summary: Mapped[str] = mapped_column(String(5000))
    claimed_by: Mapped[str | None] = mapped_column(String(200))
    outcome: Mapped[str] = mapped_column(String(1000), default="")
    opened_at: Mapped[datetime] = mapped_column(Instant)
    changed_at: Mapped[datetime] = mapped_column(Instant)


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket as staff see it.

    Attributes:
        matched: the patient's words that opened it, or the rule's name.
        summary: what the patient wrote.
    """

    id: str
    conversation_id: str
    state: State
    urgency: Urgency
    reason: str
    rule: str
    rule_version: int
    matched: str
    summary: str
    claimed_by: str | None
    outcome: str
    opened_at: datetime
    changed_at: datetime


def _ticket(row: TicketRow) -> Ticket:
    fields = {name: getattr(row, name) for name in Ticket.__slots__}
    return Ticket(**{**fields, "state": State(row.state), "urgency": Urgency(row.urgency)})


_OPEN = (
    select(TicketRow.__table__.c.id)
    .where(TicketRow.__table__.c.conversation_id == bindparam("it"), TicketRow.__table__.c.state != State.RESOLVED)
    .limit(1)
)
_ORDER = {level: place for place, level in enumerate(Urgency)}


def open_ticket(
    session: Session, *, conversation_id: str, assessment: Assessment, matched: str, summary: str, now: datetime
) -> Ticket:
    """Open a ticket, or add to the one that this conversation has open: then the higher urgency counts.

    Args:
        session: its transaction also holds the reply that mentions the ticket.
        conversation_id: whose it is.
        assessment: how soon, and why.
        matched: which words or which request opened it.
        summary: the patient's message.
        now: the present instant.
    """
    row = session.scalars(
        select(TicketRow).where(TicketRow.conversation_id == conversation_id, TicketRow.state != State.RESOLVED)
    ).first()
    if row is None:
        row = TicketRow(
            id=uuid4().hex, conversation_id=conversation_id, state=State.NEW, opened_at=now, summary="", outcome="",
            urgency=assessment.level, reason=assessment.reason, rule=assessment.rule,
            rule_version=assessment.version, matched=matched[:500], claimed_by=None, changed_at=now,
        )  # fmt: skip
        session.add(row)
    elif _ORDER[assessment.level] < _ORDER[Urgency(row.urgency)]:
        row.urgency, row.reason, row.rule = assessment.level, assessment.reason, assessment.rule
        row.rule_version, row.matched, row.state = assessment.version, matched[:500], State.NEW
    row.summary = "\n".join(part for part in (row.summary, summary) if part)[-5000:]
    row.changed_at = now
    session.flush()
    return _ticket(row)


def waiting(session: Session, conversation_id: str) -> bool:
    """Whether this conversation has a ticket that is not resolved."""
    return session.connection().execute(_OPEN, {"it": conversation_id}).first() is not None


def queue(session: Session, *, resolved: bool = False, most: int = 200) -> list[Ticket]:
    """Tickets, the most urgent and then the longest waiting first.

    Args:
        session: a session that reads.
        resolved: those that are done instead, the latest first.
        most: how many at the most.
    """
    rows = select(TicketRow).limit(most)
    if resolved:
        rows = rows.where(TicketRow.state == State.RESOLVED).order_by(TicketRow.changed_at.desc())
    else:
        place = case(_ORDER, value=TicketRow.urgency)
        rows = rows.where(TicketRow.state != State.RESOLVED).order_by(place, TicketRow.opened_at)
    return [_ticket(row) for row in session.scalars(rows)]


def find(session: Session, ticket_id: str) -> Ticket:
    """One ticket.

    Raises:
        NotFound: there is none of this id.
    """
    row = session.get(TicketRow, ticket_id)
    if row is None:
        raise NotFound("no such ticket")
    return _ticket(row)


def move(
    session: Session, ticket: Ticket, after: State, *, actor: str, role: Role, now: datetime, outcome: str = ""
) -> Ticket:
    """Move a ticket, if nobody has moved it since it was looked at.

    Raises:
        NotAllowed: nobody, or not this role, may make this move.
        Conflict: somebody else was quicker.
    """
    check_move(ticket.state, after, role=role)
    owner = actor if after is State.CLAIMED else (None if after is State.NEW else ticket.claimed_by)
    changed = session.execute(
        update(TicketRow)
        .where(TicketRow.id == ticket.id, TicketRow.state == ticket.state, TicketRow.changed_at == ticket.changed_at)
        .values(state=after, claimed_by=owner, changed_at=now, outcome=outcome or ticket.outcome)
    )
    if changed.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict("somebody else has changed this ticket meanwhile: look at it again")
    session.expire_all()
    return find(session, ticket.id)
