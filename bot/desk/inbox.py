"""One ticket: what opened it, the conversation, and the moves from claim to resolved, each with its audit line."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Form, Path, Request, Response
from fastapi.responses import RedirectResponse

from bot.conversation import store as conversations
from bot.conversation.message import Message
from bot.database import SESSION
from bot.desk import store as staff_store
from bot.desk.auth import OWN_FORM, OnTickets, Text
from bot.desk.queue import SYMBOLS
from bot.desk.screen import Screen, desk_of, show, waited
from bot.desk.store import Staff
from bot.errors import Conflict
from bot.triage import store
from bot.triage.store import Ticket
from bot.triage.ticket import State

LONGEST_OUTCOME = 1000
NO_OUTCOME = f"Write the outcome, at most {LONGEST_OUTCOME} characters: what was agreed, or why nothing is needed."
CHANGED = "This ticket has changed since you opened it: a colleague was quicker, or the patient wrote again."
SPEAKERS = {"patient": "Patient", "assistant": "Axis", "staff": "Team", "system": "Axis, notice"}

router = APIRouter(route_class=Screen, include_in_schema=False)
TicketId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]


class Action(StrEnum):
    """What a member of staff may do with a ticket."""

    CLAIM = "claim"
    RELEASE = "release"
    RESOLVE = "resolve"
    REOPEN = "reopen"


AFTER = {
    Action.CLAIM: State.CLAIMED,
    Action.RELEASE: State.NEW,
    Action.RESOLVE: State.RESOLVED,
    Action.REOPEN: State.NEW,
}
NOTED = {
    Action.CLAIM: "ticket.claimed",
    Action.RELEASE: "ticket.released",
    Action.RESOLVE: "ticket.resolved",
    Action.REOPEN: "ticket.reopened",
}


@router.get("/desk/tickets/{ticket_id}")
def view(request: Request, ticket_id: TicketId, staff: OnTickets) -> Response:
    """The ticket with its conversation; that it was seen is written down first."""
    return _page(request, ticket_id, staff)


@router.post("/desk/tickets/{ticket_id}/{action}", dependencies=OWN_FORM)
def change(
    request: Request,
    ticket_id: TicketId,
    action: Action,
    staff: OnTickets,
    *,
    changed_at: Text = "",
    outcome: Annotated[str, Form(max_length=8 * LONGEST_OUTCOME)] = "",
) -> Response:
    """Move a ticket, if it is still as the page showed it."""
    outcome = outcome.replace("\r\n", "\n").replace("\x00", "\ufffd").strip()
    if action is Action.RESOLVE and not 0 < len(outcome) <= LONGEST_OUTCOME:
        return _page(request, ticket_id, staff, status=422, outcome_error=NO_OUTCOME, typed=outcome)
    now = datetime.now(UTC)
    try:
        with desk_of(request).database.writing() as session:
            ticket = store.find(session, ticket_id)
            if ticket.changed_at.isoformat() != changed_at:
                raise Conflict(CHANGED)
            words = outcome if action is Action.RESOLVE else ""
            store.move(session, ticket, AFTER[action], actor=staff.name, role=staff.role, now=now, outcome=words)
            staff_store.note(session, actor=staff.name, action=NOTED[action], subject=ticket_id, now=now)
    except Conflict:
        return _page(request, ticket_id, staff, status=409, error=CHANGED, typed=outcome)
    return RedirectResponse(f"/desk/tickets/{ticket_id}", 303)


def _page(
    request: Request,
    ticket_id: str,
    staff: Staff,
    *,
    status: int = 200,
    error: str = "",
    outcome_error: str = "",
    typed: str = "",
) -> Response:
    now = datetime.now(UTC)
    database = desk_of(request).database
    with database.reading() as session:
        ticket = store.find(session, ticket_id)
        messages = _whole(session, ticket.conversation_id)
    with database.writing() as session:
        staff_store.note(session, actor=staff.name, action="ticket.viewed", subject=ticket_id, now=now)
    if error:
        error = f"{error} {_where(ticket)}"
    return show(
        "ticket.html", staff=staff, status=status, ticket=ticket, messages=messages, error=error, typed=typed,
        outcome_error=outcome_error, waiting=waited(ticket.opened_at, now), symbols=SYMBOLS, speakers=SPEAKERS,
        longest_outcome=LONGEST_OUTCOME,
    )  # fmt: skip


def _where(ticket: Ticket) -> str:
    """Who has a ticket now, for somebody who was too late."""
    match ticket.state:
        case State.CLAIMED:
            return f"{ticket.claimed_by} has it now."
        case State.RESOLVED:
            return f"It is resolved; {ticket.claimed_by} had it."
        case _:
            return "Nobody has it now."


def _whole(session: SESSION, conversation_id: str) -> list[Message]:
    """All messages of a conversation, however many pages they fill."""
    messages: list[Message] = []
    after = 0
    while page := conversations.history(session, conversation_id, after=after):
        messages += [message for _, message in page]
        after = page[-1][0]
    return messages
