"""What all actions work with: the fixed texts, the encoder, and the store's catalogue, kept up to date by itself."""

from datetime import UTC, date, datetime
from functools import cache

import numpy as np

from bot.content import record, store
from bot.content.catalogue import Catalogue, Served
from bot.content.glossary import Glossary
from bot.content.learned import prepare
from bot.content.search import Index, Match, Question
from bot.conversation.fixed import Fixed
from bot.conversation.message import Offer
from bot.database import Database
from bot.encoder import SIZE, Encoder
from bot.settings import Settings
from bot.triage import calendar


class Shop:
    """The vetted store as the actions see it.

    Args:
        settings: where everything lies.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._database = Database(settings.resolved_database_url, limit_s=settings.store_limit_s)
        self.encoder = Encoder(settings.models_dir / "encoder")
        self.fixed = Fixed.load(settings)
        self._hours = calendar.FILE
        self._loaded: tuple[str, date] | None = None
        self.catalogue = Catalogue(version="")
        self.glossary = Glossary(self.catalogue)
        self._index = Index(self.catalogue, nothing := np.zeros((0, SIZE), np.float32), nothing)

    def refresh(self) -> None:
        """Read what may be said now, at the beginning of a turn: a text approved a moment ago counts.

        Raises:
            Unavailable: the database did not answer; nothing is served from memory then, since a text may have been
                withdrawn.
        """
        today = datetime.now(UTC).date()
        with self._database.glancing() as connection:
            current, hours = (store.version(connection), today), calendar.latest(connection)
        if hours != self._hours:
            with self._database.reading() as session:
                self.fixed.note_hours(calendar.version(session, hours).hours)
            self._hours = hours
        if current == self._loaded:
            return
        with self._database.reading() as session:
            catalogue = store.load_catalogue(session, mode=self._settings.mode, today=today)
            self.fixed.note_revisions(record.numbers(session, self.fixed.drafts()))
        self._index = prepare(self._database, catalogue, self.encoder)
        self.catalogue, self.glossary = catalogue, Glossary(catalogue)
        self._loaded = current

    def rank(self, question: Question) -> list[Match]:
        """The topics that may answer a question, the likeliest first."""
        return self._index.rank(question)

    def topic(self, topic_id: str) -> Served | None:
        """A topic that may be served, if there is one of this id."""
        return self.catalogue.served.get(topic_id)

    def known(self, topic_id: str) -> Served | None:
        """A topic of this id, also one that is held back; `show` then says so."""
        return self.topic(topic_id) or self.catalogue.withheld.get(topic_id)


@cache
def shop() -> Shop:
    """The one shop of this process, made at its start."""
    return Shop(Settings.read())


def offer_person(with_shop: Shop) -> Offer:
    """The button that asks for a person."""
    return Offer(title=with_shop.fixed.words.phrase("button_person"), intent="ask_for_person")
