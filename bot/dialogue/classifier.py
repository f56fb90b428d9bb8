"""Rasa component: which intent a message has, how sure that is, and whether it is a subject of ours at all.

A linear support-vector machine on the sentence vector and half-weighted tf-idf of characters and words; a softmax whose
temperature is fitted by cross-validation; the nearest training examples, heard as much as they help there; and a score
of being in scope: the log of the machine's probability plus eight times the mean cosine of the three nearest. Measured:
docs/decisions/0002-classifier.md.
Source of the score's form: own measurement on CLINC150 (Larson et al. 2019).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import StratifiedKFold
from sklearn.svm import LinearSVC

from bot.dialogue.featurizer import PART_VECTORS, PARTS
from bot.dialogue.nearest import mean_of_nearest
from bot.dialogue.parts import asks
from bot.dialogue.trained import Trained
from bot.encoder import SIZE, Vectors

FALLBACK = "nlu_fallback"
"""The intent of a message that is probably none of ours."""

MEANT = "meant"
"""Message key: the intent of a message that does not ask, but has the words of a question: "clomid since march"."""

FOLDS = 3
MANY = 2_000
"""Training examples above which an n-gram that only one of them has is left out: it would cost memory and time."""
CANDIDATES = 8
"""Intents, the likeliest, among whose examples the nearest are looked for."""
REGULARISATION = 0.5
"""Of the second net; that of the intents stands in their component's settings (docs/decisions/0002-classifier.md)."""
NEARNESS_WEIGHT = 8.0
HEARD = ((1.0, 0.0), *product((1.0, 0.9, 0.8, 0.7), (4.0, 8.0, 12.0, 16.0)))
"""What the logarithm of the probability of an intent, and the mean cosine of its three nearest examples, may be
multiplied by; cross-validation chooses (docs/decisions/0002-classifier.md)."""
TEMPERATURES = np.linspace(0.5, 15.0, 60)
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Guess:
    """What the classifier thinks of one text.

    Attributes:
        ranking: intents with their probability, the likeliest first.
        in_scope: the score of being a subject of ours.
    """

    ranking: list[tuple[str, float]]
    in_scope: float


