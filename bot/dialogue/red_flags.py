"""Rasa component: the same red flags as at the edge, for what the spare net there doubted, and what came another way.

An alarm decides the dialogue, whatever the classifier thought, unless the second net, too, is sure that the message is
harmless (docs/decisions/0020-a-second-opinion.md).
"""

from __future__ import annotations

from functools import cache
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message

from bot.lexicon import Lexicon
from bot.safety import contest, red_flags
from bot.safety.red_flags import LEVELS, Alarm, Level, RedFlags
from bot.settings import Settings

INTENTS = {Level.EMERGENCY: "report_emergency", Level.CRISIS: "report_crisis", Level.URGENT: "report_urgent"}
"""The intent that a level decides on."""

DANGER = "danger"
"""Message key: the second net's probability of emergency, crisis and urgent sign together."""

RULED = "ruled"
"""Message key: the alarm that the rules find, or None."""


@cache
def rules() -> RedFlags:
    """The rules, read once for all components of this process."""
    folder = Settings.read().language_dir
    return red_flags.load(folder / "safety", Lexicon.load(folder / "lexicon"))


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class RedFlagDetector(GraphComponent):
    """Overrides the intent of a message in which a red flag is found, and says which rule matched."""

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> RedFlagDetector:
        """Make the component; see GraphComponent."""
        return cls()

    def process(self, messages: list[Message]) -> list[Message]:
        """Override the intent where a rule matches, unless the net doubts it or has found something more urgent."""
        for message in messages:
            alarm = by_rules(message)
            if alarm is None or _is_doubted(message) or _is_less_urgent(alarm.level, message):
                continue
            message.set("intent", {"name": INTENTS[alarm.level], "confidence": 1.0}, add_to_output=True)
            message.set("red_flag", alarm.rule, add_to_output=True)
        return messages


def by_rules(message: Message) -> Alarm | None:
    """The alarm that the rules find in a message; looked for once."""
    if RULED not in message.data:
        message.set(RULED, red_flags.check(message.get(TEXT) or "", rules=rules()))
    found: Alarm | None = message.get(RULED)
    return found


def _is_doubted(message: Message) -> bool:
    """Whether the second net is sure enough that a message is harmless to speak against the rules."""
    danger: float = message.get(DANGER, 1.0)
    return danger < contest.doubted_below(message.get(TEXT) or "", rules=rules())


def _is_less_urgent(level: Level, message: Message) -> bool:
    """Whether the second net has already found something more urgent than this level."""
    more_urgent = {INTENTS[one] for one in LEVELS[: LEVELS.index(level)]}
    return (message.get("intent") or {}).get("name") in more_urgent
