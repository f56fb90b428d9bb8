"""The queue: who waits for the team, the most urgent and then the longest waiting first."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from bot.desk.auth import OnTickets
from bot.desk.screen import Screen, desk_of, show, waited
from bot.triage import store
from bot.triage.ticket import Urgency

SYMBOLS = {Urgency.EMERGENCY: "▲", Urgency.SAME_DAY: "◆", Urgency.SOON: "■", Urgency.ROUTINE: "○"}
"""Beside the word, so that urgency can be seen at a glance and never by colour alone."""

MOST = 200
REFRESH_S = 30

router = APIRouter(route_class=Screen, include_in_schema=False)


class Shown(StrEnum):
    """Which tickets."""

    OPEN = "open"
    RESOLVED = "resolved"


class Refresh(StrEnum):
    """Whether the page loads itself anew; somebody who reads slowly can stop it."""

    ON = "on"
    OFF = "off"


@router.get("/desk")
@router.get("/desk/")
def queue(
    request: Request,
    staff: OnTickets,
    shown: Annotated[Shown, Query(alias="show")] = Shown.OPEN,
    refresh: Refresh = Refresh.ON,
) -> Response:
    """Open tickets, or those that are done."""
    with desk_of(request).database.reading() as session:
        tickets = store.queue(session, resolved=shown is Shown.RESOLVED, most=MOST)
    now = datetime.now(UTC)
    waiting = {ticket.id: waited(ticket.opened_at, now) for ticket in tickets}
    return show(
        "queue.html", staff=staff, tickets=tickets, waiting=waiting, symbols=SYMBOLS, shown=shown.value, most=MOST,
        refresh_s=REFRESH_S if refresh is Refresh.ON else 0,
        emergencies=sum(ticket.urgency is Urgency.EMERGENCY for ticket in tickets),
    )  # fmt: skip
