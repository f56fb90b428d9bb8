"""What the tests of messaging apps share: the providers' server, and an application that is connected to it."""

import io
import logging
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from fastapi.testclient import TestClient
from sqlalchemy import text as sql

from bot import log
from bot.app import create
from bot.conversation.fixed import Fixed
from bot.database import Database
from bot.settings import Settings
from tests.gateway.channels.providers import Town, body_of, payload, signed, town_running, written

on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
"""For what depends on the provider and not on the database; what depends on both kinds of it runs on both."""


class App:
    """An application, and the providers that knock at it."""

    def __init__(self, client: TestClient) -> None:
        self.client, self.number = client, 0

    def post(self, channel: str, content: dict[str, Any] | bytes, **headers: str) -> Any:
        """One signed request."""
        body = content if isinstance(content, bytes) else body_of(channel, content)
        return self.client.post(f"/webhooks/{channel}", content=body, headers={**signed(channel, body), **headers})

    def recorded(self, name: str) -> Any:
        """A recorded request."""
        return self.post(name.split("/", maxsplit=1)[0], payload(name))

    def say(self, channel: str, text: str, *, contact: int = 1) -> Any:
        """A patient writes something new."""
        self.number += 1
        answer = self.post(channel, written(channel, text, number=self.number, contact=contact))
        assert answer.status_code == 200, answer.text
        return answer


@pytest.fixture
def town() -> Iterator[Town]:
    with town_running() as running:
        yield running


@pytest.fixture
def connected_settings(database: Database, settings: Settings, town: Town) -> Settings:
    url = database.url.render_as_string(hide_password=False)
    return town.settings(settings, database_url=url)


@pytest.fixture
def app(connected_settings: Settings) -> Iterator[App]:
    with TestClient(create(connected_settings), raise_server_exceptions=False) as client:
        yield App(client)


@pytest.fixture
def logged() -> Iterator[Callable[[], str]]:
    """Logging as in the web process; gives all that was written so far."""
    root, written = logging.getLogger(), io.StringIO()
    handlers, level = root.handlers, root.level
    log.configure("web")
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(written))
    yield written.getvalue
    structlog.contextvars.clear_contextvars()
    structlog.reset_defaults()
    logging.captureWarnings(capture=False)
    root.handlers, root.level = handlers, level


def table(database: Database, name: str) -> list[Any]:
    """All rows of a table."""
    with database.reading() as session:
        return list(session.execute(sql(f"SELECT * FROM {name}")).mappings())


def closes(text: str, fixed: Fixed) -> bool:
    """Whether words end with a referral."""
    return any(text.endswith(fixed.closing(name).text) for name in fixed.closings.ids)


def eventually(condition: Callable[[], Any], *, within_s: float = 10.0) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
