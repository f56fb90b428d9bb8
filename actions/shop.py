"""What all actions work with: the fixed texts, the encoder, and the store's catalogue, kept up to date by itself."""

from datetime import UTC, date, datetime
from functools import cache

import numpy as np

from bot.content import search, store
from bot.content.catalogue import Catalogue, Served
from bot.content.search import Index, Match, Question
from bot.conversation.fixed import Fixed
from bot.database import Database
from bot.encoder import SIZE, Encoder
from bot.settings import Settings


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
        self._loaded: tuple[str, date] | None = None
        self.catalogue = Catalogue(version="")
        self._index = Index(self.catalogue, np.zeros((0, SIZE), np.float32))

    def refresh(self) -> None:
        """Read what may be said now, at the beginning of a turn: a text approved a moment ago counts.

        Raises:
            Unavailable: the database did not answer; nothing is served from memory then, since a text may have been
                withdrawn.
        """
        today = datetime.now(UTC).date()
        with self._database.reading() as session:
            current = (store.version(session), today)
            if current == self._loaded:
                return
            catalogue = store.load_catalogue(session, mode=self._settings.mode, today=today)
            texts = [way for way, _ in search.ways(catalogue)]
            known = store.vectors(session, texts, encoder=self.encoder.sha256)
        missing = {text: self.encoder.encode([text])[0] for text in texts if text not in known}
        if missing:
            with self._database.writing() as session:
                store.keep_vectors(session, missing, encoder=self.encoder.sha256)
        vectors = [{**known, **missing}[text] for text in texts] or [np.zeros(SIZE, np.float32)]
        self.catalogue, self._index = catalogue, Index(catalogue, np.stack(vectors))
        self._loaded = current

    def rank(self, question: Question) -> list[Match]:
        """The topics that may answer a question, the likeliest first."""
        return self._index.rank(question)

    def topic(self, topic_id: str) -> Served | None:
        """A topic that may be served, if there is one of this id."""
        return self.catalogue.served.get(topic_id)


@cache
def shop() -> Shop:
    """The one shop of this process, made at its start."""
    return Shop(Settings.read())
