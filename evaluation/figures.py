"""Numbers that a report needs, as pure functions: shares with Wilson's interval, AUROC, calibration.

Sources: Wilson EB. J Am Stat Assoc 1927;22:209-212 (interval); Hanley JA, McNeil BJ. Radiology 1982;143:29-36 (AUROC as
the chance that one of ours scores above one of the others); Guo C, et al. ICML 2017 (expected calibration error).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

Z_95 = 1.959964
"""The 97.5 % point of the normal distribution."""
BINS = 10
"""Bins of equal width, from 0 to 1, of a reliability figure."""


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    right: int
    of: int

    @classmethod
    def among(cls, found: Iterable[bool]) -> "Share":
        """The share of what is true."""
        every = [bool(one) for one in found]
        return cls(sum(every), len(every))

    @property
    def value(self) -> float:
        """From 0 to 1; not a number where there is nothing."""
        return self.right / self.of if self.of else float("nan")

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval; everything where there is nothing."""
        if not self.of:
            return 0.0, 1.0
        grown = 1 + Z_95**2 / self.of
        middle = (self.value + Z_95**2 / (2 * self.of)) / grown
        half = Z_95 * sqrt(self.value * (1 - self.value) / self.of + Z_95**2 / (4 * self.of**2)) / grown
        return max(0.0, middle - half), min(1.0, middle + half)

    def __str__(self) -> str:
        """As in the report: the share, its interval, the counts."""
        if not self.of:
            return "none"
        low, high = self.interval
        return f"{self.value:.1%} ({low:.1%} to {high:.1%}; {self.right} of {self.of})"


@dataclass(frozen=True, slots=True)
class Bin:
    """Guesses of like confidence: how sure they were on average, how many were right, how many there are."""

    confidence: float
    right: float
    count: int

    def __str__(self) -> str:
        """As in the report."""
        return f"{self.confidence:.2f}: {self.right:.2f} ({self.count})"


def auroc(ours: Sequence[float], others: Sequence[float]) -> float:
    """The chance that one of ours scores above one of the others; ties count half.

    Args:
        ours: scores that should be high, at least one.
        others: scores that should be low, at least one.
    """
    low = np.sort(np.asarray(others, float))
    below = np.searchsorted(low, ours, side="left")
    level = np.searchsorted(low, ours, side="right") - below
    return float((below + level / 2).sum() / (len(ours) * len(others)))


def roc(ours: Sequence[float], others: Sequence[float]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """For every threshold the share of the others that passes, and the share of ours that does."""
    thresholds = np.concatenate([[np.inf], np.sort(np.concatenate([ours, others]))[::-1]])
    passed = [np.array([(np.asarray(kind) >= one).mean() for one in thresholds]) for kind in (others, ours)]
    return passed[0], passed[1]


def reliability(confidences: Sequence[float], right: Sequence[bool]) -> list[Bin]:
    """The bins that hold any guess, the least sure first."""
    sure, good = np.asarray(confidences, float), np.asarray(right, bool)
    places = np.minimum((sure * BINS).astype(int), BINS - 1)
    return [
        Bin(float(sure[chosen].mean()), float(good[chosen].mean()), int(chosen.sum()))
        for chosen in (places == one for one in range(BINS))
        if chosen.any()
    ]


def calibration_error(bins: Sequence[Bin]) -> float:
    """The expected calibration error: how far confidence and being right lie apart, weighted by the bins' sizes."""
    return sum(one.count * abs(one.confidence - one.right) for one in bins) / sum(one.count for one in bins)


@dataclass(frozen=True, slots=True)
class Found:
    """What was to be found, what was, and what was found beside it."""

    hits: int
    missed: int
    extra: int

    @classmethod
    def over(cls, pairs: Iterable[tuple[frozenset[str], frozenset[str]]]) -> "Found":
        """The sums over pairs of what was wanted and what was found."""
        every = list(pairs)
        return cls(
            sum(len(wanted & found) for wanted, found in every),
            sum(len(wanted - found) for wanted, found in every),
            sum(len(found - wanted) for wanted, found in every),
        )

    @property
    def precision(self) -> Share:
        """Of what was found, what was to be."""
        return Share(self.hits, self.hits + self.extra)

    @property
    def recall(self) -> Share:
        """Of what was to be found, what was."""
        return Share(self.hits, self.hits + self.missed)
