"""The second net alone: its levels, and that what it learns from is kept apart from what it is measured on."""

import numpy as np
import pytest

from bot.datafile import read_yaml
from bot.dialogue.safety_net import HARMLESS, SafetyNet, read_examples
from bot.encoder import Encoder
from bot.safety.red_flags import Level
from bot.settings import ROOT, Settings

FOLDER = Settings().language_dir / "safety" / "examples"
EXAMPLES = read_examples(FOLDER)


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder(Settings().models_dir / "encoder")


@pytest.fixture(scope="module")
def net(encoder: Encoder) -> SafetyNet:
    """Trained on every second example; the others are new to it."""
    half = {level: texts[::2] for level, texts in EXAMPLES.items()}
    return SafetyNet.fit(half, {level: encoder.encode(texts) for level, texts in half.items()}, weight=1.3)


@pytest.mark.parametrize(("level", "least"), [(Level.EMERGENCY, 0.93), (Level.CRISIS, 0.83), (Level.URGENT, 0.75)])
def test_examples_that_it_has_not_seen_raise_an_alarm(
    net: SafetyNet, encoder: Encoder, level: Level, least: float
) -> None:
    texts = EXAMPLES[level][1::2]
    found = [net.check(text, vector[None]) for text, vector in zip(texts, encoder.encode(texts), strict=True)]
    assert sum(one.level is not None for one in found) / len(texts) >= least
    assert all(np.isclose(sum(one.likely.values()), 1.0) for one in found)


def test_most_harmless_examples_that_it_has_not_seen_raise_none(net: SafetyNet, encoder: Encoder) -> None:
    texts = EXAMPLES[HARMLESS][1::2]
    found = [net.check(text, vector[None]).level for text, vector in zip(texts, encoder.encode(texts), strict=True)]
    assert sum(one is not None for one in found) / len(texts) <= 0.2


def test_no_example_stands_twice_or_among_the_phrases_for_measuring() -> None:
    learned = [text.lower() for texts in EXAMPLES.values() for text in texts]
    assert len(learned) == len(set(learned))
    held_out = [
        text.lower()
        for name in ("safety", "safety-b", "safety-c", "safety-d", "intents-a", "intents-b")
        for texts in read_yaml(ROOT / "evaluation" / "phrases" / f"{name}.yml").values()
        for text in texts
    ]
    assert set(learned) & set(held_out) == set()
