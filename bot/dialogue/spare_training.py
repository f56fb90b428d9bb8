"""Trains the second net's spare (`bot.safety.spare_net`) from the same phrases as the net itself, in some seconds."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.model_selection import StratifiedKFold
from sklearn.svm import LinearSVC

from bot.datafile import read_yaml
from bot.dialogue.red_flags import INTENTS
from bot.dialogue.safety_net import read_examples, ways_of_asking
from bot.safety.spare_net import BUCKETS, FILE, HARMLESS, SpareNet, features
from bot.safety.text import words
from bot.settings import Settings

REGULARISATION = 1.0
"""Chosen on evaluation/phrases/safety.yml and safety-c.yml: 0.3 raises half as many false alarms again."""
FOLDS = 3
TEMPERATURES = np.linspace(0.5, 10.0, 40)


def train(settings: Settings) -> SpareNet:
    """The net that is made of what is there now.

    Raises:
        DataError: a file is missing or wrong.
    """
    return fit(by_level(settings))


def keep(net: SpareNet, settings: Settings) -> None:
    """Put the net where the web process looks, whole or not at all."""
    with tempfile.TemporaryDirectory(dir=settings.models_dir) as folder:
        made = Path(folder) / FILE
        net.save(made)
        os.replace(made, settings.models_dir / FILE)


def by_level(settings: Settings) -> dict[str, list[str]]:
    """All phrases that the nets of safety learn from: for each level and harmless its own.

    Raises:
        DataError: a file is missing or wrong.
    """
    examples = read_examples(settings.language_dir / "safety" / "examples")
    examples[HARMLESS] += ways_of_asking(settings)
    levels = {intent: level for level, intent in INTENTS.items()}
    for intent, text in phrases(settings.language_dir / "nlu"):
        examples[levels.get(intent, HARMLESS)].append(text)
    return examples


def phrases(folder: Path) -> list[tuple[str, str]]:
    """Intent and text of every training phrase of data/<language>/nlu."""
    return [
        (entry["intent"], line.strip().removeprefix("- "))
        for path in sorted(folder.glob("*.yml"))
        for entry in read_yaml(path)["nlu"]
        for line in entry["examples"].splitlines()
    ]


def fit(examples: dict[str, list[str]]) -> SpareNet:
    """The net that tells these levels apart.

    Args:
        examples: for each level and harmless its phrases.
    """
    texts = [text for level in examples for text in examples[level]]
    labels = np.array([str(level) for level in examples for _ in examples[level]])
    matrix = _matrix(texts)
    machine = _machine().fit(matrix, labels)
    return SpareNet(
        labels=tuple(str(one) for one in machine.classes_),
        weights=machine.coef_.T.astype(np.float32),
        bias=machine.intercept_.astype(np.float32),
        temperature=_temperature(matrix, labels),
    )


def _machine() -> LinearSVC:
    return LinearSVC(C=REGULARISATION, class_weight="balanced", random_state=0)


def _matrix(texts: list[str]) -> csr_matrix:
    rows = [features([word.text for word in words(text)]) for text in texts]
    ends = np.cumsum([0, *(len(places) for places, _ in rows)])
    columns, values = np.concatenate([one for one, _ in rows]), np.concatenate([one for _, one in rows])
    return csr_matrix((values, columns, ends), shape=(len(texts), BUCKETS))


def _temperature(matrix: csr_matrix, labels: np.ndarray) -> float:
    """The one under which phrases that a machine has not seen, a third of all, are least surprising."""
    seen, unseen = next(StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(matrix, labels))
    machine = _machine().fit(matrix[seen], labels[seen])
    decisions = machine.decision_function(matrix[unseen])
    own = decisions[np.arange(len(unseen)), np.searchsorted(machine.classes_, labels[unseen])]
    losses = [np.mean(np.log(np.exp(decisions * t).sum(axis=1)) - own * t) for t in TEMPERATURES]
    return float(TEMPERATURES[int(np.argmin(losses))])
