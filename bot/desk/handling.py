"""What staff do within a ticket: write to the patient, hand back, note, label, change the urgency, give it away."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from bot.conversation import handover
from bot.conversation import store as conversations
from bot.database import SESSION
from bot.desk import store as staff_store
from bot.desk.auth import OWN_FORM, OnTickets, Text
from bot.desk.inbox import CHANGED, TicketId, Words, cleaned, page
from bot.desk.screen import Desk, Screen, desk_of
from bot.desk.store import Staff
from bot.errors import Conflict, NotAllowed
from bot.translation import gettext as _
from bot.translation import later
from bot.triage import around, store
from bot.triage.store import Ticket
from bot.triage.ticket import STAFF, Urgency

LONGEST_REPLY, LONGEST_NOTE, LONGEST_REASON = 4000, 2000, 300
NOT_YOURS = later("Claim this ticket to write to the patient; what you typed is still below.")
TOO_LONG = later("Write something, at most {most} characters.")

router = APIRouter(route_class=Screen, include_in_schema=False)


@router.post("/desk/tickets/{ticket_id}/reply", dependencies=OWN_FORM)
def reply(
    request: Request, ticket_id: TicketId, staff: OnTickets, *, text: Words = "", canned: Text = "", do: Text = "send"
) -> Response:
    """Write to the patient, or put a canned reply into the box."""
    desk, text = desk_of(request), cleaned(text)
    if do == "insert":
        return page(request, ticket_id, staff, typed={"text": _with_canned(desk, text, canned)})
    if not 0 < len(text) <= LONGEST_REPLY:
        error = TOO_LONG.format(most=LONGEST_REPLY)
        return page(request, ticket_id, staff, status=422, errors={"text": error}, typed={"text": text})

    def work(session: SESSION, ticket: Ticket, now: datetime) -> None:
        handover.say(session, ticket, text, actor=staff.name, role=staff.role, fixed=desk.fixed, now=now)

    try:
        return _do(desk, ticket_id, staff, "conversation.replied", work)
    except Conflict:
        return page(request, ticket_id, staff, status=409, error=NOT_YOURS, typed={"text": text})


def _with_canned(desk: Desk, text: str, canned: str) -> str:
    """The text with a canned reply after it, the clinic's facts filled in."""
    found = next((one.text for one in desk.fixed.desk.canned if one.id == canned), "")
    clinic = desk.fixed.clinic
    filled = found.format(clinic=clinic.name, telephone=clinic.telephone, email=clinic.email, address=clinic.address)
    return "\n\n".join(part for part in (text, filled) if part)


@router.post("/desk/tickets/{ticket_id}/hand-back", dependencies=OWN_FORM)
def hand_back(request: Request, ticket_id: TicketId, staff: OnTickets) -> Response:
    """Let the assistant answer again."""
    desk = desk_of(request)

    def work(session: SESSION, ticket: Ticket, now: datetime) -> None:
        handover.hand_back(session, ticket.conversation_id, fixed=desk.fixed)

    return _do(desk, ticket_id, staff, "conversation.handed_back", work)


@router.post("/desk/tickets/{ticket_id}/note", dependencies=OWN_FORM)
def note(request: Request, ticket_id: TicketId, staff: OnTickets, words: Words = "") -> Response:
    """Add a note that only the team reads."""
    words = cleaned(words)
    if not 0 < len(words) <= LONGEST_NOTE:
        error = TOO_LONG.format(most=LONGEST_NOTE)
        return page(request, ticket_id, staff, status=422, errors={"note": error}, typed={"note": words})

    def work(session: SESSION, ticket: Ticket, now: datetime) -> None:
        around.note(session, ticket_id, words, actor=staff.name, role=staff.role, now=now)

    return _do(desk_of(request), ticket_id, staff, "ticket.noted", work)


@router.post("/desk/tickets/{ticket_id}/labels", dependencies=OWN_FORM)
def labels(
    request: Request, ticket_id: TicketId, staff: OnTickets, label: Annotated[list[str] | None, Form()] = None
) -> Response:
    """Set the labels."""
    desk = desk_of(request)
    wanted = set(label or ()) & {one.id for one in desk.fixed.desk.labels}

    def work(session: SESSION, ticket: Ticket, now: datetime) -> None:
        around.set_labels(session, ticket, wanted, actor=staff.name, role=staff.role, now=now)

    return _do(desk, ticket_id, staff, "ticket.labelled", work)


@router.post("/desk/tickets/{ticket_id}/urgency", dependencies=OWN_FORM)
def urgency(
    request: Request, ticket_id: TicketId, staff: OnTickets, *, level: Annotated[Urgency, Form()], reason: Text = ""
) -> Response:
    """Raise the urgency, or lower it with a reason."""
    reason = cleaned(reason)[:LONGEST_REASON]

    def work(session: SESSION, ticket: Ticket, now: datetime) -> None:
        if level is not ticket.urgency:
            store.set_urgency(session, ticket, level, actor=staff.name, role=staff.role, now=now, reason=reason)

    try:
        return _do(desk_of(request), ticket_id, staff, f"ticket.urgency_{level}", work)
    except NotAllowed as refused:
        said = _("Not changed: {refused}.").format(refused=refused)
        return page(request, ticket_id, staff, status=422, errors={"urgency": said}, typed={"level": level})
    except Conflict:
        return page(request, ticket_id, staff, status=409, error=CHANGED)


@router.post("/desk/tickets/{ticket_id}/assign", dependencies=OWN_FORM)
def assign(request: Request, ticket_id: TicketId, staff: OnTickets, to: Text = "") -> Response:
    """Give the ticket to a colleague."""
    desk = desk_of(request)

    def work(session: SESSION, ticket: Ticket, now: datetime) -> None:
        if to not in staff_store.names(session, STAFF):
            raise NotAllowed(_("nobody of this name works on tickets: {to}").format(to=to))
        store.assign(session, ticket, to, actor=staff.name, role=staff.role, now=now)

    try:
        return _do(desk, ticket_id, staff, "ticket.assigned", work)
    except NotAllowed as refused:
        return page(
            request, ticket_id, staff, status=422, errors={"assign": _("Not given: {refused}.").format(refused=refused)}
        )
    except Conflict:
        return page(request, ticket_id, staff, status=409, error=CHANGED)


@router.post("/desk/tickets/{ticket_id}/active", dependencies=OWN_FORM)
def active(request: Request, ticket_id: TicketId, staff: OnTickets) -> Response:
    """The owner does something on the page: their lease begins anew."""
    with desk_of(request).database.writing() as session:
        around.touch(session, ticket_id, actor=staff.name, now=datetime.now(UTC))
    return Response(status_code=204)


def _do(
    desk: Desk, ticket_id: str, staff: Staff, action: str, work: Callable[[SESSION, Ticket, datetime], None]
) -> Response:
    """Do something with a ticket and write its audit line, in one transaction; then show the ticket."""
    now = datetime.now(UTC)
    with desk.database.writing() as session:
        conversation_id = store.find(session, ticket_id).conversation_id
        conversations.lock(session, conversation_id)
        session.expire_all()
        ticket = store.find(session, ticket_id)
        work(session, ticket, now)
        around.touch(session, ticket_id, actor=staff.name, now=now)
        staff_store.note(session, actor=staff.name, action=action, subject=ticket_id, now=now)
    desk.bell.ring(conversation_id)
    return RedirectResponse(f"/desk/tickets/{ticket_id}", 303)
