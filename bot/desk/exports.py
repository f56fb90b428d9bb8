"""What staff take out of Axis: the queue as CSV; a ticket as FHIR, text or paper. Each leaves a line in the audit."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse

from bot.conversation import case
from bot.desk import store as staff_store
from bot.desk.auth import OnTickets
from bot.desk.inbox import SPEAKERS, TicketId
from bot.desk.queue import SYMBOLS
from bot.desk.screen import FOLDER, Screen, desk_of, show
from bot.desk.store import Staff
from bot.triage import export, fhir, intake, listing
from bot.triage.case import Case
from bot.triage.listing import Shown, Wanted
from bot.triage.store import Ticket

MOST = 1000
"""Tickets of one CSV."""
BYTE_ORDER_MARK = "\ufeff"
"""Spreadsheets read a CSV without it in the encoding of their country."""

router = APIRouter(route_class=Screen, include_in_schema=False)


@router.get("/desk/tickets.csv")
def queue_csv(
    request: Request, staff: OnTickets, shown: Annotated[Shown, Query(alias="show")] = Shown.OPEN
) -> Response:
    """The queue as it is shown, as a table."""
    now = datetime.now(UTC)
    wanted = Wanted(shown, owner=staff.name)
    tickets: list[Ticket] = []
    with desk_of(request).database.reading() as session:
        while len(tickets) < MOST:
            page = listing.page(session, wanted, now=now)
            tickets += page.tickets
            if not page.after:
                break
            wanted = replace(wanted, after=page.after)
    _note(request, staff, "queue.exported_csv", f"{shown}, {len(tickets)} tickets")
    return _file(BYTE_ORDER_MARK + export.as_csv(tickets), "text/csv; charset=utf-8", f"tickets-{shown}.csv")


@router.get("/desk/tickets/{ticket_id}.fhir.json")
def ticket_fhir(request: Request, ticket_id: TicketId, staff: OnTickets) -> Response:
    """The ticket with its conversation as a FHIR bundle."""
    found = _read(request, staff, "ticket.exported_fhir", ticket_id)
    bundle = fhir.to_bundle(found, at=datetime.now(UTC))
    return _file(bundle.model_dump_json(indent=2), "application/fhir+json", f"ticket-{ticket_id[:6]}.fhir.json")


@router.get("/desk/tickets/{ticket_id}.txt")
def ticket_text(request: Request, ticket_id: TicketId, staff: OnTickets) -> Response:
    """The ticket as plain text, shown in the browser so that it can be copied."""
    found = _read(request, staff, "ticket.exported_text", ticket_id)
    return Response(export.as_text(found), media_type="text/plain; charset=utf-8")


@router.get("/desk/tickets/{ticket_id}/print")
def ticket_print(request: Request, ticket_id: TicketId, staff: OnTickets) -> Response:
    """The ticket for paper; of Axis's replies only the texts that they showed are named."""
    found = _read(request, staff, "ticket.printed", ticket_id)
    return show(
        "print.html", staff=staff, ticket=found.ticket, spoken=found.spoken, intake=intake.as_lines(found.intake),
        symbols=SYMBOLS, speakers=SPEAKERS, not_a_diagnosis=export.NOT_A_DIAGNOSIS, printed_at=datetime.now(UTC),
    )  # fmt: skip


@router.get("/desk/static/print.css")
def stylesheet(staff: OnTickets) -> Response:
    """The only file that the page for paper loads."""
    return FileResponse(FOLDER / "static" / "print.css", media_type="text/css")


def _read(request: Request, staff: Staff, action: str, ticket_id: str) -> Case:
    """The ticket, once it is written down who takes it out."""
    with desk_of(request).database.reading() as session:
        found = case.read(session, ticket_id)
    _note(request, staff, action, ticket_id)
    return found


def _note(request: Request, staff: Staff, action: str, subject: str) -> None:
    with desk_of(request).database.writing() as session:
        staff_store.note(session, actor=staff.name, action=action, subject=subject, now=datetime.now(UTC))


def _file(text: str, media_type: str, name: str) -> Response:
    """Something to save, and not to be shown in the browser."""
    return Response(text, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})
