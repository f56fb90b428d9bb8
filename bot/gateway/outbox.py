"""Delivers what lies in the outbox to the messaging apps: retrying, in order for each contact, at least once.

None of the five providers documents a key by which it would drop a repeated call, so a process that is killed between
a provider's answer and our note of it sends that one part again (docs/decisions/0014-channels.md).
"""

import asyncio
import random
import time
from collections import Counter as Counting
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self, TypeVar

import anyio
import httpx2
import structlog
from anyio import to_thread
from prometheus_client import Counter

from bot.conversation import outgoing
from bot.conversation.message import Message
from bot.conversation.outgoing import Parcel, Standing
from bot.database import Database
from bot.gateway.channel import Answer, Call, Fate, Verdict
from bot.gateway.connected import Connected

log = structlog.get_logger()
T = TypeVar("T")

POLL_S = 1.0
"""Seconds after which the outbox is looked into unasked: another process may have put something there."""

CALL_S = 10.0
"""Seconds that a provider's API may take."""

LEASE = timedelta(seconds=15)
"""How long a message is ours before others may take it over; longer than a call, and renewed with every part."""

AT_ONCE = 20
"""Messages that are on their way to one provider."""

LONGEST_WAIT_S = 600.0
LONGEST_ASKED_S = 3600.0
"""Seconds that a provider may ask us to wait; we do not believe more."""

DIRECT_ATTEMPTS = 3
"""Of words that could not be stored: nothing would remember to try longer."""

DELIVERIES = Counter("axis_deliveries_total", "Calls to messaging apps, by what became of them", ["channel", "fate"])


