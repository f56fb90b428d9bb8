"""The second net alone: its levels, and that what it learns from is kept apart from what it is measured on."""

import pickle

import numpy as np
import pytest

from bot.datafile import read_yaml
from bot.dialogue.red_flags import rules
from bot.dialogue.safety_net import (
    CRISIS,
    CRISIS_DENIED,
    EMERGENCY,
    HARMLESS,
    HEARD,
    URGENT,
    SafetyNet,
    SafetyNetDetector,
    read_examples,
)
from bot.encoder import Encoder
from bot.safety.red_flags import Level, Told, told
from bot.settings import ROOT, Settings
from evaluation.held_out import EVERYDAY
from evaluation.safety import FILES

FOLDER = Settings().language_dir / "safety" / "examples"
EXAMPLES = read_examples(FOLDER)
pytestmark = pytest.mark.timeout(600)  # seconds: the net is trained anew, which takes a slow, busy machine five minutes
ASKED = 9
"""Of so many examples one is asked."""


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder(Settings().models_dir / "encoder")


@pytest.fixture(scope="module")
def net(encoder: Encoder) -> SafetyNet:
    """Trained on every third example; of another third, which is new to it, every third is asked."""
    seen = {level: texts[::3] for level, texts in EXAMPLES.items()}
    return SafetyNet.fit(seen, {level: encoder.encode(texts) for level, texts in seen.items()}, weight=1.3)


@pytest.mark.parametrize(("level", "least"), [(Level.EMERGENCY, 0.93), (Level.CRISIS, 0.83), (Level.URGENT, 0.75)])
def test_examples_that_it_has_not_seen_raise_an_alarm(
    net: SafetyNet, encoder: Encoder, level: Level, least: float
) -> None:
    texts = EXAMPLES[level][1::ASKED]
    found = [net.check(text, vector[None]) for text, vector in zip(texts, encoder.encode(texts), strict=True)]
    assert sum(one.level is not None for one in found) / len(texts) >= least
    assert all(np.isclose(sum(one.likely.values()), 1.0) for one in found)


def test_most_harmless_examples_that_it_has_not_seen_raise_none(net: SafetyNet, encoder: Encoder) -> None:
    texts = EXAMPLES[HARMLESS][1::ASKED]
    found = [net.check(text, vector[None]).level for text, vector in zip(texts, encoder.encode(texts), strict=True)]
    assert sum(one is not None for one in found) / len(texts) <= 0.2


@pytest.mark.parametrize(
    ("text", "of", "wanted"),
    [
        ("not suicidal or anything, just fed up", Level.CRISIS, Told.DENIED),
        ("how many tamoxifen would it take to not wake up", Level.CRISIS, Told.AS_NONE),
        ("i dont want to die but i cant go on", Level.CRISIS, Told.PARTLY),
        ("i want to die", Level.CRISIS, Told.AS_DANGER),
        ("chest pain since lunch", Level.CRISIS, Told.NOTHING_SAID),
        ("no chest pain, no swollen leg", None, Told.DENIED),
    ],
)
def test_how_danger_is_told(text: str, of: Level | None, wanted: Told) -> None:
    assert told(text, rules=rules(), of=of) is wanted


def test_a_crisis_whose_words_are_all_denied_takes_more(net: SafetyNet, encoder: Encoder) -> None:
    texts = EXAMPLES[Level.CRISIS][1::ASKED]
    found = {text: net.check(text, vector[None]) for text, vector in zip(texts, encoder.encode(texts), strict=True)}
    between = [text for text, one in found.items() if CRISIS <= one.likely[Level.CRISIS] < CRISIS_DENIED]
    assert between
    for text in between:
        vector = encoder.encode([text])
        assert found[text].level in (Level.CRISIS, Level.EMERGENCY)
        assert net.check(text, vector, how=lambda _text, _of: Told.DENIED).level is not Level.CRISIS
        assert net.check(text, vector, how=lambda _text, _of: Told.AS_NONE) == found[text]


def test_no_example_stands_twice_or_among_the_phrases_for_measuring() -> None:
    learned = [text.lower() for texts in EXAMPLES.values() for text in texts]
    assert len(learned) == len(set(learned))
    held_out = [
        text.lower()
        for name in (*FILES, *EVERYDAY, "intents-a", "intents-b", "intents-c", "languages")
        for texts in read_yaml(ROOT / "evaluation" / "phrases" / f"{name}.yml").values()
        for text in texts
    ]
    assert set(learned) & set(held_out) == set()


