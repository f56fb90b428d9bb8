"""The report's figures, drawn by matplotlib without a screen."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray

mpl.use("Agg")

from matplotlib import pyplot as plt

from evaluation.figures import Bin, Share, roc

DPI = 110
BLUE, ORANGE = "#0b5cad", "#c2570c"


def confusion(path: Path, names: Sequence[str], counts: NDArray[np.int64]) -> None:
    """How often each label (a row) was taken for each other (a column), as a share of its row."""
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure, axes = plt.subplots(figsize=(15, 14))
    drawn = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(names)), names, rotation=90, fontsize=7)
    axes.set_yticks(range(len(names)), names, fontsize=7)
    axes.set(xlabel="guessed", ylabel="written as")
    figure.colorbar(drawn, label="share of the row", shrink=0.7)
    _save(figure, path)


def reliability(path: Path, curves: dict[str, list[Bin]]) -> None:
    """How often guesses were right against how sure they were; on the diagonal the two agree."""
    figure, axes = plt.subplots(figsize=(6, 6))
    axes.plot([0, 1], [0, 1], color="grey", linestyle="--", label="as sure as right")
    for (name, bins), marker in zip(curves.items(), "os^", strict=False):
        axes.plot([one.confidence for one in bins], [one.right for one in bins], marker=marker, label=name)
    axes.set(xlabel="mean confidence", ylabel="share that is right", xlim=(0, 1), ylim=(0, 1))
    axes.legend()
    _save(figure, path)


def roc_curve(path: Path, ours: Sequence[float], others: Sequence[float]) -> None:
    """The share of ours that passes against the share of the others that does, for every threshold."""
    figure, axes = plt.subplots(figsize=(6, 6))
    axes.plot(*roc(ours, others), color=BLUE)
    axes.plot([0, 1], [0, 1], color="grey", linestyle="--")
    axes.set(xlabel="messages out of scope that pass", ylabel="messages in scope that pass")
    _save(figure, path)


def shares(path: Path, rows: Sequence[tuple[str, Share, Share]], *, first: str, second: str) -> None:
    """Two shares for each row, with their intervals.

    Args:
        path: of the picture.
        rows: name, and the two shares.
        first: what the first share of each row is.
        second: what the second is.
    """
    figure, axes = plt.subplots(figsize=(8, 0.6 * len(rows) + 1.5))
    places = np.arange(len(rows))
    for number, (name, colour) in enumerate(((first, ORANGE), (second, BLUE)), start=1):
        found = [row[number] for row in rows]
        spread = [
            [abs(one.value - one.interval[0]) for one in found],
            [abs(one.interval[1] - one.value) for one in found],
        ]
        height = places + (0.15 if number == 1 else -0.15)
        axes.errorbar([one.value for one in found], height, xerr=spread, fmt="o", color=colour, label=name, capsize=3)
    axes.set_yticks(places, [row[0] for row in rows])
    axes.set(xlim=(-0.02, 1.02), xlabel="share that raises an alarm, with its 95 % interval")
    axes.legend(loc="best")
    _save(figure, path)


def _save(figure: plt.Figure, path: Path) -> None:
    figure.tight_layout()
    figure.savefig(path, dpi=DPI)
    plt.close(figure)
