"""What the clock does at the desk: leases run out, snoozed tickets come back, the assistant takes over again,
targets are reckoned, alerts are raised and sent. Every web process does it; what one has done the others find done.
"""

import asyncio
from datetime import UTC, datetime, timedelta

import structlog
from anyio import to_thread

from bot.conversation import handover
from bot.desk import notify
from bot.desk import store as staff_store
from bot.desk.screen import Desk
from bot.errors import NotFound
from bot.triage import alerts, around, calendar

log = structlog.get_logger()

CLOCK = "axis"
"""The actor of the audit's lines about what the clock did."""


async def run(desk: Desk) -> None:
    """Look after the desk until cancelled."""
    while True:
        if await to_thread.run_sync(tend, desk, datetime.now(UTC)):
            desk.bell.ring("")
        try:
            await deliver(desk)
        except Exception as error:
            log.error("desk.alerts_not_sent", error=type(error).__name__)
        await asyncio.sleep(desk.settings.watch_every_s)


def tend(desk: Desk, now: datetime) -> bool:
    """Do what the clock asks for; what cannot be done now is tried again the next time.

    Returns:
        Whether anything changed that open pages show.
    """
    changed = False
    for step in (learn_hours, _free, _hand_back, _raise_alerts, _reckon_targets):
        try:
            changed = step(desk, now) or changed
        except Exception as error:
            # Whatever breaks in one step must not keep an alert from being raised by another.
            log.error("desk.not_tended", action=step.__name__, error=type(error).__name__)
    return changed


def learn_hours(desk: Desk, _now: datetime) -> bool:
    """Take over the hours that an admin has set, in this process or in another."""
    with desk.database.reading() as session:
        present = calendar.present(session)
    desk.fixed.note_hours(present.hours if present else None)
    return False


def _free(desk: Desk, now: datetime) -> bool:
    lease = timedelta(minutes=desk.settings.lease_min)
    with desk.database.reading() as session:
        found = around.run_out(session, now=now, lease=lease)
    for ticket in found:
        with desk.database.writing() as session:
            if around.give_back(session, ticket, now=now):
                staff_store.note(
                    session, actor=CLOCK, action=f"ticket.{ticket.state}_ended", subject=ticket.id, now=now
                )
    return bool(found)


def _hand_back(desk: Desk, now: datetime) -> bool:
    after = timedelta(minutes=desk.settings.handback_min)
    with desk.database.reading() as session:
        found = handover.idle(session, now=now, after=after)
    for conversation_id in found:
        try:
            with desk.database.writing() as session:
                handed = handover.hand_back(session, conversation_id, fixed=desk.fixed)
                if handed:
                    staff_store.note(
                        session, actor=CLOCK, action="conversation.handed_back", subject=conversation_id, now=now
                    )
        except NotFound:
            continue  # erased meanwhile
        desk.bell.ring(conversation_id)
    return bool(found)


def _reckon_targets(desk: Desk, _now: datetime) -> bool:
    with desk.database.reading() as session:
        found = around.without_target(session)
    if found:
        with desk.database.writing() as session:
            around.set_targets(session, found, desk.fixed.due)
    return bool(found)


def _raise_alerts(desk: Desk, now: datetime) -> bool:
    with desk.database.reading() as session:
        found = alerts.overdue(
            session, levels=desk.fixed.desk.alerts, channels=notify.channels(desk.settings), now=now,
            after=timedelta(seconds=desk.settings.alert_after_s),
        )  # fmt: skip
    if not found:
        return False
    with desk.database.writing() as session:
        return any([alerts.raise_alert(session, *one, now=now) for one in found])


async def deliver(desk: Desk) -> None:
    """Send the alerts whose next try is due.

    Raises:
        Unavailable: the database did not answer.
    """

    def due() -> list[alerts.Alert]:
        with desk.database.reading() as session:
            return alerts.pending(session, now=datetime.now(UTC))

    await asyncio.gather(*(_deliver(desk, alert) for alert in await to_thread.run_sync(due)))


async def _deliver(desk: Desk, alert: alerts.Alert) -> None:
    def take() -> bool:
        with desk.database.writing() as session:
            return alerts.take(session, alert, now=datetime.now(UTC))

    def finish(sent: bool) -> None:
        with desk.database.writing() as session:
            alerts.finish(session, alert, sent=sent, now=datetime.now(UTC))

    if await to_thread.run_sync(take):
        await to_thread.run_sync(finish, await notify.send(alert, desk.settings))
