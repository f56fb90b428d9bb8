"""The vetted texts as the desk reads them out: kept up to date, and searched by asking the action server.

The encoder lives in the action server alone, so the search is asked for over loopback (docs/decisions/0017-phone.md).
Which text may be served, and its words, come from the database in any case. Without an answer the texts about what was
named are given, and the page says so.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime
from threading import Lock
from typing import Any

import httpx2
import structlog
from pydantic import BaseModel, ValidationError

from bot.content import store
from bot.content.catalogue import Catalogue, Served
from bot.database import Database
from bot.settings import Settings

log = structlog.get_logger()

SEARCH_LIMIT_S = 1.5
"""Seconds that the search may take: it takes hundredths; somebody is on the telephone."""
KEEP_ALIVE_S = 3.0
"""Seconds that an idle connection is kept: fewer than Sanic's 5."""
MOST_TEXTS = 4


class Nearest(BaseModel):
    """A topic that the search found; `sure` when it would be given as the answer without asking back."""

    topic: str
    sure: bool


class Answer(BaseModel):
    """What the action server's search says, the nearest first."""

    nearest: list[Nearest]


@dataclass(frozen=True, slots=True)
class Volume:
    """A text that was found.

    Attributes:
        withheld: it is being checked again, so that nobody may read it out.
    """

    topic: Served
    sure: bool
    withheld: bool


@dataclass(frozen=True, slots=True)
class Found:
    """The texts for a question; `by_meaning` is False when the action server did not answer."""

    volumes: tuple[Volume, ...]
    by_meaning: bool


class Shelf:
    """The vetted store of one web process.

    Args:
        database: where the texts lie.
        settings: the mode, the action server's port, and the secret.
    """

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database, self._mode = database, settings.mode
        self._url = f"http://127.0.0.1:{settings.actions_port}/axis/search"
        self._client = httpx2.Client(
            headers={"Authorization": f"Bearer {settings.internal_secret.get_secret_value()}"},
            timeout=SEARCH_LIMIT_S,
            limits=httpx2.Limits(keepalive_expiry=KEEP_ALIVE_S),
        )
        self._loaded: tuple[str, date] | None = None
        self._catalogue = Catalogue(version="")
        self._lock = Lock()

    def catalogue(self) -> Catalogue:
        """What may be said now.

        Raises:
            Unavailable: the database did not answer.
        """
        today = datetime.now(UTC).date()
        with self._database.glancing() as connection:
            current = (store.version(connection), today)
        with self._lock:
            if current != self._loaded:
                with self._database.reading() as session:
                    self._catalogue = store.load_catalogue(session, mode=self._mode, today=today)
                self._loaded = current
            return self._catalogue

    def find(self, text: str, terms: Collection[str]) -> Found:
        """The texts nearest to a question.

        Args:
            text: what the caller said.
            terms: ids of what it names, for when the search does not answer.

        Raises:
            Unavailable: the database did not answer.
        """
        catalogue = self.catalogue()
        answer = self._ask(text)
        if answer is None:
            return Found(_by_name(catalogue, frozenset(terms)), by_meaning=False)
        volumes = [_volume(catalogue, one.topic, sure=one.sure) for one in answer.nearest]
        return Found(tuple(one for one in volumes if one)[:MOST_TEXTS], by_meaning=True)

    def _ask(self, text: str) -> Answer | None:
        """What the action server finds; None if it does not answer."""
        try:
            response = self._client.post(self._url, json={"text": text})
            response.raise_for_status()
            return Answer.model_validate(_json(response))
        except (httpx2.HTTPError, ValidationError) as error:
            log.error("desk.search_unavailable", error=type(error).__name__)
            return None


def _json(response: httpx2.Response) -> Any:
    """A response's JSON; None, which fits nothing, where it is none."""
    try:
        return response.json()
    except ValueError:
        return None


def _volume(catalogue: Catalogue, topic: str, *, sure: bool) -> Volume | None:
    if served := catalogue.served.get(topic):
        return Volume(served, sure=sure, withheld=False)
    held = catalogue.withheld.get(topic)
    return Volume(held, sure=sure, withheld=True) if held else None


def _by_name(catalogue: Catalogue, terms: frozenset[str]) -> tuple[Volume, ...]:
    """Texts about what was named: the more of it the better, and the fewer other things the better."""
    about = [topic for topic in catalogue.served.values() if topic.questions and topic.tags & terms]
    about.sort(key=lambda topic: (-len(topic.tags & terms), len(topic.tags - terms), topic.topic))
    return tuple(Volume(topic, sure=False, withheld=False) for topic in about[:MOST_TEXTS])
