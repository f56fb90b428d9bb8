"""Rasa component: the second net. What no rule caught, a classifier may: emergencies, crises, urgent signs.

It learns from data/<language>/safety/examples and, as harmless, from all training phrases of other intents and the ways
in which people ask for a topic. Where its machine is not sure that a text is harmless, or a rule is not, the examples
nearest in meaning and the close reader are heard, too. Its thresholds are low on purpose: an alarm too many costs a
patient a line to read, one too few may cost a life. It knows levels only; which text is said is the matter of
`actions.symptoms`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import exp
from pathlib import Path
from typing import Any

import numpy as np
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.content import topic
from bot.datafile import read_phrases
from bot.dialogue.classifier import LinearModel, vector_of
from bot.dialogue.close_reader import CloseReader
from bot.dialogue.nearest import Nearest
from bot.dialogue.red_flags import DANGER, INTENTS, by_rules, rules
from bot.dialogue.trained import Trained
from bot.encoder import Encoder, Vectors
from bot.safety.red_flags import Level, Told, told
from bot.safety.spare_net import HARMLESS
from bot.settings import Settings

IN_DOUBT_OF = "in_doubt_of"
"""Message key: the level of which the patient is to be asked whether it is there; the actions read it."""

_LEVELS = {intent: level for level, intent in INTENTS.items()}

CRISIS = 0.2
"""Probability of a crisis from which it is one."""
CRISIS_DENIED = 0.95
"""The same where all that is said of dying, harm and violence is denied: "just fed up, not suicidal or anything"."""
EMERGENCY = 0.12
"""Probability of an emergency from which, with that of a crisis, it may be one."""
ALARM = 0.15
"""Probability of emergency and crisis together from which there is an alarm, if the emergency has that share of it."""
URGENT = 0.4
"""Probability of all three together from which a clinician should hear about it today."""
IN_DOUBT, CRISIS_IN_DOUBT = 0.15, 0.12
"""The same, and the probability of a crisis, from which the patient is asked after the answer whether there is one."""
SEVERE = 0.15
"""Probability of emergency and crisis together from which an alarm is one of them, and not only urgent."""
DOUBTED = {Told.AS_NONE: 0.4, Told.DENIED: 0.4}
"""Probability of all three together that it takes where words of danger are denied, past or only asked about."""

HEARD = 0.02
"""Probability of all three together, by the machine alone, from which the nearest examples and the close reader are
heard: they take some milliseconds, which four of five ordinary messages can do without."""
NEARNESS_WEIGHT = 20.0
"""By which the mean likeness (cosine) of the three nearest is added to the logarithm of a level's probability. Chosen
like the thresholds: docs/decisions/0013-second-net.md."""
CLOSENESS_WEIGHT = 0.4
"""Of the close reader's word beside all others', as logarithms of probabilities. Chosen like the thresholds."""


@dataclass(frozen=True)
class Finding:
    """What the net thinks of a text.

    Attributes:
        level: None for harmless.
        likely: how likely each level is, and harmless.
        in_doubt: crisis or urgent, where it may be one, and the patient is to be asked.
    """

    level: Level | None
    likely: dict[str, float]
    in_doubt: Level | None = None

    @property
    def danger(self) -> float:
        """How likely it is that the text is not harmless."""
        return 1.0 - self.likely[HARMLESS]


class SafetyNet:
    """The trained net, free of Rasa, so that it can be measured alone.

    Args:
        model: over the three levels and harmless.
        examples: of each of them.

    Attributes:
        reader: how likely the close reader finds each level of a text; None if there is none.
    """

    def __init__(self, model: LinearModel, examples: Nearest) -> None:
        self._model, self._examples = model, examples
        self.reader: Callable[[str], Mapping[str, float]] | None = None

    @classmethod
    def fit(cls, examples: dict[str, list[str]], vectors: dict[str, Vectors], *, weight: float) -> SafetyNet:
        """Train.

        Args:
            examples: for each level and harmless the phrases.
            vectors: for each of them float32, (number, 384).
            weight: of the characters and words beside the meaning.
        """
        texts = [text for level in examples for text in examples[level]]
        labels = [level for level in examples for _ in examples[level]]
        stacked = np.concatenate([vectors[level] for level in examples])
        model = LinearModel(weight=weight, keep=None).fit(texts, stacked, labels, outside=HARMLESS)
        return cls(model, Nearest.of(vectors))

    def check(
        self,
        text: str,
        vector: Vectors,
        *,
        how: Callable[[str, Level | None], Told] = lambda _text, _of: Told.AS_DANGER,
        closely: bool = False,
    ) -> Finding:
        """The level of a text.

        Args:
            text: a message.
            vector: float32, (1, 384).
            how: how its words of danger are told, all or those of one level; asked only where there is an alarm, since
                it takes longer.
            closely: hear everybody even if the machine is sure that the text is harmless, since a rule is not.
        """
        likely = self._likely(text, vector, heard_from=0.0 if closely else HEARD)
        emergency, crisis, urgent = (likely.get(level, 0.0) for level in Level)
        if not _is_alarming(emergency, crisis, urgent):
            doubt = Level.CRISIS if crisis >= CRISIS_IN_DOUBT else Level.URGENT
            unsure = crisis >= CRISIS_IN_DOUBT or emergency + crisis + urgent >= IN_DOUBT
            return Finding(None, likely, doubt if unsure and how(text, None) not in DOUBTED else None)
        if crisis < CRISIS_DENIED and how(text, Level.CRISIS) is Told.DENIED:
            crisis = 0.0
        if crisis >= CRISIS:
            return Finding(Level.CRISIS if crisis > emergency else Level.EMERGENCY, likely)
        if not _is_alarming(emergency, crisis, urgent):
            return Finding(None, likely)
        if emergency + crisis + urgent < DOUBTED.get(how(text, None), 0.0):
            return Finding(None, likely)
        if emergency + crisis >= SEVERE:
            return Finding(Level.CRISIS if crisis > emergency else Level.EMERGENCY, likely)
        return Finding(Level.URGENT, likely)

    def _likely(self, text: str, vector: Vectors, *, heard_from: float) -> dict[str, float]:
        """How likely each level is, and harmless; also by the others who are heard where the machine is not sure."""
        likely = self._model.likely(text, vector)
        if 1.0 - likely[HARMLESS] < heard_from:
            return likely
        near = self._examples.likeness(vector[0])
        likely = _of_one({level: p * exp(NEARNESS_WEIGHT * near[level]) for level, p in likely.items()})
        if self.reader is None:
            return likely
        read, share = self.reader(text), CLOSENESS_WEIGHT
        return _of_one({level: p ** (1 - share) * read[level] ** share for level, p in likely.items()})


def _of_one(weighed: dict[str, float]) -> dict[str, float]:
    """Weights as probabilities, which are 1 together."""
    total = sum(weighed.values())
    return {level: one / total for level, one in weighed.items()}


def _is_alarming(emergency: float, crisis: float, urgent: float) -> bool:
    """Whether these probabilities are an alarm, however their words are told."""
    severe = emergency + crisis
    return (
        crisis >= CRISIS
        or (emergency >= EMERGENCY and severe >= ALARM)
        or severe >= CRISIS
        or severe + urgent >= URGENT
    )


def read_examples(folder: Path) -> dict[str, list[str]]:
    """The phrases of data/<language>/safety/examples by level.

    Raises:
        DataError: a file is missing or wrong.
    """
    return {level: read_phrases(folder / f"{level}.yml") for level in (*Level, HARMLESS)}


def ways_of_asking(settings: Settings) -> list[str]:
    """The ways in which people ask for the topics of the language, from the topics' files, in a fixed order.

    Raises:
        DataError: a file is wrong.
    """
    paths = sorted((settings.language_dir / "topics").glob("*.md"))
    return [way for path in paths for way in topic.read(path).head.asked_as]


def _how_told(text: str, of: Level | None) -> Told:
    return told(text, rules=rules(), of=of)


def _likeliest_other(message: Message) -> dict[str, Any]:
    """The likeliest intent that raises no alarm: the net has seen far more of those than the classifier of intents."""
    ranking: list[dict[str, Any]] = message.get("intent_ranking") or []
    others = [one for one in ranking if one["name"] not in INTENTS.values()]
    return others[0] if others else {"name": "nlu_fallback", "confidence": 1.0}


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class SafetyNetDetector(Trained):
    """Overrides the intent of a message in which the net finds an alarm."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Keys of config.yml with their defaults."""
        return {"sparse_weight": 1.3}

    file = "safety_net.joblib"

    def __init__(self, config: dict[str, Any], model: Any, storage: ModelStorage, resource: Resource) -> None:
        super().__init__(config, model, storage, resource)
        if model is not None:  # a reader is there for who is asked, not for who is trained
            model.reader = CloseReader(Settings.read().models_dir / "reader").likely

    def train(self, training_data: TrainingData) -> Resource:
        """Fit the net to the safety examples, the phrases of all intents and the topics' ways of asking."""
        settings = Settings.read()
        examples = read_examples(settings.language_dir / "safety" / "examples")
        encoder = Encoder(settings.models_dir / "encoder")
        vectors = {level: encoder.encode(texts) for level, texts in examples.items()}
        ways = ways_of_asking(settings)
        examples[HARMLESS] += ways
        found = {level: [vectors[level]] for level in examples}
        found[HARMLESS].append(encoder.encode(ways))
        for one in training_data.intent_examples:
            if one.get(TEXT):
                level = _LEVELS.get(one.get(INTENT), HARMLESS)
                examples[level].append(one.get(TEXT))
                found[level].append(vector_of(one))
        vectors = {level: np.concatenate(stacks) for level, stacks in found.items()}
        return self.keep(SafetyNet.fit(examples, vectors, weight=self._config["sparse_weight"]))

    def process(self, messages: list[Message]) -> list[Message]:
        """Override the intent where the net finds an alarm, in the message as a whole."""
        for message in messages:
            text = message.get(TEXT)
            if not text or text.startswith("/") or self._model is None:
                continue
            found = self._model.check(text, vector_of(message), how=_how_told, closely=by_rules(message) is not None)
            level = found.level
            message.set(DANGER, found.danger)
            if found.in_doubt:
                message.set(IN_DOUBT_OF, found.in_doubt, add_to_output=True)
            if level is not None:
                message.set("intent", {"name": INTENTS[level], "confidence": 1.0}, add_to_output=True)
                message.set("red_flag", "second_net", add_to_output=True)
            elif (message.get(INTENT) or {}).get("name") in INTENTS.values():
                message.set("intent", _likeliest_other(message), add_to_output=True)
        return messages
