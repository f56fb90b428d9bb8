"""Server-sent events for open staff pages: that something changed, who looks, which alerts there are; no words."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent

from bot.conversation import handover
from bot.conversation import store as conversations
from bot.conversation.bell import ANY
from bot.desk.auth import OnTickets, current
from bot.desk.screen import FOLDER, Desk, Screen, desk_of
from bot.errors import AxisError, NotFound
from bot.triage import alerts, around, store

POLL_S = 3.0
"""Seconds after which a stream looks for itself, in case another process wrote."""
AT_MOST_EVERY_S = 0.3
SEEN_EVERY_S = 20.0

router = APIRouter(route_class=Screen, include_in_schema=False)


@router.get("/desk/static/desk.js")
def script(staff: OnTickets) -> FileResponse:
    """The one script of the staff pages; they work without it."""
    return FileResponse(FOLDER / "static" / "desk.js", media_type="text/javascript")


@router.get("/desk/events", response_class=EventSourceResponse)
async def events(
    request: Request, staff: OnTickets, ticket: Annotated[str, Query(pattern=r"^([0-9a-f]{32})?$")] = ""
) -> AsyncIterator[ServerSentEvent]:
    """`queue`, `ticket` and `alerts`, each when it has changed; ends with the session."""
    desk, told, seen_at = desk_of(request), {}, 0.0  # type: ignore[var-annotated]
    clock = asyncio.get_running_loop()
    while not await request.is_disconnected():
        try:
            await to_thread.run_sync(current, request)
            if ticket and clock.time() - seen_at >= SEEN_EVERY_S:
                await to_thread.run_sync(_see, desk, ticket, staff.name)
                seen_at = clock.time()
            found = await to_thread.run_sync(_look, desk, ticket)
        except AxisError:
            return  # signed out, erased, or no database: the browser tries again by itself
        for name, content in found.items():
            if told.get(name, None) != content:
                yield ServerSentEvent(event=name, data=content)
        told = found
        await asyncio.sleep(AT_MOST_EVERY_S)
        await desk.bell.wait(ANY, at_most_s=POLL_S)


def _see(desk: Desk, ticket_id: str, name: str) -> None:
    with desk.database.writing() as session:
        store.find(session, ticket_id)
        around.see(session, ticket_id, name, now=datetime.now(UTC))


def _look(desk: Desk, ticket_id: str) -> dict[str, Any]:
    """What open pages show, as far as one can tell whether it has changed."""
    with desk.database.reading() as session:
        changed = around.latest_change(session)
        found: dict[str, Any] = {
            "queue": {"changed": changed.isoformat() if changed else ""},
            "alerts": [
                {"id": one.id, "ticket": one.ticket_id, "urgency": one.urgency} for one in alerts.shown(session)
            ],
        }
        if ticket_id:
            ticket = store.find(session, ticket_id)
            last, _ = handover.last_said(session, ticket.conversation_id)
            try:
                state = conversations.state(session, ticket.conversation_id)
            except NotFound:
                return found
            found["ticket"] = {
                "version": ticket.version, "changed": ticket.changed_at.isoformat(), "last": last, "state": state,
                "viewers": around.viewers(session, ticket_id, now=datetime.now(UTC)),
            }  # fmt: skip
        return found
