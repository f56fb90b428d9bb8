"""Tickets in the database: open, claim by compare-and-set, move, resolve; each with a line in the ticket's history."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from bot.errors import Conflict, NotFound
from bot.roles import Role
from bot.translation import gettext as _
from bot.translation import later
from bot.triage.tables import TicketEventRow, TicketRow
from bot.triage.ticket import SHELVES, ByItself, Mover, Shelf, State, Urgency, check_move, check_urgency
from bot.triage.urgency import Answers, Assessment

CHANGED = later("somebody else has changed this ticket meanwhile: look at it again")
REOPENED_WITHIN = timedelta(days=3)
"""How long after it was resolved a patient's next message opens the same ticket again; later ones are about something
else (docs/decisions/0016-triage.md).
"""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket as staff see it; the fields are those of its row.

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
    version: int = 1
    spell: int = 1
    waiting_since: datetime | None = None
    outcome_code: str = ""
    answers: dict[str, Any] = field(default_factory=dict)
    intake: dict[str, Any] | None = None
    active_at: datetime | None = None
    snoozed_until: datetime | None = None
    due_at: datetime | None = None
    patient_at: datetime | None = None
    staff_at: datetime | None = None
    risen_at: datetime | None = None


def ticket_of(row: TicketRow) -> Ticket:
    """A row as a ticket."""
    fields = {name: getattr(row, name) for name in Ticket.__slots__}
    return Ticket(**{**fields, "state": State(row.state), "urgency": Urgency(row.urgency)})


_OPEN = (
    select(TicketRow.__table__.c.id)
    .where(TicketRow.__table__.c.conversation_id == bindparam("it"), TicketRow.__table__.c.state != State.RESOLVED)
    .limit(1)
)


def open_ticket(
    session: Session,
    *,
    conversation_id: str,
    assessment: Assessment,
    matched: str,
    summary: str,
    now: datetime,
    answers: Answers | None = None,
    intake: Mapping[str, Any] | None = None,
) -> Ticket:
    """Open a ticket, or add to the one that this conversation has open: then the higher urgency counts.

    Somebody who has claimed a ticket that becomes more urgent keeps it, and its page says so.

    Args:
        session: its transaction also holds the reply that mentions the ticket.
        conversation_id: whose it is.
        assessment: how soon, and why.
        matched: which words or which request opened it.
        summary: the patient's message.
        now: the present instant.
        answers: the intake's structured answers.
        intake: the whole intake, as `bot.triage.intake.to_json` has it; a later one takes its place.
    """
    row = _latest(session, conversation_id, now=now)
    if row is None:
        row = _new(conversation_id, assessment, matched, now)
        session.add(row)
        session.flush()
        add_event(session, row.id, actor=ByItself.PATIENT, what="opened", now=now, words=assessment.reason)
    elif assessment.level.rank < row.rank:
        _raise_level(session, row, assessment, matched, now)
    if row.state in {State.RESOLVED, State.WAITING_FOR_PATIENT, State.SNOOZED}:
        _begin_to_wait(session, row, by=ByItself.PATIENT, now=now)
    row.summary = "\n".join(part for part in (row.summary, summary) if part)[-5000:]
    row.answers = {**row.answers, **(answers or {})}
    row.intake = dict(intake) if intake else row.intake
    row.changed_at = row.patient_at = now
    session.flush()
    return ticket_of(row)


def _new(conversation_id: str, assessment: Assessment, matched: str, now: datetime) -> TicketRow:
    return TicketRow(
        id=uuid4().hex, conversation_id=conversation_id, state=State.NEW, shelf=SHELVES[State.NEW], opened_at=now,
        summary="", outcome="", outcome_code="", urgency=assessment.level, rank=assessment.level.rank,
        reason=assessment.reason, rule=assessment.rule, rule_version=assessment.version, matched=matched[:500],
        claimed_by=None, changed_at=now, waiting_since=now, version=1, spell=1, answers={},
    )  # fmt: skip


def _raise_level(session: Session, row: TicketRow, assessment: Assessment, matched: str, now: datetime) -> None:
    words = _raised_or_lowered(row.urgency, assessment.level, assessment.reason)
    row.urgency, row.rank, row.reason, row.rule = (
        assessment.level, assessment.level.rank, assessment.reason, assessment.rule
    )  # fmt: skip
    row.rule_version, row.matched, row.due_at = assessment.version, matched[:500], None
    row.risen_at = now if row.state == State.CLAIMED else None
    add_event(session, row.id, actor=ByItself.PATIENT, what="more_urgent", now=now, words=words)


def _raised_or_lowered(before: str, after: str, reason: str) -> str:
    """A change of urgency as the history tells it."""
    if not reason:
        return _("{before} to {after}").format(before=before, after=after)
    return _("{before} to {after}: {reason}").format(before=before, after=after, reason=reason)


def _latest(session: Session, conversation_id: str, *, now: datetime) -> TicketRow | None:
    """The ticket that a conversation's next message belongs to, held until the transaction ends."""
    row = session.scalars(
        select(TicketRow)
        .where(TicketRow.conversation_id == conversation_id)
        .order_by((TicketRow.state == State.RESOLVED), TicketRow.opened_at.desc())
        .limit(1)
        .with_for_update()
    ).first()
    if row and row.state == State.RESOLVED and row.changed_at < now - REOPENED_WITHIN:
        return None
    return row