class Outbox:
    """The worker of one web process.

    Args:
        database: where the outbox is.
        channels: the messaging apps that are connected.
        attempts: how often a message is tried.
        first_wait_s: before the second try; each further wait is twice as long.
    """

    def __init__(
        self, database: Database, channels: Mapping[str, Connected], *, attempts: int, first_wait_s: float
    ) -> None:
        self._database, self._channels = database, channels
        self._attempts, self._first_wait_s = attempts, first_wait_s
        self._storing = anyio.CapacityLimiter(2)
        self._something_new = asyncio.Event()
        self._under_way: dict[asyncio.Task[None], str] = {}

    async def __aenter__(self) -> Self:
        """Open the connections."""
        self._client = httpx2.AsyncClient(timeout=CALL_S)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close them."""
        await self._client.aclose()

    def wake(self) -> None:
        """Look into the outbox now."""
        self._something_new.set()

    async def run(self) -> None:
        """Deliver until cancelled; what is under way then is left to whoever comes after."""
        try:
            while True:
                try:
                    busy = await self._begin_due()
                except Exception as error:  # a worker that ends would leave every patient without a reply
                    log.error("outbox.look_failed", error=type(error).__name__)
                    busy = False
                if not busy:
                    await self._rest()
        finally:
            for task in list(self._under_way):
                task.cancel()

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(POLL_S):
                await self._something_new.wait()
        except TimeoutError:
            pass
        self._something_new.clear()

    async def _begin_due(self) -> bool:
        """Begin to deliver the next message of each contact that has one due; a slow provider holds up only its own.

        Returns:
            Whether there was anything.

        Raises:
            Unavailable: the database did not answer.
        """
        busy = Counting(self._under_way.values())
        free = [name for name in self._channels if busy[name] < AT_ONCE]
        if not await self._store(lambda session: outgoing.due(session, channels=free, now=datetime.now(UTC))):
            return False
        parcels = await self._store(lambda session: self._lease(session, free))
        for parcel in parcels:
            task = asyncio.create_task(self._deliver(parcel))
            self._under_way[task] = parcel.channel
            task.add_done_callback(self._ended)
        return bool(parcels)

    def _lease(self, session: Any, channels: list[str]) -> list[Parcel]:
        now = datetime.now(UTC)
        return outgoing.lease(session, channels=channels, now=now, until=now + LEASE, most=AT_ONCE)

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._under_way[task]
        if not task.cancelled() and (error := task.exception()):  # its lease runs out, and it is tried again
            log.error("outbox.failed", error=type(error).__name__)
        self.wake()  # the next message to the same contact may go

    async def _deliver(self, parcel: Parcel) -> None:
        """Send what is left of a message, noting each part that the provider has taken."""
        where = self._channels[parcel.channel]
        if parcel.attempts > self._attempts:  # earlier tries ended with their process
            await self._give_up(parcel)
            return
        calls = where.channel.render(parcel.message, to=parcel.address, access=where.access)
        for number, call in enumerate(calls[parcel.sent_parts :], start=parcel.sent_parts + 1):
            verdict = await self._call(where, call)
            if verdict.fate is not Fate.SENT:
                await self._failed(parcel, verdict)
                return
            if not await self._note(parcel, number):
                return
        await self._store(lambda session: outgoing.finish(session, parcel, Standing.DELIVERED))

    async def _note(self, parcel: Parcel, number: int) -> bool:
        until = datetime.now(UTC) + LEASE
        return await self._store(lambda session: outgoing.sent(session, parcel, parts=number, until=until))

    async def _failed(self, parcel: Parcel, verdict: Verdict) -> None:
        if verdict.fate is Fate.REFUSED or parcel.attempts >= self._attempts:
            await self._give_up(parcel)
            return
        wait_s = max(self._wait_s(parcel.attempts), min(verdict.wait_s, LONGEST_ASKED_S))
        due_at = datetime.now(UTC) + timedelta(seconds=wait_s)
        log.warning("outbox.postponed", channel=parcel.channel, attempt=parcel.attempts, seconds=round(wait_s))
        await self._store(lambda session: outgoing.postpone(session, parcel, due_at=due_at))
        asyncio.get_running_loop().call_later(wait_s, self.wake)

    async def _give_up(self, parcel: Parcel) -> None:
        kind = str(parcel.message.kind)
        log.error("outbox.given_up", channel=parcel.channel, attempt=parcel.attempts, kind=kind)
        await self._store(lambda session: outgoing.finish(session, parcel, Standing.GIVEN_UP))

    def _wait_s(self, attempts: int) -> float:
        """Twice as long each time, and between half and the whole of it, so that not all come back at once."""
        longest = min(LONGEST_WAIT_S, self._first_wait_s * 2.0 ** (attempts - 1))
        return longest * random.uniform(0.5, 1.0)  # noqa: S311 - no secret depends on it

    async def send_now(self, where: Connected, address: str, message: Message) -> None:
        """Send words that could not be stored, with a few tries and no promise."""
        for call in where.channel.render(message, to=address, access=where.access):
            for attempt in range(1, DIRECT_ATTEMPTS + 1):
                verdict = await self._call(where, call)
                if verdict.fate is not Fate.LATER:
                    break
                await asyncio.sleep(self._wait_s(attempt))
            if verdict.fate is not Fate.SENT:
                log.error("outbox.given_up", channel=where.name, kind=str(message.kind))
                return

    async def _call(self, where: Connected, call: Call) -> Verdict:
        """One call, and what became of it. The log never has an address, a token or a word of it."""
        status, error = 0, None
        try:
            answer = await self._client.post(call.url, headers=dict(call.headers), data=call.form, json=call.json)
        except httpx2.HTTPError as problem:
            verdict, error = Verdict(Fate.LATER), type(problem).__name__
        else:
            status = answer.status_code
            headers = {name.lower(): value for name, value in answer.headers.items()}
            verdict = where.channel.judge(Answer(status, headers, answer.content, time.time()))
        DELIVERIES.labels(where.name, verdict.fate).inc()
        if verdict.fate is not Fate.SENT:
            log.warning("outbox.call_failed", channel=where.name, status=status, error=error)
        return verdict

    async def _store(self, work: Callable[[Any], T]) -> T:
        def run() -> T:
            with self._database.writing() as session:
                return work(session)

        return await to_thread.run_sync(run, limiter=self._storing)
