"""How well the classifier of intents understands: by cross-validation, and on phrases of other authors.

Measured is `LinearModel` as it ships, alone: in the running system the red flags, the second net and the words of a
refusal override it, which the sections on safety and on replies measure.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.progress import track
from sklearn.model_selection import StratifiedKFold

from bot.dialogue.classifier import EmbeddingIntentClassifier, Guess, LinearModel
from bot.encoder import Encoder, Vectors
from bot.terminal import console, step
from evaluation import drawing, held_out
from evaluation.figures import Share, auroc, calibration_error, reliability
from evaluation.held_out import OUTSIDE
from evaluation.markdown import bullets, picture, quoted, section, table

FOLDS = 5
WORST = 25
"""Confusions that are listed."""
ROWS = 500
"""Texts that are compared with all training phrases at once."""
ALIKE = 0.8
"""Cosine from which two phrases say nearly the same."""


@dataclass(frozen=True, slots=True)
class Guessed:
    """One phrase and what the classifier made of it.

    Attributes:
        intent: that it was written as.
        guess: the likeliest intent.
        confidence: of it.
        in_scope: the score of being a subject of ours.
        passes: whether it is above the threshold and not guessed to be out of scope: what is not, falls back.
    """

    text: str
    intent: str
    guess: str
    confidence: float
    in_scope: float
    passes: bool

    @property
    def right(self) -> bool:
        """Whether the guess is what it was written as."""
        return self.guess == self.intent


def shipped() -> LinearModel:
    """The classifier with the weights that it ships with, not trained yet."""
    config = EmbeddingIntentClassifier.get_default_config()
    return LinearModel(weight=config["sparse_weight"], keep=config["keep"], regularisation=config["regularisation"])


def guessed(model: LinearModel, pairs: Sequence[tuple[str, str]], vectors: Vectors) -> list[Guessed]:
    """What a trained model makes of pairs of intent and text."""
    guesses: list[Guess] = model.guess([text for _, text in pairs], vectors)
    return [
        Guessed(text, intent, *one.ranking[0], one.in_scope, _passes(one, model))
        for (intent, text), one in zip(pairs, guesses, strict=True)
    ]


def _passes(guess: Guess, model: LinearModel) -> bool:
    return guess.in_scope >= model.threshold and guess.ranking[0][0] != OUTSIDE


def fitted(pairs: Sequence[tuple[str, str]], vectors: Vectors) -> LinearModel:
    """The classifier, trained on pairs of intent and text."""
    return shipped().fit([text for _, text in pairs], vectors, [intent for intent, _ in pairs], outside=OUTSIDE)


def cross_validated(pairs: Sequence[tuple[str, str]], vectors: Vectors) -> list[Guessed]:
    """Each phrase as a model guesses it that was trained on the other folds."""
    found: list[Guessed] = []
    labels = np.array([intent for intent, _ in pairs])
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(labels, labels)
    for seen, unseen in track(list(folds), description="cross-validation", console=console):
        model = fitted([pairs[place] for place in seen], vectors[seen])
        found += guessed(model, [pairs[place] for place in unseen], vectors[unseen])
    return found


def confusions(found: Sequence[Guessed]) -> list[tuple[tuple[str, str], int]]:
    """Pairs of what was written and what was guessed instead, the most frequent first."""
    return Counter((one.intent, one.guess) for one in found if not one.right).most_common()


def matrix(found: Sequence[Guessed], names: Sequence[str]) -> NDArray[np.int64]:
    """How often each intent (a row) was guessed as each (a column)."""
    counts = np.zeros((len(names), len(names)), np.int64)
    for one in found:
        counts[names.index(one.intent), names.index(one.guess)] += 1
    return counts


def coverage(found: Sequence[Guessed]) -> tuple[Share, Share]:
    """Of phrases that are ours: how many pass the threshold, and how many of those are right."""
    ours = [one for one in found if one.intent != OUTSIDE]
    return Share.among(one.passes for one in ours), Share.among(one.right for one in ours if one.passes)


def nearest(texts: Vectors, trained: Vectors, *, among_themselves: bool = False) -> NDArray[np.float32]:
    """How like each text is to the training phrase that is nearest to it.

    Args:
        texts: float32, (n, 384), unit length.
        trained: the training phrases' vectors.
        among_themselves: the texts are the training phrases, and none is compared with itself.
    """
    likeness = np.zeros(len(texts), np.float32)
    for first in range(0, len(texts), ROWS):
        block = texts[first : first + ROWS] @ trained.T
        if among_themselves:
            rows = np.arange(len(block))
            block[rows, first + rows] = -1
        likeness[first : first + ROWS] = block.max(axis=1)
    return likeness


def report(folder: Path, encoder: Encoder) -> str:
    """The section on understanding, and its figures.

    Args:
        folder: for the figures.
        encoder: makes the vectors.
    """
    pairs = held_out.training()
    with step(f"encoding {len(pairs)} training phrases"):
        vectors = encoder.encode([text for _, text in pairs])
    crossed = cross_validated(pairs, vectors)
    with step("training on all of them"):
        model = fitted(pairs, vectors)
    others = {name: _of_file(name, model, encoder) for name in ("intents-a", "intents-b", "intents-c")}
    outside = [(OUTSIDE, text) for text in held_out.read("outside")]
    strange = guessed(model, outside, encoder.encode([text for _, text in outside]))
    known = {held_out.same(text) for _, text in pairs}
    sets = {f"{FOLDS}-fold cross-validation": crossed, **others}
    names = list(dict.fromkeys(intent for intent, _ in pairs))
    drawing.confusion(folder / "confusion.png", names, matrix(crossed, names))
    return section(
        "1. Understanding: the intent of a message",
        f"`LinearModel` as it ships, alone; {len(pairs)} phrases of {len(names)} intents are trained on.",
        _accuracy(sets, known),
        _nearness(others, vectors, encoder),
        _calibration(folder, crossed, [one for found in others.values() for one in found]),
        _scope(folder, sets, strange),
        _confused(crossed),
        _misses(others, strange),
    )


def _of_file(name: str, model: LinearModel, encoder: Encoder) -> list[Guessed]:
    pairs = held_out.flat(name)
    return guessed(model, pairs, encoder.encode([text for _, text in pairs]))


def _accuracy(sets: dict[str, list[Guessed]], known: set[str]) -> str:
    rows = []
    for name, found in sets.items():
        new = [one for one in found if held_out.same(one.text) not in known]
        apart = Share.among(one.right for one in new) if len(new) < len(found) and new else "the same"
        rows.append((name, Share.among(one.right for one in found), apart))
    head = ("phrases", "get their intent (95 % interval)", "without those that stand word for word among the training")
    return section("Accuracy", table(head, rows), depth=3)


def _nearness(others: dict[str, list[Guessed]], vectors: Vectors, encoder: Encoder) -> str:
    own = nearest(vectors, vectors, among_themselves=True)
    rows: list[tuple[object, ...]] = [("training phrases among themselves", Share.among(own >= ALIKE), "")]
    for name, found in others.items():
        near = nearest(encoder.encode([one.text for one in found]), vectors)
        far = [one for one, likeness in zip(found, near, strict=True) if likeness < ALIKE]
        rows.append((name, Share.among(near >= ALIKE), Share.among(one.right for one in far)))
    head = ("phrases", f"nearest training phrase is alike (cosine from {ALIKE})", "accuracy of those without one")
    note = (
        "Phrases by the same table of intents lie nearer to the training phrases than these to each other, which were "
        "written to differ. Patients' own words may lie farther away, and get their intent less often."
    )
    return section("How near the phrases are to what was trained on", table(head, rows), note, depth=3)


def _calibration(folder: Path, crossed: list[Guessed], others: list[Guessed]) -> str:
    curves = {
        name: reliability([one.confidence for one in found], [one.right for one in found])
        for name, found in (("cross-validation", crossed), ("other authors", others))
    }
    drawing.reliability(folder / "reliability.png", curves)
    rows = [(name, f"{calibration_error(bins):.3f}", ", ".join(map(str, bins))) for name, bins in curves.items()]
    head = ("phrases", "expected calibration error", "confidence: share right (number)")
    return section(
        "Calibration", table(head, rows), picture("reliability.png", "Reliability, as in the table"), depth=3
    )


def _scope(folder: Path, sets: dict[str, list[Guessed]], strange: list[Guessed]) -> str:
    rows = [(name, *coverage(found)) for name, found in sets.items()]
    ours = [one.in_scope for name in ("intents-a", "intents-b") for one in sets[name] if one.intent != OUTSIDE]
    theirs = [one.in_scope for one in strange]
    drawing.roc_curve(folder / "roc.png", ours, theirs)
    return section(
        "At the fallback threshold, and what is out of scope",
        table(("phrases", "coverage: ours that pass", "accuracy of those"), rows),
        f"Of `outside.yml` fall back: {Share.among(not one.passes for one in strange)}. "
        f"AUROC of the score, intents-a and intents-b against `outside.yml`: **{auroc(ours, theirs):.3f}**.",
        "What falls back is still looked for in the store, and what passes may still find no text there: section 3 "
        "shows what a patient gets in the end.",
        picture("roc.png", "In scope against out of scope, for every threshold"),
        depth=3,
    )


def _confused(crossed: list[Guessed]) -> str:
    rows = [(written, taken, count) for (written, taken), count in confusions(crossed)[:WORST]]
    return section(
        "The worst confusions, in cross-validation",
        table(("written as", "guessed as", "times"), rows),
        picture("confusion.png", "Confusion matrix of all intents; its largest fields are in the table"),
        depth=3,
    )


def _misses(others: dict[str, list[Guessed]], strange: list[Guessed]) -> str:
    parts = []
    for name, found in others.items():
        wrong = (one for one in found if not one.right)
        lines = (f"{quoted(one.text)}: {one.intent}, guessed {one.guess} ({one.confidence:.2f})" for one in wrong)
        parts.append(section(f"Every miss in {name}", bullets(lines), depth=4))
    passed = (f"{quoted(one.text)}: {one.guess} ({one.confidence:.2f})" for one in strange if one.passes)
    held = (
        f"{quoted(one.text)}: {one.intent}"
        for found in others.values()
        for one in found
        if one.intent != OUTSIDE and not one.passes
    )
    parts.append(section("Out of scope, yet it passes", bullets(passed), depth=4))
    parts.append(section("In scope, yet it falls back", bullets(held), depth=4))
    return "\n\n".join(parts)
