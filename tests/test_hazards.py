"""Every control of the hazard log has a test that exists, every file it names exists, and its page is up to date."""

import ast
import re
from functools import cache

import pytest

from bot.settings import ROOT
from evaluation import hazards
from evaluation.hazards import MATRIX, Hazard, Likelihood, Risk, Severity

HAZARDS = hazards.read()
CASE = (ROOT / "docs" / "safety" / "clinical-safety-case.md").read_text(encoding="utf-8")


@cache
def names_of(path: str) -> frozenset[str]:
    """Names of the tests of a file, read and not run."""
    file = ROOT / path
    tree = ast.parse(file.read_text(encoding="utf-8")) if file.is_file() else ast.Module([], [])
    functions = (node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return frozenset(node.name for node in functions if node.name.startswith("test_"))


@pytest.mark.parametrize("hazard", HAZARDS, ids=lambda hazard: hazard.id)
def test_every_control_is_proved_by_tests_that_exist(hazard: Hazard) -> None:
    named = [name.split("::") for control in hazard.controls for name in control.tests]
    assert [f"{path}::{name}" for path, name in named if name not in names_of(path)] == []


@pytest.mark.parametrize("hazard", HAZARDS, ids=lambda hazard: hazard.id)
def test_every_file_of_a_control_exists(hazard: Hazard) -> None:
    assert [name for control in hazard.controls for name in control.where if not (ROOT / name).exists()] == []


def test_each_hazard_has_its_own_id_and_none_is_rated_worse_after_its_controls() -> None:
    ids = [hazard.id for hazard in HAZARDS]
    assert ids == sorted(set(ids))
    assert len(ids) >= 25
    assert [hazard.id for hazard in HAZARDS if hazard.after.rating > hazard.before.rating] == []


def test_a_rating_grows_with_severity_and_with_likelihood() -> None:
    rows = [[Risk(severity=s, likelihood=p).rating for s in Severity] for p in Likelihood]
    assert all(row == sorted(row) for row in rows)
    assert all(list(column) == sorted(column) for column in zip(*rows, strict=True))
    assert set(MATRIX) == set(Likelihood)


def test_what_is_still_rated_high_says_what_is_open() -> None:
    assert [hazard.id for hazard in HAZARDS if hazard.after.rating >= 4 and not hazard.open] == []


def test_the_page_is_made_of_the_log() -> None:
    assert hazards.PAGE.read_text(encoding="utf-8") == hazards.page(HAZARDS)


def test_the_safety_case_names_hazards_that_exist_and_each_that_is_open() -> None:
    named = set(re.findall(r"HZ-\d\d", CASE))
    assert named <= {hazard.id for hazard in HAZARDS}
    assert {hazard.id for hazard in HAZARDS if hazard.open} <= named
