"""How long the search takes as the store grows: the same questions against 1,000 and against 100,000 ways of asking."""

import statistics
import time
from dataclasses import replace

import numpy as np

from bot.content import files, search, store
from bot.content.catalogue import Catalogue
from bot.content.review import Standing, State
from bot.content.search import Index, Question
from bot.conversation.fixed import Fixed
from bot.encoder import Encoder, Vectors
from bot.settings import Settings

FEW, MANY = 1_000, 100_000
ROUNDS = 5
NOISE = 0.02
"""How far a made way of asking lies from a real one, per dimension: about as far as a rephrased question."""


def grown(catalogue: Catalogue, vectors: Vectors, size: int) -> tuple[Catalogue, Vectors]:
    """The catalogue with `size` ways of asking in all: some of its own, or its own and many near them."""
    owners = [topic.topic for _, topic in search.ways(catalogue)]
    dice = np.random.default_rng(0)
    own = {
        name: vectors[[place for place, owner in enumerate(owners) if owner == name]] for name in dict.fromkeys(owners)
    }
    each = -(-size // len(own))
    served, found = {}, []
    for name, known in own.items():
        near = known[dice.integers(0, len(known), each)] + dice.normal(0, NOISE, (each, known.shape[1]))
        made = np.concatenate([known, near])[:each] if each > len(known) else known[:each]
        found.append(made / np.linalg.norm(made, axis=1, keepdims=True))
        topic = catalogue.served[name]
        served[name] = replace(topic, questions=tuple(f"{name} {number}" for number in range(each - 2)))
    return replace(catalogue, served=served), np.concatenate(found).astype(np.float32)


def p50_ms(index: Index, questions: list[str], encoder: Encoder) -> tuple[float, float]:
    """Median milliseconds of a search: with the encoding of the question, and without."""
    whole, alone = [], []
    for _ in range(ROUNDS):
        for text in questions:
            started = time.perf_counter()
            vector = encoder.encode([text])
            between = time.perf_counter()
            index.rank(Question(text=text, vector=vector))
            ended = time.perf_counter()
            whole.append(ended - started)
            alone.append(ended - between)
    return statistics.median(whole) * 1000, statistics.median(alone) * 1000


def measure() -> dict[int, tuple[float, float]]:
    """For each size, the median milliseconds with and without the encoding of the question."""
    settings = Settings.read()
    fixed = Fixed.load(settings)
    drafts = files.read_drafts(settings.language_dir, lexicon=fixed.lexicon, closings=fixed.closings.ids)
    served = {one.id: store.serve(one, 1, Standing(State.DRAFT)) for one in drafts if one.questions}
    encoder = Encoder(settings.models_dir / "encoder")
    catalogue = Catalogue(version="bench", served=served)
    vectors = encoder.encode([way for way, _ in search.ways(catalogue)])
    questions = [one.questions[0] for one in served.values()]
    found = {}
    for size in (FEW, MANY):
        larger, near = grown(catalogue, vectors, size)
        found[size] = p50_ms(Index(larger, near, search.learn(larger, near)), questions, encoder)
    return found
