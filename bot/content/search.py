"""Which topic answers a question: by meaning, then by words, drugs and the sort of question. Pure.

The candidates are the ways of asking nearest in meaning; among them the words shared, the terms named and the kind of
question decide. The weights were chosen by leaving each way of asking out and looking for its own topic
(docs/decisions/0005-search.md); no evaluation phrase was used.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from rapidfuzz import fuzz

from bot.content.catalogue import Catalogue, Served
from bot.encoder import Vectors

CANDIDATES = 60
"""Ways of asking that are looked at closely."""

WORDS_WEIGHT = 0.25
NAMED_BONUS = 0.08
"""For each term of the question that the topic is about."""
STRANGER_PENALTY = 0.14
"""For a drug in the question that the topic is not about, while it is about others."""
MISSING_PENALTY = 0.05
"""For a topic about one drug when the question names none."""
KIND_BONUS = 0.06
AUDIENCE_BONUS = 0.08

SURE = 0.66
"""Score from which the first topic is given without asking back."""
POSSIBLE = 0.48
"""Score below which there is no vetted answer."""
MARGIN = 0.04
"""How far ahead the first must be when its score is not sure."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question of a patient.

    Attributes:
        text: its words.
        vector: float32, (1, 384), unit length.
        terms: ids of the drugs, hormones, labs, symptoms and conditions that it names.
        drugs: those of them that are drugs.
        kinds: kinds of topic that its intent asks for; empty where the intent says nothing.
        audience: whom it is about, where it says so: men, women, partners.
    """

    text: str
    vector: Vectors
    terms: frozenset[str] = frozenset()
    drugs: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    audience: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Match:
    """A topic with its score, about 0 to 1.3."""

    topic: Served
    score: float


class Verdict(StrEnum):
    """What to do with what was found."""

    ANSWER = "answer"
    ASK_BACK = "ask_back"
    NOTHING = "nothing"


class Index:
    """The ways of asking of all topics that may be served.

    Args:
        catalogue: the topics.
        vectors: float32, (number of ways of asking, 384), in the order of `ways(catalogue)`.
    """

    def __init__(self, catalogue: Catalogue, vectors: Vectors) -> None:
        self._ways = ways(catalogue)
        self._vectors = vectors

    def rank(self, question: Question, *, without: str | None = None) -> list[Match]:
        """Topics, the likeliest first.

        Args:
            question: what is asked.
            without: a way of asking to leave out; for measuring only.
        """
        if not self._ways:
            return []
        likeness = (self._vectors @ question.vector[0]).astype(float)
        nearest = np.argsort(-likeness)[:CANDIDATES]
        words = question.text.lower()
        scores: dict[str, Match] = {}
        for position in nearest:
            way, topic = self._ways[position]
            if way == without:
                continue
            score = float(likeness[position]) + WORDS_WEIGHT * (_shared(words, way) - 0.5) + _fit(question, topic)
            if topic.topic not in scores or score > scores[topic.topic].score:
                scores[topic.topic] = Match(topic, score)
        return sorted(scores.values(), key=lambda match: -match.score)


def ways(catalogue: Catalogue) -> list[tuple[str, Served]]:
    """Each way of asking with its topic, in a fixed order."""
    topics = [*catalogue.served.values(), *catalogue.withheld.values()]
    return [(way, topic) for topic in topics for way in topic.questions]


def decide(matches: Sequence[Match]) -> Verdict:
    """Whether the first of the ranked topics answers, a choice is offered, or nothing is known."""
    if not matches or matches[0].score < POSSIBLE:
        return Verdict.NOTHING
    ahead = matches[0].score - matches[1].score if len(matches) > 1 else 1.0
    if matches[0].score >= SURE or (ahead >= MARGIN and matches[0].score >= (SURE + POSSIBLE) / 2):
        return Verdict.ANSWER
    return Verdict.ASK_BACK


def _shared(question: str, way: str) -> float:
    """How many words two ways of asking share, 0 to 1, forgiving misspellings."""
    return fuzz.token_set_ratio(question, way.lower()) / 100


def _fit(question: Question, topic: Served) -> float:
    """What the terms named and the sort of question say for a topic, or against it."""
    fit = NAMED_BONUS * min(len(question.terms & topic.tags), 3)
    if topic.drugs and question.drugs:
        fit -= STRANGER_PENALTY * len(question.drugs - topic.drugs)
        if topic.kind == "comparison" and len(question.drugs) < 2:  # noqa: PLR2004 - a comparison needs two
            fit -= STRANGER_PENALTY / 2
    elif len(topic.drugs) == 1:
        fit -= MISSING_PENALTY
    if topic.kind in question.kinds:
        fit += KIND_BONUS
    if question.audience & topic.audience and topic.audience != {"everyone"}:
        fit += AUDIENCE_BONUS
    elif question.audience and topic.audience and not topic.audience & (question.audience | {"everyone"}):
        fit -= AUDIENCE_BONUS
    return fit
