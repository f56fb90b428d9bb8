"""Intervals, AUROC and calibration give what their sources say."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.figures import Bin, Found, Share, auroc, calibration_error, reliability, roc


@pytest.mark.parametrize(
    ("right", "of", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (29, 29, 0.8830, 1.0)],
)
def test_wilsons_interval_is_the_published_one(right: int, of: int, low: float, high: float) -> None:
    """Newcombe RG. Stat Med 1998;17:857-872, table I (method 3: the score without correction)."""
    assert Share(right, of).interval == pytest.approx((low, high), abs=1e-4)


@given(st.integers(0, 500), st.integers(0, 500))
def test_an_interval_holds_its_share_and_stays_within_nought_and_one(right: int, wrong: int) -> None:
    share = Share(right, right + wrong)
    low, high = share.interval
    assert 0 <= low <= high <= 1
    assert math.isnan(share.value) or low - 1e-12 <= share.value <= high + 1e-12


def test_a_share_of_nothing_says_so() -> None:
    assert str(Share.among([])) == "none"
    assert str(Share.among([True, True, False, True])) == "75.0% (30.1% to 95.4%; 3 of 4)"


def test_auroc_counts_pairs_and_ties_half() -> None:
    assert auroc([3.0, 2.0], [1.0, 0.0]) == 1.0
    assert auroc([0.0], [1.0, 2.0]) == 0.0
    assert auroc([1.0, 3.0], [1.0, 2.0]) == pytest.approx((0.5 + 0 + 1 + 1) / 4)


@given(
    st.lists(st.integers(0, 9), min_size=1, max_size=30), st.lists(st.integers(0, 9), min_size=1, max_size=30)
)  # fmt: skip
def test_auroc_is_the_area_under_its_curve(ours: list[int], others: list[int]) -> None:
    across, up = roc([float(one) for one in ours], [float(one) for one in others])
    assert (across[-1], up[-1]) == (1.0, 1.0)
    pairs = np.mean([(a > b) + (a == b) / 2 for a in ours for b in others])
    assert auroc(ours, others) == pytest.approx(pairs)
    assert np.trapz(up, across) == pytest.approx(pairs)


def test_a_guess_as_sure_as_right_has_no_calibration_error() -> None:
    sure = [0.75] * 4
    assert calibration_error(reliability(sure, [True, True, True, False])) == pytest.approx(0.0)
    assert calibration_error(reliability(sure, [False] * 4)) == pytest.approx(0.75)


def test_the_bins_hold_every_guess_also_the_surest() -> None:
    bins = reliability([0.0, 0.05, 0.55, 1.0], [False, True, True, True])
    assert bins == [Bin(0.025, 0.5, 2), Bin(0.55, 1.0, 1), Bin(1.0, 1.0, 1)]


def test_what_was_found_is_counted_over_all_sentences() -> None:
    found = Found.over(
        [(frozenset("ab"), frozenset("bc")), (frozenset(), frozenset("a")), (frozenset("d"), frozenset("d"))]
    )
    assert (found.hits, found.missed, found.extra) == (2, 1, 2)
    assert (found.precision, found.recall) == (Share(2, 4), Share(2, 3))
