"""Who speaks with a patient: the assistant, or a person of the team. Each change is told to the patient in a line."""

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.content.blocks import Paragraph
from bot.conversation import guard, store
from bot.conversation.fixed import Fixed
from bot.conversation.message import Kind, Message, Reply, Role, State
from bot.conversation.tables import ConversationRow, MessageRow
from bot.errors import Conflict, NotAllowed
from bot.roles import Role as StaffRole
from bot.translation import gettext as _
from bot.triage import around
from bot.triage import store as tickets
from bot.triage.store import Ticket
from bot.triage.tables import TicketRow
from bot.triage.ticket import STAFF, Shelf
from bot.triage.ticket import State as TicketState

_LOOKED_THROUGH = 20
"""Messages among which one is looked for that was typed."""


def say(
    session: Session, ticket: Ticket, text: str, *, actor: str, role: StaffRole, fixed: Fixed, now: datetime
) -> Message:
    """A person of the team writes to the patient; with the first message the assistant falls silent.

    Args:
        session: its transaction also writes the audit line.
        ticket: claimed by `actor`.
        text: what they write; the clinic's closing is added.
        actor: who.
        role: in which role.
        fixed: has the closing.
        now: the present instant.

    Raises:
        NotAllowed: this role does not work on tickets.
        Conflict: the ticket is not theirs, or the conversation is closed.
        NotFound: the conversation was erased.
    """
    if role not in STAFF:
        raise NotAllowed(_("the role {role} does not write to patients").format(role=role))
    state = store.lock(session, ticket.conversation_id)
    ticket = tickets.find(session, ticket.id)
    if ticket.state is not TicketState.CLAIMED or ticket.claimed_by != actor:
        raise Conflict(_("only who has claimed a ticket writes to its patient"), owner=ticket.claimed_by)
    if state is State.CLOSED:
        raise Conflict(_("this conversation is closed"))
    if state is not State.STAFF:
        joins = fixed.words.fill("staff_joins", first_name=first_name(actor))
        store.tell(session, ticket.conversation_id, guard.notice(joins), state=State.STAFF)
    blocks = [Paragraph(part.strip()) for part in text.split("\n\n") if part.strip()]
    reply = Reply(kind=Kind.HANDOFF, blocks=list(blocks))
    message = guard.close(reply, fixed.closing(reply.closing), role=Role.STAFF)
    store.tell(session, ticket.conversation_id, message)
    around.touch(session, ticket.id, actor=actor, now=now, wrote=True)
    return message


def first_name(name: str) -> str:
    """What a patient is told of a member of staff's name."""
    return name.replace("_", " ").replace(".", " ").split()[0].capitalize()


def hand_back(session: Session, conversation_id: str, *, fixed: Fixed) -> bool:
    """The assistant answers again, if a person did; the patient is told.

    Returns:
        Whether a person did.

    Raises:
        NotFound: the conversation was erased.
    """
    if store.lock(session, conversation_id) is not State.STAFF:
        return False
    after = State.WAITING_FOR_STAFF if tickets.waiting(session, conversation_id) else State.BOT
    store.tell(session, conversation_id, guard.notice(fixed.words.paragraphs("staff_leaves")), state=after)
    return True


def after_resolving(session: Session, conversation_id: str, *, fixed: Fixed) -> None:
    """With no ticket open the conversation is the assistant's again.

    Raises:
        NotFound: the conversation was erased.
    """
    handed = hand_back(session, conversation_id, fixed=fixed)
    waits = store.lock(session, conversation_id) is State.WAITING_FOR_STAFF
    if not handed and waits and not tickets.waiting(session, conversation_id):
        store.set_state(session, conversation_id, State.BOT)


def idle(session: Session, *, now: datetime, after: timedelta) -> list[str]:
    """Conversations that a person has, but in which nobody of the team has done anything for so long."""
    active = func.coalesce(TicketRow.active_at, TicketRow.staff_at, TicketRow.changed_at)
    busy = (
        select(TicketRow.id)
        .where(TicketRow.conversation_id == ConversationRow.id, TicketRow.shelf != Shelf.RESOLVED, active > now - after)
        .exists()
    )
    return list(session.scalars(select(ConversationRow.id).where(ConversationRow.state == State.STAFF, ~busy)))


def last_said(session: Session, conversation_id: str) -> tuple[int, Message | None]:
    """The place of the last message, and the last message that is not the patient's."""
    last = session.scalar(select(func.max(MessageRow.seq)).where(MessageRow.conversation_id == conversation_id)) or 0
    row = session.scalars(
        select(MessageRow)
        .where(MessageRow.conversation_id == conversation_id, MessageRow.role != Role.PATIENT)
        .order_by(MessageRow.seq.desc())
        .limit(1)
    ).first()
    return last, Message(**row.body) if row else None


def last_typed(session: Session, conversation_id: str, *, before: int) -> str:
    """What the patient wrote last, other than by a button, before a place; empty if they never wrote."""
    rows = session.scalars(
        select(MessageRow)
        .where(MessageRow.conversation_id == conversation_id, MessageRow.role == Role.PATIENT, MessageRow.seq < before)
        .order_by(MessageRow.seq.desc())
        .limit(_LOOKED_THROUGH)
    )
    return next((Message(**row.body).text for row in rows if not row.offers), "")
