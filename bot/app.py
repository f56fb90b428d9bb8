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

from bot import log
from bot.content import governance, record
from bot.conversation import privacy
from bot.conversation.fixed import Fixed
from bot.conversation.turn import House
from bot.database import Database
from bot.desk import pages
from bot.errors import AxisError
from bot.gateway import api, operation, problems, site
from bot.gateway.events import Bell
from bot.gateway.limits import Headers, Rates, Receive, Scope, Send, SizeLimit
from bot.gateway.rasa import RasaDialogue
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
    app.state.api = api.Api(house=house, rates=Rates(settings), bell=bell)
    app.state.database, app.state.dialogue, app.state.mode = database, dialogue, settings.mode
    app.state.desk = pages.Desk(database=database, settings=settings)
    for router in (api.router, operation.router, site.router, pages.build()):
        app.include_router(router)
    problems.install(app, fixed)
    app.add_middleware(SizeLimit, refuse=_refuse_size(fixed))
    app.add_middleware(Headers)
    return app


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
    retention = asyncio.create_task(_enforce_retention(app))
    gc.collect()
    gc.freeze()  # rules, texts and routes live as long as the process: looking through them for garbage only costs time
    async with app.state.dialogue:
        yield
    retention.cancel()
    app.state.database.close()


async def _enforce_retention(app: FastAPI) -> None:
    """Erase old conversations, every hour."""
    keep = timedelta(days=app.state.api.house.fixed.clinic.retention_days)
    while True:
        try:
            count = await to_thread.run_sync(
                lambda: privacy.enforce_retention(app.state.database, keep=keep, now=datetime.now(UTC))
            )
            logger.info("retention.done", count=count)
            await to_thread.run_sync(_give_tasks, app.state.database)
        except AxisError as error:
            logger.error("retention.failed", error=type(error).__name__)
        await asyncio.sleep(RETENTION_EVERY_S)


def _give_tasks(database: Database) -> None:
    """Give the owners of overdue texts their task."""
    now = datetime.now(UTC)
    with database.writing() as session:
        governance.note_expired(session, today=now.date(), now=now)


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
        ws="none",
        timeout_graceful_shutdown=3,
    )


if __name__ == "__main__":
    main()
