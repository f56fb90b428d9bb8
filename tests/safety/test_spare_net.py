"""The second net's spare: small, quick, and far better than no net at all."""

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.dialogue import spare_training
from bot.dialogue.safety_net import read_examples
from bot.errors import DataError
from bot.safety.red_flags import Level
from bot.safety.spare_net import BUCKETS, HARMLESS, SpareNet, features
from bot.settings import Settings

FOLDER = Settings().language_dir / "safety" / "examples"
EXAMPLES = read_examples(FOLDER)
DANGERS = list(Level)


ENGLISH = re.compile(
    r"\b(?:the|my|i|im|and|is|it|its|to|of|for|with|have|has|he|she|his|her|on|in|at|was|been|but|not|cant|am|you|since)\b",
    re.IGNORECASE,
)
"""A small word that tells English from most of the other languages among the examples."""


@pytest.fixture(scope="module")
def net() -> SpareNet:
    """Trained on every second example; the others are new to it."""
    return spare_training.fit({level: texts[::2] for level, texts in EXAMPLES.items()})


@pytest.mark.parametrize(("level", "least"), [(Level.EMERGENCY, 0.93), (Level.CRISIS, 0.85), (Level.URGENT, 0.8)])
def test_examples_that_it_has_not_seen_sound_dangerous(net: SpareNet, level: Level, least: float) -> None:
    """Those in English: of a crisis in one of twenty other languages n-grams of the others tell 54 in a hundred."""
    texts = [text for text in EXAMPLES[level][1::2] if ENGLISH.search(text)]
    assert len(texts) > len(EXAMPLES[level]) * 0.45
    assert np.mean([net.worst(text)[1] >= 0.35 for text in texts]) >= least


def test_most_harmless_examples_that_it_has_not_seen_do_not(net: SpareNet) -> None:
    texts = EXAMPLES[HARMLESS][1::2]
    assert np.mean([net.worst(text)[1] >= 0.35 for text in texts]) <= 0.25


def test_a_danger_in_the_middle_of_a_long_message_is_heard(net: SpareNet) -> None:
    about = "thank you so much for the lovely leaflet about the parking and the opening hours of the clinic. "
    hidden = about * 12 + "my left eye has gone completely dark since lunch and i cannot see out of it. " + about * 12
    assert net.worst(about * 24)[1] < 0.7 <= net.worst(hidden)[1]
    assert net.worst(hidden)[0] is Level.EMERGENCY


@given(st.text(max_size=400))
def test_any_text_has_probabilities(net: SpareNet, text: str) -> None:
    likely = net.likely(text)
    assert set(likely) == {*Level, HARMLESS}
    assert sum(likely.values()) == pytest.approx(1.0)
    assert 0 <= net.worst(text)[1] <= 1


@given(st.lists(st.text(min_size=1, max_size=12), max_size=30))
def test_features_lie_within_the_table_and_have_the_same_length_for_each_text(spoken: list[str]) -> None:
    places, values = features(spoken)
    assert places.shape == values.shape
    assert ((places >= 0) & (places < BUCKETS)).all()
    assert not spoken or float(values @ values) == pytest.approx(2.0, abs=1e-3)


def test_what_is_saved_is_loaded(net: SpareNet, tmp_path: Path) -> None:
    net.save(tmp_path / "net.npz")
    again = SpareNet.load(tmp_path / "net.npz")
    for text in ("my chest hurts", "what is shbg", ""):
        assert again.likely(text) == pytest.approx(net.likely(text), abs=0.01)


@pytest.mark.parametrize("held", [None, b"not a net"])
def test_a_missing_or_damaged_net_is_named(tmp_path: Path, held: bytes | None) -> None:
    path = tmp_path / "net.npz"
    if held:
        path.write_bytes(held)
    with pytest.raises(DataError, match="axis train"):
        SpareNet.load(path)
