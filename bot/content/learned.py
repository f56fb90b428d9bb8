"""What the search has learned, kept in the database: vectors of the ways of asking, and the classifier's weights.

Both are caches that can be made again; they are kept so that a start, and a text that changes, take no seconds.
"""

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import LargeBinary, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.content.catalogue import Catalogue
from bot.content.search import Index, Weights, learn, ways
from bot.content.topic import sha256
from bot.database import Base, Database
from bot.encoder import SIZE, Encoder


class VectorRow(Base):
    """The vector of one way of asking, float32, (384,), for one encoder."""

    __tablename__ = "question_vectors"
    text_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    encoder_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    vector: Mapped[bytes] = mapped_column(LargeBinary)


class WeightsRow(Base):
    """The classifier's weights, float32, (385, topics), for one set of ways of asking."""

    __tablename__ = "search_weights"
    ways_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    weights: Mapped[bytes] = mapped_column(LargeBinary)


def prepare(database: Database, catalogue: Catalogue, encoder: Encoder) -> Index:
    """The index of a catalogue; whatever is missing for it is made and kept.

    Raises:
        Unavailable: the database did not answer.
    """
    found = ways(catalogue)
    texts = [text for text, _ in found]
    print_of_all = sha256("\n".join([encoder.sha256, *(f"{topic.topic}\t{text}" for text, topic in found)]))
    with database.reading() as session:
        known = _vectors(session, texts, encoder=encoder.sha256)
        row = session.get(WeightsRow, print_of_all)
    new = {text: encoder.encode([text])[0] for text in texts if text not in known}
    vectors = np.stack([{**known, **new}[text] for text in texts]) if texts else np.zeros((0, SIZE), np.float32)
    weights = _unpacked(row.weights) if row else learn(catalogue, vectors)
    if new or row is None:
        with database.writing() as session:
            for text, vector in new.items():
                kept = VectorRow(text_sha256=sha256(text), encoder_sha256=encoder.sha256, vector=vector.tobytes())
                session.merge(kept)
            session.merge(WeightsRow(ways_sha256=print_of_all, weights=weights.tobytes()))
    return Index(catalogue, vectors, weights)


def _vectors(session: Session, texts: list[str], *, encoder: str) -> dict[str, NDArray[np.float32]]:
    """The kept vectors of those of the texts that have one."""
    wanted = {sha256(text): text for text in texts}
    rows = session.scalars(select(VectorRow).where(VectorRow.encoder_sha256 == encoder))
    return {wanted[row.text_sha256]: np.frombuffer(row.vector, np.float32) for row in rows if row.text_sha256 in wanted}


def _unpacked(kept: bytes) -> Weights:
    return np.frombuffer(kept, np.float32).reshape(SIZE + 1, -1)
