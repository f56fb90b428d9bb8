"""Takes in what messaging apps send: stored at once, its turn in the background, its reply in the outbox.

The provider gets its 200 when the message is committed. If this process then dies, another, or the next, answers it.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self, TypeVar

import structlog
from anyio import to_thread

from bot.conversation import contacts, turn
from bot.conversation.contacts import Arrival
from bot.conversation.message import Message
from bot.conversation.turn import ALARM_STORE_S, House, take_turn
from bot.errors import AxisError, Unavailable
from bot.gateway.api import REPLIES, UNSTORED
from bot.gateway.arrivals import Arrivals
from bot.gateway.channel import Incoming
from bot.gateway.connected import Connected
from bot.gateway.discretion import Discreet
from bot.gateway.limits import Rates
from bot.gateway.outbox import Outbox
from bot.safety.red_flags import Alarm

log = structlog.get_logger()
T = TypeVar("T")

LOOK_EVERY_S = 5.0
"""Seconds between looks for messages that a process left unanswered when it died."""

AT_ONCE = 20
TOLD_AT_MOST = 10_000
"""Ids of messages that were answered without the database: a provider sends them again until they can be stored."""

LEAVE_WITHIN_S = 2.0
"""Seconds that the turns under way get when the process ends; the rest is for the next."""


def patience(reply_limit_s: float) -> timedelta:
    """How long a turn can take at most, storing included; after it nobody is at it any more."""
    return timedelta(seconds=1.5 * reply_limit_s + 3)


class Reception:
    """The messaging apps of one web process.

    Args:
        house: what a turn works with.
        channels: the messaging apps that are connected, by name.
        outbox: delivers the replies.
        rates: how many messages one contact may send.
        language: of the words.
    """

    def __init__(
        self, house: House, channels: Mapping[str, Connected], outbox: Outbox, rates: Rates, *, language: str
    ) -> None:
        self.channels, self._house, self._outbox = channels, house, outbox
        self._patience = patience(house.reply_limit_s)
        self._arrivals = Arrivals(house.fixed, rates, language=language, patience=self._patience)
        discreet = replace(house, dialogue=Discreet(house.dialogue, house.fixed))
        self._houses = {name: house if where.full else discreet for name, where in channels.items()}
        self._turns: set[asyncio.Task[None]] = set()
        self._told: OrderedDict[tuple[str, str], None] = OrderedDict()

    async def __aenter__(self) -> Self:
        """Begin to deliver, and to look after what was left; nothing runs if no app is connected."""
        self._open = AsyncExitStack()
        self._watch: list[asyncio.Task[None]] = []
        if self.channels:
            await self._open.enter_async_context(self._outbox)
            self._watch = [asyncio.create_task(self._outbox.run()), asyncio.create_task(self._look_after())]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it; what is not done by then is done by whoever comes after."""
        if self._turns:
            await asyncio.wait(self._turns, timeout=LEAVE_WITHIN_S)
        for task in [*self._watch, *self._turns]:
            task.cancel()
        await asyncio.gather(*self._watch, *self._turns, return_exceptions=True)
        await self._open.aclose()

    async def take_in(self, where: Connected, batch: Sequence[Incoming]) -> None:
        """Commit all messages of a request; their turns begin in the background, in this order.

        Raises:
            Unavailable: not all could be stored; those that were not have been told so, and the provider sends the
                request again.
        """
        stored = True
        for incoming in batch:
            alarm = None if incoming.choice else self._house.fixed.alarm(incoming.text)
            stored = stored and await self._commit(where, incoming, alarm)
            if not stored:
                self._answer_unstored(where, incoming, alarm)
        self._outbox.wake()
        if not stored:
            raise Unavailable("the message could not be stored")

    async def _commit(self, where: Connected, incoming: Incoming, alarm: Alarm | None) -> bool:
        """Store one message and begin its turn; an emergency waits for the database no longer than on the web."""

        def work(session: Any) -> Arrival | None:
            return self._arrivals.take(session, where, incoming, alarm=alarm, now=datetime.now(UTC))

        try:
            async with asyncio.timeout(ALARM_STORE_S if alarm else None):
                arrival = await self._store(work)
        except (Unavailable, TimeoutError) as error:
            log.error("webhook.not_stored", channel=where.name, error=type(error).__name__)
            return False
        if arrival:
            self._begin(self._answer(arrival, alarm))
        return True

    def _answer_unstored(self, where: Connected, incoming: Incoming, alarm: Alarm | None) -> None:
        """Send what must be said although nothing can be stored, once for each message."""
        told = (where.name, incoming.message_id)
        if told in self._told:
            return
        self._told[told] = None
        if len(self._told) > TOLD_AT_MOST:
            self._told.popitem(last=False)
        fixed = self._house.fixed
        reply = fixed.alarm_reply(alarm, stored=False) if alarm else fixed.fallback("not_stored")
        self._begin(self._send_now(where, incoming.to, [self._arrivals.closed(reply)]))

    async def _answer(self, arrival: Arrival, alarm: Alarm | None) -> None:
        """One message's turn; the same spine as on the web."""
        who = (arrival.conversation_id, arrival.token, arrival.client_id)
        try:
            outcome = await take_turn(
                turn.Incoming(*who, alarm, text=arrival.typed), house=self._houses[arrival.channel]
            )
        except Unavailable as error:  # it stays where it is, and is looked after later
            log.error("webhook.unanswered", channel=arrival.channel, error=type(error).__name__)
            return
        except AxisError as error:  # erased meanwhile
            log.info("webhook.gone", channel=arrival.channel, error=type(error).__name__)
        else:
            for message in outcome.messages:
                REPLIES.labels(message.kind).inc()
            if not outcome.stored:
                await self._send_now(self.channels[arrival.channel], arrival.address, outcome.messages)
                return
        self._outbox.wake()
        await self._store(lambda session: contacts.answered(session, arrival))

    async def _send_now(self, where: Connected, address: str, messages: Sequence[Message]) -> None:
        UNSTORED.inc()
        for message in messages:
            await self._outbox.send_now(where, address, message)

    async def _look_after(self) -> None:
        """Answer what a process left unanswered when it died, from the first moment on."""
        while True:
            try:
                for arrival in await self._store(self._left_over):
                    alarm = self._house.fixed.alarm(arrival.typed) if arrival.typed else None
                    self._begin(self._answer(arrival, alarm))
            except Exception as error:  # one that ends would leave messages unanswered until the next start
                log.error("webhook.look_failed", error=type(error).__name__)
            await asyncio.sleep(LOOK_EVERY_S)

    def _left_over(self, session: Any) -> list[Arrival]:
        now = datetime.now(UTC)
        found = contacts.unanswered(session, channels=self.channels, now=now, until=now + self._patience, most=AT_ONCE)
        if found:
            log.warning("webhook.left_over", count=len(found))
        return found

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._turns.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._turns.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("webhook.turn_failed", error=type(error).__name__)

    async def _store(self, work: Callable[[Any], T]) -> T:
        def run() -> T:
            with self._house.database.writing() as session:
                return work(session)

        return await to_thread.run_sync(run, limiter=self._house.storing, abandon_on_cancel=True)