class LinearModel:
    """The trained classifier, free of Rasa, so that it can be measured alone.

    Args:
        weight: of the tf-idf part beside the sentence vector of unit length.
        keep: share of the training examples whose score of being in scope is above the threshold; None for a model
            that is asked for `likely` alone and needs no such score.
        regularisation: the machine's C; the larger, the closer it keeps to its examples.
    """

    def __init__(self, *, weight: float, keep: float | None, regularisation: float = REGULARISATION) -> None:
        self._weight, self._keep, self._regularisation = weight, keep, regularisation
        self.temperature = 1.0
        self.heard = HEARD[0]
        self.threshold = -np.inf

    def fit(self, texts: Sequence[str], vectors: Vectors, intents: Sequence[str], *, outside: str) -> LinearModel:
        """Train.

        Args:
            texts: the examples.
            vectors: theirs, float32, (len(texts), 384), unit length.
            intents: theirs.
            outside: the intent of examples that are out of scope; they do not count for the threshold.
        """
        rare = 1 if len(texts) <= MANY else 2
        self._characters, self._words = _vectorizer("characters", least=rare), _vectorizer("words", least=rare)
        counted = [self._characters.fit_transform(texts), self._words.fit_transform(texts)]
        features = hstack([csr_matrix(vectors), self._weight * hstack(counted)]).tocsr()
        labels = np.array(intents)
        names = np.unique(labels)
        self._ours = names != outside
        self._near = [vectors[labels == one] for one in names if self._keep is not None]
        decisions, near, asked = self._cross_validated(features, vectors, labels)
        rows, places = np.flatnonzero(asked), np.searchsorted(names, labels[asked])
        losses = [-np.log(_softmax(decisions * t)[rows, places] + 1e-12).mean() for t in TEMPERATURES]
        self.temperature = float(TEMPERATURES[int(np.argmin(losses))])
        if self._keep is not None:
            probabilities = _softmax(decisions * self.temperature)
            losses = [-np.log(_heard(probabilities, near, *one)[rows, places] + 1e-12).mean() for one in HEARD]
            self.heard = HEARD[int(np.argmin(losses))]
            scores = self._in_scope(probabilities, near)
            self.threshold = float(np.quantile(scores[labels != outside], 1 - self._keep))
        self._machine = _machine(self._regularisation).fit(features, labels)
        self._prepare()
        return self

    def _prepare(self) -> None:
        """Lay the machine's weights out as one text needs them: a row for each n-gram."""
        self._dense, sparse = np.split(self._machine.coef_, [SIZE], axis=1)
        by_term = np.ascontiguousarray(sparse.T, np.float32)
        middle = len(self._characters.vocabulary_)
        self._blocks = [
            (kind, one.vocabulary_, one.idf_, rows)
            for kind, one, rows in (
                ("characters", self._characters, by_term[:middle]),
                ("words", self._words, by_term[middle:]),
            )
        ]

    def __getstate__(self) -> dict[str, Any]:
        """What is stored: not what `_prepare` makes of it."""
        return {name: value for name, value in vars(self).items() if name not in ("_dense", "_blocks")}

    def __setstate__(self, stored: dict[str, Any]) -> None:
        """Make ready what was stored."""
        vars(self).update(stored)
        self._prepare()

    def _decide(self, text: str) -> Floats:
        """What the tf-idf part adds to each intent's decision: `TfidfVectorizer.transform` and the machine's product,
        without the matrices that scikit-learn makes of one text; measured, it takes a tenth of the time.
        """
        decision = np.zeros(len(self._machine.classes_))
        for kind, vocabulary, idf, rows in self._blocks:
            terms = _terms(kind, text)
            counts = {place: count for term, count in terms.items() if (place := vocabulary.get(term)) is not None}
            if not counts:
                continue
            places = np.fromiter(counts, np.int64, len(counts))
            values = (1 + np.log(np.fromiter(counts.values(), np.float64, len(counts)))) * idf[places]
            decision += (values / np.sqrt(values @ values)) @ rows[places]
        return self._weight * decision

    def _cross_validated(
        self, features: csr_matrix, vectors: Vectors, labels: NDArray[np.str_]
    ) -> tuple[Floats, Floats, NDArray[np.bool_]]:
        """Decisions of each example by a model that has not seen it, its nearness to each label, and which were asked:
        all, or where the temperature is all that is wanted, the first of the folds, and no nearness.
        """
        decisions = np.zeros((len(labels), len(np.unique(labels))))
        near, asked = np.zeros_like(decisions), np.zeros(len(labels), bool)
        folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(features, labels)
        for seen, unseen in islice(folds, None if self._keep is not None else 1):
            asked[unseen] = True
            decisions[unseen] = (
                _machine(self._regularisation).fit(features[seen], labels[seen]).decision_function(features[unseen])
            )
            if self._keep is None:
                continue
            examples = [vectors[seen[labels[seen] == one]] for one in np.unique(labels)]
            for place in unseen:
                near[place] = _nearness(vectors[place], examples, decisions[place])
        return decisions, near, asked

    def guess(self, texts: Sequence[str], vectors: Vectors) -> list[Guess]:
        """What each text probably is.

        Args:
            texts: any.
            vectors: theirs, float32, (len(texts), 384), unit length.
        """
        probabilities = self._probabilities(texts, vectors)
        near = np.stack(
            [_nearness(vector, self._near, row) for vector, row in zip(vectors, probabilities, strict=True)]
        )
        scores, weighed = self._in_scope(probabilities, near), _heard(probabilities, near, *self.heard)
        names = self._machine.classes_
        return [
            Guess([(str(names[place]), float(row[place])) for place in np.argsort(-row)], float(score))
            for row, score in zip(weighed, scores, strict=True)
        ]

    def _in_scope(self, probabilities: Floats, near: Floats) -> Floats:
        """The score of being a subject of ours, of each text."""
        return np.log(probabilities.max(axis=1)) + NEARNESS_WEIGHT * near[:, self._ours].max(axis=1)

    def likely(self, text: str, vector: Vectors) -> dict[str, float]:
        """How likely each label of one text is, without the score of being in scope, which takes longer.

        Args:
            text: any.
            vector: its own, float32, (1, 384), unit length.
        """
        [row] = self._probabilities([text], vector)
        return {str(name): float(p) for name, p in zip(self._machine.classes_, row, strict=True)}

    def _probabilities(self, texts: Sequence[str], vectors: Vectors) -> Floats:
        sparse = np.stack([self._decide(text) for text in texts])
        return _softmax((vectors @ self._dense.T + sparse + self._machine.intercept_) * self.temperature)


def _vectorizer(kind: str, *, least: int = 1) -> TfidfVectorizer:
    """What counts n-grams of a kind that stand in at least so many texts."""
    form = {"analyzer": "char_wb", "ngram_range": (2, 5)} if kind == "characters" else {"ngram_range": (1, 2)}
    return TfidfVectorizer(**form, sublinear_tf=True, dtype=np.float32, min_df=least)


