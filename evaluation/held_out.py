"""The phrases that are trained on, and those that are only measured."""

import re
from typing import Any

from bot.datafile import read_yaml
from bot.dialogue.spare_training import phrases
from bot.settings import ROOT, Settings

OUTSIDE = "out_of_scope"
TOPICS = ("topics-a", "topics-b", "topics-c")
EVERYDAY = tuple(f"ordinary-{letter}" for letter in "hjklmnopqrstu")
ALARMS = frozenset({"report_emergency", "report_crisis", "report_urgent"})
"""Intents of messages that must raise an alarm."""

DANGERS = frozenset({
    "testicular-pain-sudden", "vaginal-bleeding-on-tamoxifen", "vaginal-bleeding-unexpected",
    "symptom-visual-disturbance", "tamoxifen-and-eyes",
    "testosterone-gel-transfer", "ovarian-hyperstimulation", "serm-clot-risk", "pregnancy-on-these-medicines",
})  # fmt: skip
"""Topics whose very subject is a red flag: a question about one may rightly raise an alarm, or rightly raise none."""


def read(name: str) -> Any:
    """A file of evaluation/phrases."""
    return read_yaml(ROOT / "evaluation" / "phrases" / f"{name}.yml")


def flat(name: str) -> list[tuple[str, str]]:
    """A file of phrases by label, as pairs of label and text."""
    return [(label, text) for label, texts in read(name).items() for text in texts]


def training() -> list[tuple[str, str]]:
    """Intent and text of every training phrase."""
    return phrases(Settings().language_dir / "nlu")


def same(text: str) -> str:
    """A text without case and punctuation: two that differ in no more are the same phrase."""
    return " ".join(re.findall(r"[^\W_]+", text.lower().replace("'", "").replace("\u2019", "")))


def ordinary() -> list[tuple[str, str]]:
    """Messages that need no alarm: file and text, of questions for topics, of every other intent, and as they come."""
    topics = [(name, text) for name in TOPICS for topic, text in flat(name) if topic not in DANGERS]
    intents = [
        (name, text) for name in ("intents-a", "intents-b") for intent, text in flat(name) if intent not in ALARMS
    ]
    everyday = [(name, text) for name in EVERYDAY for _, text in flat(name)]
    return [*topics, *intents, *everyday]


def about_danger() -> list[tuple[str, str]]:
    """Questions about a danger: file and text."""
    return [(name, text) for name in TOPICS for topic, text in flat(name) if topic in DANGERS]
