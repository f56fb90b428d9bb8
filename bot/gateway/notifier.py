"""Tells another program about tickets: a task of the web process, at least once each, with any number of processes."""

import asyncio
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self, TypeVar

import aiohttp
import structlog
from anyio import to_thread

from bot.conversation import case
from bot.database import SESSION, Database
from bot.errors import AxisError, NotFound
from bot.settings import Settings
from bot.triage import fhir, notices, webhook
from bot.triage.webhook import Notice

log = structlog.get_logger()

LOOK_EVERY_S = 2.0
"""Seconds between two looks for something new: an emergency's notice is at most so late."""

LIMIT_S = 10.0
"""Seconds that the receiver may take."""

LEASE_S = 60.0
"""Seconds for which a notice is one process's own: longer than everything that one try may take."""

OK = range(200, 300)

T = TypeVar("T")


class Notifier:
    """Sends notices while it is entered; does nothing where no webhook is set.

    Args:
        database: holds tickets and notices.
        settings: where to, with which secret, and how much.
        clock: the present instant.
    """

    def __init__(
        self, database: Database, settings: Settings, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._database, self._settings, self._now = database, settings, clock
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Begin."""
        if self._settings.webhook_url:
            limit = aiohttp.ClientTimeout(total=LIMIT_S)
            self._client = aiohttp.ClientSession(timeout=limit, cookie_jar=aiohttp.DummyCookieJar())
            self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop; what was under way is tried again after its lease."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            await self._client.close()

    async def _run(self) -> None:
        while True:
            try:
                await self._look()
            except Exception as error:  # the queue is what counts: a fault here must not end all further notices
                log.error("webhook.look_failed", error=type(error).__name__)
            await asyncio.sleep(LOOK_EVERY_S)

    async def _look(self) -> None:
        """Note what has changed, and send what is due until one fails: then the receiver is given time."""
        if not await self._reading(lambda session: notices.anything(session, now=self._now())):
            return
        await self._writing(lambda session: notices.note_changes(session, now=self._now()))
        if lost := await self._writing(lambda session: notices.give_up(session, now=self._now())):
            log.error("webhook.given_up", count=lost)
        while notice := await self._writing(lambda session: notices.take(session, now=self._now(), lease_s=LEASE_S)):
            if not await self._send(notice):
                return

    async def _send(self, notice: Notice) -> bool:
        """Try once; says whether this notice is done with."""
        try:
            body = await self._reading(lambda session: self._body(session, notice))
            status, error = await self._post(notice, body), ""
        except NotFound:
            return True  # erased meanwhile, and its notices with it
        except (AxisError, aiohttp.ClientError, TimeoutError) as raised:
            status, error = 0, type(raised).__name__
        about = {"ticket": notice.ticket_id, "kind": notice.event, "attempt": notice.attempt, "status": status}
        if status in OK or status == webhook.GONE:
            how = "gone" if status == webhook.GONE else "delivered"
            await self._writing(lambda session: notices.end(session, notice, how))
            log.info(f"webhook.{how}", **about)
            return True
        wait = timedelta(seconds=webhook.wait_s(notice.attempt, chance=random.random()))  # noqa: S311 - no secret
        await self._writing(lambda session: notices.postpone(session, notice, until=self._now() + wait))
        log.warning("webhook.failed", seconds=round(wait.total_seconds()), error=error, **about)
        return False

    def _body(self, session: SESSION, notice: Notice) -> bytes:
        """What is sent; the whole ticket is read now, so that it is as it stands."""
        link = f"{self._settings.public_url.rstrip('/')}/desk/tickets/{notice.ticket_id}"
        whole = ""
        if self._settings.webhook_full:
            found = case.read(session, notice.ticket_id)
            whole = fhir.to_bundle(found, at=self._now()).model_dump_json()
        return webhook.body(notice, link=link, fhir=whole)

    async def _post(self, notice: Notice, body: bytes) -> int:
        """The receiver's status; what it says besides is not read, and where it sends us we do not go."""
        secret = self._settings.webhook_secret
        headers = webhook.headers(notice, body, secret=secret, at=self._now())
        url = self._settings.webhook_url
        async with self._client.post(url, data=body, headers=headers, allow_redirects=False) as response:
            return response.status

    async def _reading(self, work: Callable[[SESSION], T]) -> T:
        def run() -> T:
            with self._database.reading() as session:
                return work(session)

        return await to_thread.run_sync(run)

    async def _writing(self, work: Callable[[SESSION], T]) -> T:
        def run() -> T:
            with self._database.writing() as session:
                return work(session)

        return await to_thread.run_sync(run)