_ANALYSERS = {kind: _vectorizer(kind).build_analyzer() for kind in ("characters", "words")}


@lru_cache(maxsize=2)
def _terms(kind: str, text: str) -> Counter[str]:
    """How often each n-gram stands in a text; kept for the second net, which reads the same text right after."""
    return Counter(_ANALYSERS[kind](text))


def _machine(regularisation: float) -> LinearSVC:
    return LinearSVC(C=regularisation, class_weight="balanced", random_state=0)


def _softmax(decisions: Floats) -> Floats:
    powers = np.exp(decisions - decisions.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def _heard(probabilities: Floats, near: Floats, share: float, weight: float) -> Floats:
    """Probabilities in which the nearest examples are heard."""
    return _softmax(share * np.log(probabilities + 1e-12) + weight * near)


def _nearness(vector: Vectors, examples: Sequence[Vectors], liking: Floats) -> Floats:
    """The mean cosine of the three nearest examples of each of the likeliest intents; of the others the least of these.

    Args:
        vector: float32, (384,), unit length.
        examples: of each intent the vectors.
        liking: how likely each intent is, in any unit.
    """
    likeliest = np.argsort(-liking)[:CANDIDATES]
    found = np.array([mean_of_nearest(examples[place] @ vector) for place in likeliest])
    near = np.full(len(examples), found.min())
    near[likeliest] = found
    return near


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class EmbeddingIntentClassifier(IntentClassifier, Trained):
    """Puts the intent, its ranking and the parts' intents on each message."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """The component's settings."""
        return {
            "sparse_weight": 0.5,  # of tf-idf beside the sentence vector; chosen by cross-validation
            "regularisation": 2.0,  # chosen on the held-out intents and BANKING77 with ten examples of each intent
            "keep": 0.86,  # share of in-scope examples that the threshold of being in scope lets pass
            "ranking_length": 5,  # intents that are put out
            "questions": [],  # intents that a message can only have if it asks something
            "outside": "out_of_scope",  # the intent of examples that are none of ours
        }

    @staticmethod
    def required_packages() -> list[str]:
        """Packages that Rasa checks for."""
        return ["sklearn"]

    file = "classifier.joblib"

    def train(self, training_data: TrainingData) -> Resource:
        """Fit the model to the intent examples."""
        examples = [one for one in training_data.intent_examples if one.get(TEXT)]
        texts = [one.get(TEXT) for one in examples]
        vectors = np.concatenate([vector_of(one) for one in examples])
        model = LinearModel(
            weight=self._config["sparse_weight"],
            keep=self._config["keep"],
            regularisation=self._config["regularisation"],
        )
        intents = [one.get(INTENT) for one in examples]
        return self.keep(model.fit(texts, vectors, intents, outside=self._config["outside"]))

    def process(self, messages: list[Message]) -> list[Message]:
        """Guess the intent of each message and of its parts."""
        for message in messages:
            if not message.get(TEXT) or message.get(TEXT).startswith("/") or self._model is None:
                continue
            [guess] = self._model.guess([message.get(TEXT)], vector_of(message))
            ranking = self._ranking(guess)
            message.set("intent", ranking[0], add_to_output=True)
            if ranking[0]["name"] in self._config["questions"] and not asks(message.get(TEXT)):
                # Within a form it is an answer; elsewhere the action takes it for what it was meant.
                message.set("intent", {"name": FALLBACK, "confidence": 1.0}, add_to_output=True)
                message.set(MEANT, ranking[0]["name"], add_to_output=True)
            message.set("intent_ranking", ranking, add_to_output=True)
            if found := message.get(PARTS):
                guesses = self._model.guess([part["text"] for part in found], message.get(PART_VECTORS))
                named = [
                    {**part, "intent": self._ranking(one)[0]["name"]} for part, one in zip(found, guesses, strict=True)
                ]
                message.set(PARTS, named, add_to_output=True)
        return messages

    def _ranking(self, guess: Guess) -> list[dict[str, Any]]:
        ranking = [{"name": name, "confidence": p} for name, p in guess.ranking[: self._config["ranking_length"]]]
        if self._model and guess.in_scope < self._model.threshold and ranking[0]["name"] != self._config["outside"]:
            return [{"name": FALLBACK, "confidence": 1.0}, *ranking]
        return ranking


def vector_of(message: Message) -> Vectors:
    """The message's sentence vector, float32, (1, 384)."""
    _, sentence = message.get_dense_features(TEXT)
    if sentence is None:
        return np.zeros((1, SIZE), np.float32)
    vector: Vectors = np.asarray(sentence.features, np.float32)
    return vector
