"""The nearest examples: what is found in two steps is what looking at all of them finds."""

import numpy as np
import pytest

from bot.dialogue.nearest import CANDIDATES, Nearest, mean_of_nearest
from bot.dialogue.safety_net import HARMLESS, read_examples
from bot.encoder import Encoder, Vectors
from bot.safety.red_flags import Level
from bot.settings import Settings


@pytest.fixture(scope="module")
def vectors() -> dict[str, Vectors]:
    """Of every tenth example, with the last of each label to be asked about."""
    encoder = Encoder(Settings().models_dir / "encoder")
    examples = read_examples(Settings().language_dir / "safety" / "examples")
    return {level: encoder.encode(texts[::10]) for level, texts in examples.items()}


def test_two_steps_find_what_looking_at_all_finds(vectors: dict[str, Vectors]) -> None:
    asked = np.concatenate([own[-50:] for own in vectors.values()])
    seen = {level: own[:-50] for level, own in vectors.items()}
    assert all(len(own) > 2 * CANDIDATES for own in seen.values())
    nearest = Nearest.of(seen)
    missed = []
    for vector in asked:
        found = nearest.likeness(vector)
        assert found.keys() == seen.keys()
        missed += [mean_of_nearest(own @ vector) - found[level] for level, own in seen.items()]
    assert sum(one > 0.002 for one in missed) / len(missed) < 0.005
    assert max(missed) < 0.05


def test_few_examples_are_all_looked_at(vectors: dict[str, Vectors]) -> None:
    few = {Level.CRISIS: vectors[Level.CRISIS][:3], HARMLESS: vectors[HARMLESS][:4]}
    asked = vectors[Level.CRISIS][9]
    found = Nearest.of(few).likeness(asked)
    assert found[Level.CRISIS] == pytest.approx(float((few[Level.CRISIS] @ asked).mean()), abs=0.002)