@pytest.mark.parametrize(
    ("dangers", "level", "in_doubt"),
    [
        ((0.0, CRISIS, 0.0), Level.CRISIS, None),
        ((EMERGENCY, 0.04, 0.0), Level.EMERGENCY, None),
        ((0.0, 0.0, URGENT), Level.URGENT, None),
        ((0.0, CRISIS - 0.01, 0.0), None, Level.CRISIS),
        ((0.0, 0.0, URGENT - 0.01), None, Level.URGENT),
        ((EMERGENCY - 0.01, 0.05, 0.0), None, Level.URGENT),
        ((0.05, 0.05, 0.0), None, None),
    ],
)
def test_between_an_alarm_and_nothing_it_is_in_doubt(
    net: SafetyNet,
    monkeypatch: pytest.MonkeyPatch,
    dangers: tuple[float, float, float],
    level: Level | None,
    in_doubt: Level | None,
) -> None:
    likely = {**dict(zip(Level, dangers, strict=True)), HARMLESS: 1 - sum(dangers)}
    monkeypatch.setattr(net, "_likely", lambda *_, **__: likely)
    found = net.check("x", np.zeros((1, 384), np.float32))
    assert (found.level, found.in_doubt) == (level, in_doubt)
    only_asked = net.check("x", np.zeros((1, 384), np.float32), how=lambda _text, _of: Told.AS_NONE)
    assert only_asked.in_doubt is None


def test_where_the_machine_is_not_sure_the_nearest_examples_are_heard(net: SafetyNet, encoder: Encoder) -> None:
    """Its own examples are the nearest to themselves, so hearing them speaks for the level that they have."""
    for level in (Level.CRISIS, HARMLESS):
        texts = EXAMPLES[level][:: 2 * ASKED]
        vectors = encoder.encode(texts)
        alone = [net._model.likely(text, vector[None]) for text, vector in zip(texts, vectors, strict=True)]
        heard = [net.check(text, vector[None]).likely for text, vector in zip(texts, vectors, strict=True)]
        unsure = [1 - one[HARMLESS] >= HEARD for one in alone]
        assert any(unsure)
        pairs = [(one[level], other[level]) for one, other in zip(alone, heard, strict=True)]
        surer = [after >= before for (before, after), is_unsure in zip(pairs, unsure, strict=True) if is_unsure]
        assert sum(surer) / len(surer) >= 0.9
        assert all(after == before for (before, after), is_unsure in zip(pairs, unsure, strict=True) if not is_unsure)


def test_what_is_stored_decides_as_what_was_trained(net: SafetyNet, encoder: Encoder) -> None:
    stored = pickle.loads(pickle.dumps(net))
    for text in EXAMPLES[Level.CRISIS][1 :: 9 * ASKED] + EXAMPLES[HARMLESS][1 :: 18 * ASKED]:
        vector = encoder.encode([text])
        assert stored.check(text, vector).level == net.check(text, vector).level
        assert stored.check(text, vector).danger == pytest.approx(net.check(text, vector).danger, abs=0.01)


def test_the_close_reader_is_heard_where_the_machine_is_not_sure_and_nowhere_else(
    net: SafetyNet, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def sure_of_crisis(text: str) -> dict[str, float]:
        asked.append(text)
        return {Level.EMERGENCY: 0.01, Level.CRISIS: 0.97, Level.URGENT: 0.01, HARMLESS: 0.01}

    texts = EXAMPLES[HARMLESS][1 :: 4 * ASKED]
    vectors = encoder.encode(texts)
    unsure = [
        text
        for text, vector in zip(texts, vectors, strict=True)
        if 1 - net._model.likely(text, vector[None])[HARMLESS] >= HEARD
    ]
    before = [net.check(text, vector[None]).likely for text, vector in zip(texts, vectors, strict=True)]
    monkeypatch.setattr(net, "reader", sure_of_crisis)
    after = [net.check(text, vector[None]).likely for text, vector in zip(texts, vectors, strict=True)]
    assert 0 < len(unsure) < len(texts)
    assert asked == unsure
    for text, alone, heard in zip(texts, before, after, strict=True):
        assert (heard == alone) == (text not in unsure)
        assert heard[Level.CRISIS] >= min(alone[Level.CRISIS], 0.97)
        assert np.isclose(sum(heard.values()), 1.0)


def test_what_is_served_has_its_close_reader(net: SafetyNet) -> None:
    stored = pickle.loads(pickle.dumps(net))
    assert stored.reader is None
    SafetyNetDetector({}, stored, None, None)
    assert set(stored.reader("will clomid mess with my eyes")) == {*Level, HARMLESS}
