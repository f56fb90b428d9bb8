"""Which topic answers a question: by meaning, then by words, drugs and the sort of question. Pure.

A topic's score is the mean likeness of its three nearest ways of asking, plus what a linear map from vectors to topics
says (ridge regression in closed form, made anew in milliseconds when the store changes), plus what the terms named and
the kind of question say. The weights were chosen by leaving each way of asking out and looking for its own topic
(docs/decisions/0005-search.md); no evaluation phrase was used.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from bot.content.catalogue import Catalogue, Served
from bot.encoder import Vectors

NEAREST = 3
"""Ways of asking of one topic whose likeness is averaged: a single chance likeness should not decide."""
RIDGE = 0.3
"""Strength of the regularisation of the linear map from vectors to topics."""
NAMED_BONUS = 0.08
"""For each term of the question that the topic is about."""
STRANGER_PENALTY = 0.14
"""For a drug in the question that the topic is not about, while it is about others."""
MISSING_PENALTY = 0.05
"""For a topic about one drug when the question names none."""
KIND_BONUS = 0.06
AUDIENCE_BONUS = 0.08

SURE = 1.25
"""Score from which the first topic is given without asking back; 86 % of such are right in cross-validation."""
POSSIBLE = 0.72
"""Score below which there is no vetted answer: 95 % of out-of-scope phrases stay below, 4 % of the ways of asking."""
MARGIN = 0.06
"""How far ahead the first must be when its score is not sure; closer than that, four in ten are right."""


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
    """A topic with its score, about 0 to 2."""

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
        found = ways(catalogue)
        self._topics = list({topic.topic: topic for _, topic in found}.values())
        places = {topic.topic: place for place, topic in enumerate(self._topics)}
        owners = np.array([places[topic.topic] for _, topic in found], int)
        self._vectors = vectors[: len(found)]
        self._own = [np.flatnonzero(owners == place) for place in range(len(self._topics))]
        self._map = _linear_map(self._vectors, owners, len(self._topics))

    def rank(self, question: Question) -> list[Match]:
        """Topics, the likeliest first.

        Args:
            question: what is asked.
        """
        if not self._topics:
            return []
        likeness = self._vectors @ question.vector[0]
        linear = np.append(question.vector[0], 1.0) @ self._map
        matches = [
            Match(topic, _nearest(likeness[own]) + float(linear[place]) + _fit(question, topic))
            for place, (topic, own) in enumerate(zip(self._topics, self._own, strict=True))
        ]
        return sorted(matches, key=lambda match: -match.score)


def _linear_map(vectors: Vectors, owners: NDArray[np.int_], topics: int) -> NDArray[np.float64]:
    """The map from a vector to a score for each topic, (385, topics): 1 for its own ways of asking, 0 for others."""
    inputs = np.hstack([vectors, np.ones((len(vectors), 1))]).astype(float)
    wanted = np.eye(topics)[owners]
    return np.linalg.solve(inputs.T @ inputs + RIDGE * np.eye(inputs.shape[1]), inputs.T @ wanted)


def _nearest(likeness: NDArray[np.float32]) -> float:
    """The mean of the three greatest."""
    return float(np.sort(likeness)[-NEAREST:].mean())


def ways(catalogue: Catalogue) -> list[tuple[str, Served]]:
    """Each way of asking with its topic, in a fixed order."""
    topics = [*catalogue.served.values(), *catalogue.withheld.values()]
    return [(way, topic) for topic in topics for way in topic.questions]


def decide(matches: Sequence[Match]) -> Verdict:
    """Whether the first of the ranked topics answers, a choice is offered, or nothing is known."""
    if not matches or matches[0].score < POSSIBLE:
        return Verdict.NOTHING
    ahead = matches[0].score - matches[1].score if len(matches) > 1 else 1.0
    if matches[0].score >= SURE or ahead >= MARGIN:
        return Verdict.ANSWER
    return Verdict.ASK_BACK


def _fit(question: Question, topic: Served) -> float:
    """What the terms named and the sort of question say for a topic, or against it."""
    fit = NAMED_BONUS * min(len(question.terms & topic.tags), 3)
    if question.terms and topic.tags and not question.terms & topic.tags:
        fit -= STRANGER_PENALTY
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
