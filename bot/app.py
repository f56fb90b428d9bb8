"""The web process, put together: settings in, FastAPI application out. The only place that builds things."""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import structlog
import uvicorn
from anyio import to_thread
from fastapi import FastAPI

from bot import log, translation
from bot.content import governance, record
from bot.conversation import privacy
from bot.conversation.bell import Bell
from bot.conversation.fixed import Fixed
from bot.conversation.turn import House
from bot.database import Database
from bot.desk import pages, phone, provider, sessions, watch
from bot.errors import AxisError
from bot.gateway import api, keepsakes, operation, problems, site, webhooks
from bot.gateway.connected import connected
from bot.gateway.limits import Headers, Origins, Rates, Receive, Scope, Send, SizeLimit
from bot.gateway.notifier import Notifier
from bot.gateway.outbox import Outbox
from bot.gateway.rasa import RasaDialogue
from bot.gateway.reception import Reception
from bot.settings import Settings

logger = structlog.get_logger()

RETENTION_EVERY_S = 3600.0


def from_environment() -> FastAPI:
    """The application as this process's environment sets it; what uvicorn calls.

    Raises:
        DataError: a setting or a file is wrong.
    """
    log.configure("web")
    return create(Settings.read())


def create(settings: Settings) -> FastAPI:
    """The application.

    Args:
        settings: everything that the operator chose.

    Raises:
        DataError: a file is wrong; nothing is served then.
    """
    fixed = Fixed.load(settings)
    database = Database(settings.resolved_database_url, limit_s=settings.store_limit_s)
    dialogue = RasaDialogue(
        f"http://127.0.0.1:{settings.rasa_port}", settings.internal_secret, limit_s=settings.reply_limit_s
    )
    bell = Bell()
    house = House(
        database=database, dialogue=dialogue, fixed=fixed, reply_limit_s=settings.reply_limit_s, changed=bell.ring
    )
    app = FastAPI(title="Axis", version="1", lifespan=_lifespan, docs_url=None, redoc_url=None)
    rates = Rates(settings)
    app.state.api = api.Api(house=house, rates=rates, bell=bell)
    app.state.reception = _reception(settings, house, rates)
    app.state.database, app.state.dialogue, app.state.mode = database, dialogue, settings.mode
    app.state.notifier = Notifier(database, settings)
    app.state.desk = pages.Desk(
        database=database, settings=settings, fixed=fixed, bell=bell, provider=provider.of(settings)
    )
    translation.speak(settings.language, settings.language_dir)
    app.state.phone = phone.Phone.build(settings, fixed=fixed, database=database)
    for router in (api.router, keepsakes.router, webhooks.router, operation.router, site.router, pages.build()):
        app.include_router(router)
    problems.install(app, fixed)
    app.add_middleware(SizeLimit, refuse=_refuse_size(fixed))
    app.add_middleware(Origins, origins=settings.origins)
    app.add_middleware(Headers)
    return app


def _reception(settings: Settings, house: House, rates: Rates) -> Reception:
    """The messaging apps that are connected, with the outbox that their replies go through."""
    channels = connected(settings, house.fixed.words)
    outbox = Outbox(
        house.database, channels, attempts=settings.outbox_attempts, first_wait_s=settings.outbox_first_wait_s
    )
    return Reception(house, channels, outbox, rates, language=settings.language)


def _refuse_size(fixed: Fixed) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
        detail = "a request's body may have 64 KiB"
        response = problems.problem(problems.TOO_LARGE, "Too large", detail, fixed=fixed)
        await response(scope, receive, send)  # type: ignore[arg-type]

    return refuse


def _note_revisions(app: FastAPI) -> None:
    """Learn under which numbers the store holds the fixed texts; without the database they are said all the same."""
    fixed: Fixed = app.state.api.house.fixed
    try:
        with app.state.database.reading() as session:
            fixed.note_revisions(record.numbers(session, fixed.drafts()))
    except AxisError as error:
        logger.error("fixed_texts.unnumbered", error=type(error).__name__)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    _note_revisions(app)
    tasks = [asyncio.create_task(_enforce_retention(app)), asyncio.create_task(watch.run(app.state.desk))]
    gc.collect()
    gc.freeze()  # rules, texts and routes live as long as the process: looking through them for garbage only costs time
    async with app.state.dialogue, app.state.reception, app.state.notifier:
        yield
    for task in tasks:
        task.cancel()
    app.state.database.close()


async def _enforce_retention(app: FastAPI) -> None:
    """Erase old conversations and expired sessions, every hour."""
    keep = timedelta(days=app.state.api.house.fixed.clinic.retention_days)
    while True:
        try:
            count = await to_thread.run_sync(
                lambda: privacy.enforce_retention(app.state.database, keep=keep, now=datetime.now(UTC))
            )
            logger.info("retention.done", count=count)
            await to_thread.run_sync(_give_tasks, app.state.database)
            await to_thread.run_sync(_end_sessions, app.state.desk)
        except AxisError as error:
            logger.error("retention.failed", error=type(error).__name__)
        await asyncio.sleep(RETENTION_EVERY_S)


def _give_tasks(database: Database) -> None:
    """Give the owners of overdue texts their task."""
    now = datetime.now(UTC)
    with database.writing() as session:
        governance.note_expired(session, today=now.date(), now=now)


def _end_sessions(desk: pages.Desk) -> None:
    """Delete staff's sessions that have expired."""
    with desk.database.writing() as session:
        sessions.clean(session, now=datetime.now(UTC), idle=desk.rules.idle)


def main() -> None:
    """Serve until stopped: `python -m bot.app`; `axis run` does."""
    settings = Settings.read()
    uvicorn.run(
        "bot.app:from_environment",
        factory=True,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # whose X-Forwarded-For is believed, AXIS_TRUSTED_PROXIES alone says
        ws="none",
        timeout_graceful_shutdown=3,
    )


if __name__ == "__main__":
    main()
