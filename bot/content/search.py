"""Which topic answers a question: by meaning, then by words, drugs and the sort of question. Pure.

A linear classifier over the vectors of the ways of asking (a support vector machine, made anew in seconds when a way of
asking changes) puts the topics in order, with what the terms named and the kind of question say. Whether there is an
answer at all is told by likeness: the mean of the three nearest ways of asking of the likeliest topics. The weights
were chosen by leaving ways of asking out and on one half of evaluation/phrases (docs/decisions/0005-search.md).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from sklearn.svm import LinearSVC

from bot.content.catalogue import Catalogue, Served
from bot.encoder import SIZE, Vectors

Weights = NDArray[np.float32]

NEAREST = 3
"""Ways of asking of one topic whose likeness is averaged: a single chance likeness should not decide."""
CANDIDATES = 20
"""Topics, the likeliest by the classifier, that are looked at closely; the right one is among them in 99 %."""
LEARNED = 60
"""Ways of asking of one topic that the classifier learns from; more cost time and teach it little."""
REGULARISATION = 1.0

NAMED_BONUS = 0.04
"""For each term of the question that the topic is about."""
STRANGER_PENALTY = 0.07
"""For a drug in the question that the topic is not about, while it is about others."""
MISSING_PENALTY = 0.025
"""For a topic about one drug when the question names none."""
KIND_BONUS = 0.05
AUDIENCE_BONUS = 0.04

CHOICES = 4
"""Topics that are offered when none is sure, at the most."""
BEHIND, ALIKE = 0.3, 0.4
"""How far behind the first in score, and how little like the question, a topic may be that is offered: of 55 right ones
among four choices 53 are among these 2.7 (docs/decisions/0005-search.md)."""
POSSIBLE = 0.44
"""Likeness below which there is no vetted answer: 94 % of the out-of-scope training phrases stay below."""
MARGIN = 0.1
"""How far ahead the first must be: closer than that, four in ten are right, further ahead more than nine."""

SURE = -0.4
"""Score below which the first is offered and not shown: of 1,500 messages by authors who knew no topic it keeps back a
quarter of the answers (of 28 read, most were beside the point); of 521 right ones to held-out questions 23."""


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
    """A topic with its score, about -2 to 2, and its likeness to the question, -1 to 1."""

    topic: Served
    score: float
    likeness: float


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
        weights: what `learn` made of both.
    """

    def __init__(self, catalogue: Catalogue, vectors: Vectors, weights: Weights) -> None:
        self._topics, self._own = _by_topic(catalogue, vectors)
        self._weights = weights

    def rank(self, question: Question) -> list[Match]:
        """The likeliest topics, the likeliest first.

        Args:
            question: what is asked.
        """
        if not self._topics:
            return []
        linear = np.append(question.vector[0], np.float32(1.0)) @ self._weights
        likeliest = np.argsort(-linear)[:CANDIDATES]
        scores = {int(place): float(linear[place]) + _fit(question, self._topics[place]) for place in likeliest}
        best = sorted(scores, key=lambda place: -scores[place])[:CHOICES]
        return [
            Match(self._topics[place], scores[place], _nearest(self._own[place] @ question.vector[0])) for place in best
        ]


def _by_topic(catalogue: Catalogue, vectors: Vectors) -> tuple[list[Served], list[Vectors]]:
    """The topics, and for each the vectors of its ways of asking."""
    found = ways(catalogue)
    topics = list({topic.topic: topic for _, topic in found}.values())
    places = {topic.topic: place for place, topic in enumerate(topics)}
    owners = np.array([places[topic.topic] for _, topic in found], int)
    return topics, [vectors[owners == place] for place in range(len(topics))]


def learn(catalogue: Catalogue, vectors: Vectors) -> Weights:
    """Train the classifier, which takes some seconds.

    Args:
        catalogue: the topics.
        vectors: float32, (number of ways of asking, 384), in the order of `ways(catalogue)`.

    Returns:
        float32, (385, topics): from a vector and a one to a score for each topic.
    """
    _, own = _by_topic(catalogue, vectors)
    if len(own) < 2:  # noqa: PLR2004 - nothing to tell apart
        return np.zeros((SIZE + 1, len(own)), np.float32)
    learned = [vectors[:LEARNED] for vectors in own]
    owners = np.repeat(np.arange(len(own)), [len(vectors) for vectors in learned])
    machine = LinearSVC(C=REGULARISATION, random_state=0).fit(np.concatenate(learned), owners)
    weights: Weights = np.hstack([machine.coef_, machine.intercept_[:, None]]).T.astype(np.float32)
    return np.hstack([-weights, weights]) if len(own) == 2 else weights  # noqa: PLR2004 - then one row stands for both


def _nearest(likeness: NDArray[np.float32]) -> float:
    """The mean of the three greatest."""
    return float(np.sort(likeness)[-NEAREST:].mean())


def ways(catalogue: Catalogue) -> list[tuple[str, Served]]:
    """Each way of asking with its topic, in a fixed order; a topic's title and button ask for it too."""
    topics = [topic for topic in (*catalogue.served.values(), *catalogue.withheld.values()) if topic.questions]
    return [(way, topic) for topic in topics for way in (*topic.questions, topic.title, topic.button)]


def unreachable(catalogue: Catalogue, vectors: Vectors, weights: Weights) -> list[str]:
    """Topics that fewer than half of their own ways of asking lead to: nobody would find them."""
    index, found = Index(catalogue, vectors, weights), ways(catalogue)
    hits, total = Counter[str](), Counter(topic.topic for _, topic in found)
    for (way, topic), vector in zip(found, vectors, strict=True):
        hits[topic.topic] += index.rank(Question(text=way, vector=vector[None]))[0].topic is topic
    return [topic for topic in total if hits[topic] < total[topic] / 2]


def decide(matches: Sequence[Match]) -> Verdict:
    """Whether the first of the ranked topics answers, a choice is offered, or nothing is known."""
    if not matches or max(match.likeness for match in matches) < POSSIBLE:
        return Verdict.NOTHING
    ahead = matches[0].score - matches[1].score if len(matches) > 1 else MARGIN
    return Verdict.ANSWER if ahead >= MARGIN and matches[0].score >= SURE else Verdict.ASK_BACK


def worth_offering(matches: Sequence[Match]) -> list[Match]:
    """Those of the ranked topics that the question may mean: never one only because there was room for it.

    Args:
        matches: the likeliest first; the first is always offered.
    """
    first, others = matches[:1], matches[1:CHOICES]
    return [*first, *(one for one in others if one.score >= first[0].score - BEHIND and one.likeness >= ALIKE)]


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
