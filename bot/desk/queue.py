"""The queue: who waits for the team, the most urgent and then the longest waiting first, a page at a time."""

from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response

from bot.desk.auth import OnTickets
from bot.desk.screen import Desk, Screen, desk_of, show, waited
from bot.errors import NotFound
from bot.translation import gettext as _
from bot.translation import later
from bot.triage import alerts, around, listing
from bot.triage.listing import Shown, Wanted
from bot.triage.store import Ticket
from bot.triage.ticket import State, Urgency

SYMBOLS = {Urgency.EMERGENCY: "▲", Urgency.SAME_DAY: "◆", Urgency.SOON: "■", Urgency.ROUTINE: "○"}
"""Beside the word, so that urgency can be seen at a glance and never by colour alone."""

LISTS = {
    Shown.OPEN: later("Open"),
    Shown.MINE: later("Mine"),
    Shown.OVERDUE: later("Overdue"),
    Shown.LATER: later("Snoozed or waiting for the patient"),
    Shown.RESOLVED: later("Resolved"),
}
NOTHING = {
    Shown.OPEN: later("Nobody is waiting."),
    Shown.MINE: later("You have no ticket."),
    Shown.OVERDUE: later("Nothing is overdue."),
    Shown.LATER: later("Nothing is snoozed, and no patient is waited for."),
    Shown.RESOLVED: later("Nothing has been resolved yet."),
}
ORDERS = {
    Shown.OPEN: later("Open tickets, the most urgent and then the longest waiting first"),
    Shown.MINE: later("Tickets that you have claimed, the most urgent first"),
    Shown.OVERDUE: later("Tickets whose target has passed, the longest overdue first"),
    Shown.LATER: later("Tickets that are snoozed or wait for the patient, the most urgent first"),
    Shown.RESOLVED: later("Resolved tickets, the latest first"),
}

router = APIRouter(route_class=Screen, include_in_schema=False)


@router.get("/desk")
@router.get("/desk/")
def queue(
    request: Request,
    staff: OnTickets,
    *,
    shown: Annotated[Shown, Query(alias="show")] = Shown.OPEN,
    urgency: Annotated[str, Query(max_length=20)] = "",
    label: Annotated[str, Query(max_length=30)] = "",
    after: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """One page of a list.

    Raises:
        NotFound: there is no such page.
    """
    desk, now = desk_of(request), datetime.now(UTC)
    try:
        level = Urgency(urgency) if urgency else None
        wanted = Wanted(shown, level, label, staff.name, after)
        with desk.database.reading() as session:
            page = listing.page(session, wanted, now=now)
            labels = around.labels(session, [ticket.id for ticket in page.tickets])
            emergencies = listing.count(session, Wanted(urgency=Urgency.EMERGENCY), now=now)
            count = listing.count(session, Wanted(shown, level, label, staff.name), now=now)
            raised = alerts.shown(session)
    except ValueError as error:
        raise NotFound(_("the queue has no such page")) from error
    chosen = {name: value for name, value in (("show", shown), ("urgency", urgency), ("label", label)) if value}
    return show(
        "queue.html", staff=staff, tickets=page.tickets, symbols=SYMBOLS, shown=shown.value, lists=LISTS,
        waits={ticket.id: wait(ticket, desk, now) for ticket in page.tickets}, labels=labels, desk_data=desk.fixed.desk,
        urgency=urgency, label=label, levels=list(Urgency), emergencies=emergencies, count=count, alerts=raised,
        nothing=NOTHING[shown], order=ORDERS[shown], here="/desk?" + urlencode({**chosen, "after": after}),
        next="/desk?" + urlencode({**chosen, "after": page.after}) if page.after else "",
        first="/desk?" + urlencode(chosen) if after else "",
    )  # fmt: skip


def wait(ticket: Ticket, desk: Desk, now: datetime) -> tuple[str, str, bool]:
    """How long a ticket has waited, what its target says, and whether that has passed."""
    since = ticket.waiting_since or ticket.opened_at
    due = ticket.due_at or desk.fixed.due(ticket.urgency, since)
    if ticket.state is State.SNOOZED and ticket.snoozed_until:
        return waited(since, now), _("back in {waited}").format(waited=waited(now, ticket.snoozed_until)), False
    if ticket.state not in {State.NEW, State.CLAIMED}:
        return waited(since, now), "", False
    if due < now:
        return waited(since, now), _("overdue by {waited}").format(waited=waited(due, now)), True
    return waited(since, now), _("target in {waited}").format(waited=waited(now, due)), False
