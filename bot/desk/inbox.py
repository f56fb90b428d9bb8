"""One ticket: what opened it, the conversation, and the moves from claim to resolved, each with its audit line."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Form, Header, Path, Request, Response
from fastapi.responses import RedirectResponse

from bot.conversation import case, handover
from bot.conversation import store as conversations
from bot.database import SESSION
from bot.desk import store as staff_store
from bot.desk.auth import OWN_FORM, OnTickets, Text
from bot.desk.queue import SYMBOLS, wait
from bot.desk.screen import Desk, Fields, Screen, desk_of, sentence, show
from bot.desk.store import Staff
from bot.errors import Conflict, NotAllowed
from bot.translation import gettext as _
from bot.translation import later
from bot.triage import alerts, around, intake, store
from bot.triage.store import Ticket
from bot.triage.ticket import STAFF, State, Urgency

LONGEST_OUTCOME = 1000
NO_OUTCOME = later(
    "Choose an outcome, and write at most {longest_outcome} characters: what was agreed, or why nothing is needed.",
    longest_outcome=LONGEST_OUTCOME,
)
CHANGED = later("This ticket has changed since you opened it: a colleague was quicker, or the patient wrote again.")
SPEAKERS = {"patient": later("Patient"), "assistant": "Axis", "staff": later("Team"), "system": later("Axis, notice")}

router = APIRouter(route_class=Screen, include_in_schema=False)
TicketId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
Words = Annotated[str, Form(max_length=8 * 4000)]


class Action(StrEnum):
    """How a member of staff may move a ticket."""

    CLAIM = "claim"
    RELEASE = "release"
    WAIT = "wait"
    SNOOZE = "snooze"
    RESOLVE = "resolve"
    REOPEN = "reopen"


AFTER = {
    Action.RELEASE: State.NEW,
    Action.WAIT: State.WAITING_FOR_PATIENT,
    Action.SNOOZE: State.SNOOZED,
    Action.RESOLVE: State.RESOLVED,
    Action.REOPEN: State.NEW,
}
NOTED = {
    Action.CLAIM: "ticket.claimed",
    Action.RELEASE: "ticket.released",
    Action.WAIT: "ticket.waits_for_patient",
    Action.SNOOZE: "ticket.snoozed",
    Action.RESOLVE: "ticket.resolved",
    Action.REOPEN: "ticket.reopened",
}


class Snooze(StrEnum):
    """For how long a ticket may be put aside."""

    HOUR = "1 hour"
    HALF_DAY = "4 hours"
    OPENING = "until the clinic opens next"
    DAYS = "3 days"
    WEEK = "1 week"


SNOOZE_NAMES = {
    Snooze.HOUR: later("1 hour"),
    Snooze.HALF_DAY: later("4 hours"),
    Snooze.OPENING: later("until the clinic opens next"),
    Snooze.DAYS: later("3 days"),
    Snooze.WEEK: later("1 week"),
}


SNOOZES = {
    Snooze.HOUR: timedelta(hours=1),
    Snooze.HALF_DAY: timedelta(hours=4),
    Snooze.DAYS: timedelta(days=3),
    Snooze.WEEK: timedelta(days=7),
}


@router.get("/desk/tickets/{ticket_id}")
def view(
    request: Request, ticket_id: TicketId, staff: OnTickets, axis_live: Annotated[str, Header(max_length=5)] = ""
) -> Response:
    """The ticket with its conversation; that it was seen is written down first.

    A page that keeps itself up to date asks with `Axis-Live`: that is the same look, and no further line.
    """
    return page(request, ticket_id, staff, live=bool(axis_live))


@router.post("/desk/tickets/{ticket_id}/{action}", dependencies=OWN_FORM)
def change(
    request: Request,
    ticket_id: TicketId,
    action: Action,
    staff: OnTickets,
    *,
    version: Text = "",
    outcome: Words = "",
    code: Text = "",
    snooze: Annotated[Snooze, Form()] = Snooze.HOUR,
) -> Response:
    """Move a ticket, if it is still as the page showed it."""
    desk, now = desk_of(request), datetime.now(UTC)
    outcome = cleaned(outcome)
    known = code in {one.id for one in desk.fixed.desk.outcomes}
    if action is Action.RESOLVE and not (known and 0 < len(outcome) <= LONGEST_OUTCOME):
        return page(request, ticket_id, staff, status=422, errors={"outcome": NO_OUTCOME}, typed={"outcome": outcome})
    try:
        with desk.database.writing() as session:
            ticket = _unchanged(session, ticket_id, version)
            if action is Action.CLAIM:
                lease = timedelta(minutes=desk.settings.lease_min)
                store.claim(session, ticket, actor=staff.name, role=staff.role, now=now, lease=lease)
            else:
                words = {"outcome": outcome, "code": code} if action is Action.RESOLVE else {}
                until = _until(snooze, desk, now) if action is Action.SNOOZE else None
                store.move(
                    session, ticket, AFTER[action], actor=staff.name, role=staff.role, now=now, until=until, **words
                )
            if action is Action.RESOLVE:
                handover.after_resolving(session, ticket.conversation_id, fixed=desk.fixed)
            staff_store.note(session, actor=staff.name, action=NOTED[action], subject=ticket_id, now=now)
    except Conflict:
        return page(request, ticket_id, staff, status=409, error=CHANGED, typed={"outcome": outcome})
    except NotAllowed as refused:
        return page(request, ticket_id, staff, status=403, error=sentence(str(refused)), typed={"outcome": outcome})
    desk.bell.ring(ticket.conversation_id)
    return RedirectResponse(f"/desk/tickets/{ticket_id}", 303)


def _unchanged(session: SESSION, ticket_id: str, version: str) -> Ticket:
    """A ticket as the page showed it; its conversation is held first, so that all who change both take turns.

    Raises:
        Conflict: it has changed since.
    """
    conversations.lock(session, store.find(session, ticket_id).conversation_id)
    session.expire_all()
    ticket = store.find(session, ticket_id)
    if str(ticket.version) != version:
        raise Conflict(CHANGED)
    return ticket


def _until(snooze: Snooze, desk: Desk, now: datetime) -> datetime:
    if snooze is Snooze.OPENING:
        return desk.fixed.hours.next_opening(now) or now + timedelta(days=1)
    return now + SNOOZES[snooze]


def cleaned(words: str) -> str:
    """What was typed, with single line breaks and nothing that no database takes."""
    return words.replace("\r\n", "\n").replace("\x00", "\ufffd").strip()


def page(
    request: Request,
    ticket_id: str,
    staff: Staff,
    *,
    status: int = 200,
    error: str = "",
    errors: Mapping[str, str] | None = None,
    typed: Mapping[str, str] | None = None,
    live: bool = False,
) -> Response:
    """The ticket's page.

    Args:
        request: which desk it is.
        ticket_id: which ticket.
        staff: who looks at it.
        status: HTTP status.
        error: what went wrong with the whole; who has the ticket now is added.
        errors: what is wrong with a form, by its name.
        typed: what was typed into a form that was not taken.
        live: the page keeps itself up to date; nobody has done anything.
    """
    now, desk = datetime.now(UTC), desk_of(request)
    _note_look(desk, ticket_id, staff, now, live=live)
    with desk.database.reading() as session:
        ticket = store.find(session, ticket_id)
        values = {
            "messages": case.whole(session, ticket.conversation_id), "events": around.history(session, ticket_id),
            "others": [name for name in around.viewers(session, ticket_id, now=now) if name != staff.name],
            "labels": around.labels(session, [ticket_id]).get(ticket_id, []),
            "state": conversations.state(session, ticket.conversation_id), "alerts": alerts.shown(session),
            "colleagues": [name for name in staff_store.names(session, STAFF) if name != ticket.claimed_by],
        }  # fmt: skip
    return show(
        "ticket.html", staff=staff, status=status, ticket=ticket,
        intake=intake.as_lines(taken) if (taken := intake.from_json(ticket.intake)) else [],
        error=f"{error} {_where(ticket)}" if error else "",
        errors=Fields(errors or {}), typed=Fields(typed or {}), wait=wait(ticket, desk, now), symbols=SYMBOLS,
        speakers=SPEAKERS,
        longest_outcome=LONGEST_OUTCOME, desk_data=desk.fixed.desk, snoozes=SNOOZE_NAMES, levels=list(Urgency),
        owned=ticket.state is State.CLAIMED and ticket.claimed_by == staff.name, **values,
    )  # fmt: skip


def _note_look(desk: Desk, ticket_id: str, staff: Staff, now: datetime, *, live: bool) -> None:
    """Write down who looks, and renew the owner's lease; what keeps itself up to date was written down before."""
    with desk.database.writing() as session:
        store.find(session, ticket_id)
        if around.see(session, ticket_id, staff.name, now=now) and live:
            return
        around.touch(session, ticket_id, actor=staff.name, now=now)
        staff_store.note(session, actor=staff.name, action="ticket.viewed", subject=ticket_id, now=now)


def _where(ticket: Ticket) -> str:
    """Who has a ticket now, for somebody who was too late."""
    match ticket.state:
        case State.CLAIMED:
            return _("{claimed_by} has it now.").format(claimed_by=ticket.claimed_by)
        case State.RESOLVED:
            return _("It is resolved; {claimed_by} had it.").format(claimed_by=ticket.claimed_by)
        case _:
            return _("Nobody has it now.")