def patient_wrote(session: Session, conversation_id: str, *, now: datetime) -> None:
    """A patient's message: a ticket that was resolved just now, snoozed or waiting for it is new again.

    Args:
        session: the transaction that stores the message.
        conversation_id: whose.
        now: the present instant.
    """
    row = _latest(session, conversation_id, now=now)
    if row is None:
        return
    if row.state in {State.RESOLVED, State.WAITING_FOR_PATIENT, State.SNOOZED}:
        _begin_to_wait(session, row, by=ByItself.PATIENT, now=now)
    row.changed_at = row.patient_at = now
    session.flush()


def _begin_to_wait(session: Session, row: TicketRow, *, by: ByItself, now: datetime) -> None:
    check_move(State(row.state), State.NEW, role=by)
    before = row.claimed_by
    for name, value in _waiting_anew(row.spell, now).items():
        setattr(row, name, value)
    row.version += 1
    add_event(
        session,
        row.id,
        actor=by,
        what="reopened",
        now=now,
        words=_("{before} had it").format(before=before) if before else "",
    )


def _waiting_anew(spell: int, now: datetime) -> dict[str, Any]:
    return {
        "state": State.NEW, "shelf": SHELVES[State.NEW], "claimed_by": None, "active_at": None, "snoozed_until": None,
        "due_at": None, "risen_at": None, "spell": spell + 1, "waiting_since": now,
    }  # fmt: skip


def waiting(session: Session, conversation_id: str) -> bool:
    """Whether this conversation has a ticket that is not resolved."""
    return session.connection().execute(_OPEN, {"it": conversation_id}).first() is not None


def queue(session: Session, *, resolved: bool = False, most: int = 200) -> list[Ticket]:
    """Tickets, the most urgent and then the longest waiting first; pages of the desk are `bot.triage.listing`.

    Args:
        session: a session that reads.
        resolved: those that are done instead, the latest first.
        most: how many at the most.
    """
    rows = select(TicketRow).limit(most)
    if resolved:
        rows = rows.where(TicketRow.shelf == Shelf.RESOLVED).order_by(TicketRow.changed_at.desc())
    else:
        rows = rows.where(TicketRow.shelf != Shelf.RESOLVED).order_by(TicketRow.rank, TicketRow.opened_at)
    return [ticket_of(row) for row in session.scalars(rows)]


def of_conversation(session: Session, conversation_id: str) -> Ticket:
    """The newest ticket of a conversation.

    Raises:
        NotFound: it has none.
    """
    rows = select(TicketRow).where(TicketRow.conversation_id == conversation_id).order_by(TicketRow.opened_at.desc())
    row = session.scalars(rows.limit(1)).first()
    if row is None:
        raise NotFound(_("no such ticket"))
    return ticket_of(row)


def find(session: Session, ticket_id: str) -> Ticket:
    """One ticket.

    Raises:
        NotFound: there is none of this id.
    """
    row = session.get(TicketRow, ticket_id)
    if row is None:
        raise NotFound(_("no such ticket"))
    return ticket_of(row)


def claim(session: Session, ticket: Ticket, *, actor: str, role: Role, now: datetime, lease: timedelta) -> Ticket:
    """Take a ticket on, if nobody was quicker; a lease that has run out holds nobody back.

    Raises:
        NotAllowed: this role does not work on tickets.
        Conflict: somebody has it; says who.
    """
    if ticket.state is State.CLAIMED and ticket.claimed_by != actor:
        if not expired(ticket, now=now, lease=lease):
            raise Conflict(_("{claimed_by} has it now").format(claimed_by=ticket.claimed_by), owner=ticket.claimed_by)
        ticket = move(session, ticket, State.NEW, actor=ByItself.CLOCK, role=ByItself.CLOCK, now=now)
    try:
        return move(session, ticket, State.CLAIMED, actor=actor, role=role, now=now)
    except Conflict:
        session.expire_all()
        owner = find(session, ticket.id).claimed_by
        raise Conflict(_("{owner} has it now").format(owner=owner) if owner else CHANGED, owner=owner) from None


def expired(ticket: Ticket, *, now: datetime, lease: timedelta) -> bool:
    """Whether a claimed ticket's owner has done nothing on it for as long as the lease."""
    return ticket.state is State.CLAIMED and (ticket.active_at or ticket.changed_at) <= now - lease


def move(
    session: Session,
    ticket: Ticket,
    after: State,
    *,
    actor: str,
    role: Mover,
    now: datetime,
    outcome: str = "",
    code: str = "",
    until: datetime | None = None,
) -> Ticket:
    """Move a ticket, if nobody has moved it since it was looked at.

    Args:
        session: its transaction also writes the audit line.
        ticket: as it was looked at.
        after: the state wanted.
        actor: who.
        role: in which role, or what moves it by itself.
        now: the present instant.
        outcome: words, when it is resolved.
        code: of the outcome, when it is resolved.
        until: when it comes back, if it is snoozed.

    Raises:
        NotAllowed: nobody, or not this role, may make this move.
        Conflict: somebody else was quicker.
    """
    check_move(ticket.state, after, role=role)
    values: dict[str, Any] = {"state": after, "shelf": SHELVES[after], "active_at": now, "risen_at": None}
    match after:
        case State.NEW:
            values = _waiting_anew(ticket.spell, now)
        case State.CLAIMED:
            values |= {"claimed_by": actor, "snoozed_until": None}
        case State.SNOOZED:
            values |= {"snoozed_until": until}
        case State.RESOLVED:
            values |= {"outcome": outcome or ticket.outcome, "outcome_code": code, "snoozed_until": None}
    words = _("until {moment}").format(moment=f"{until:%Y-%m-%d %H:%M} UTC") if until else outcome
    return _change(session, ticket, values, actor=actor, what=after.value, now=now, words=words)


def assign(session: Session, ticket: Ticket, to: str, *, actor: str, role: Role, now: datetime) -> Ticket:
    """Give a ticket to a colleague, whose lease begins now.

    Raises:
        NotAllowed, Conflict: as `move`.
    """
    check_move(ticket.state, State.CLAIMED, role=role)
    values = {
        "state": State.CLAIMED, "shelf": SHELVES[State.CLAIMED], "claimed_by": to, "active_at": now,
        "snoozed_until": None,
    }  # fmt: skip
    return _change(session, ticket, values, actor=actor, what="assigned", now=now, words=_("to {name}").format(name=to))


def set_urgency(
    session: Session, ticket: Ticket, level: Urgency, *, actor: str, role: Role, now: datetime, reason: str
) -> Ticket:
    """Raise a ticket's urgency, or lower it with a reason.

    Raises:
        NotAllowed: lowered without a reason, or not this role.
        Conflict: somebody else was quicker.
    """
    check_urgency(ticket.urgency, level, role=role, reason=reason)
    words = _raised_or_lowered(ticket.urgency, level, reason.strip())
    values = {"urgency": level, "rank": level.rank, "due_at": None}
    return _change(session, ticket, values, actor=actor, what="urgency", now=now, words=words)


def _change(
    session: Session, ticket: Ticket, values: dict[str, Any], *, actor: str, what: str, now: datetime, words: str = ""
) -> Ticket:
    """Compare and set: only if the row still has the version that was looked at.

    Raises:
        Conflict: it has not.
    """
    changed = session.execute(
        update(TicketRow)
        .where(TicketRow.id == ticket.id, TicketRow.version == ticket.version)
        .values(version=ticket.version + 1, changed_at=now, **values)
    )
    if changed.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict(CHANGED)
    add_event(session, ticket.id, actor=actor, what=what, now=now, words=words)
    session.expire_all()
    return find(session, ticket.id)


def add_event(session: Session, ticket_id: str, *, actor: str, what: str, now: datetime, words: str = "") -> None:
    """Write a line of a ticket's history."""
    session.add(TicketEventRow(ticket_id=ticket_id, at=now, actor=actor, what=what, words=words[:2000]))
    session.flush()
