"""What must be refused by its words, and how replies close."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.safety import closings, refusals
from bot.settings import Settings

FOLDER = Settings().language_dir / "safety"
REFUSALS = refusals.load(FOLDER)
CLOSINGS = closings.load(FOLDER)


@pytest.mark.parametrize("rule", REFUSALS.rules, ids=lambda rule: rule.id)
def test_a_rule_finds_its_examples_and_leaves_the_others(rule: refusals._Rule) -> None:
    for text in rule.must_match:
        found = REFUSALS.check(text)
        assert found is not None, text
        assert found.id == rule.id, text
    for text in rule.must_not_match:
        assert REFUSALS.check(text) is None, text


@pytest.mark.parametrize(
    "text", ["can i up my clomid to two a day", "is it ok to skip a week", "my count is 4 million is it normal"]
)
def test_what_a_probe_once_found_unrefused_is_refused(text: str) -> None:
    assert REFUSALS.check(text) is not None


@given(st.text(max_size=300))
def test_any_text_is_read(text: str) -> None:
    found = REFUSALS.check(text)
    assert found is None or all(0 <= start < end <= len(text) for start, end in found.spans)


def test_no_refusal_has_a_dose_or_an_open_brace() -> None:
    for name in REFUSALS.replies:
        text = " ".join(REFUSALS.render(name, clinic_phone="+1 202-555-0143"))
        assert "{" not in text
        assert not re.search(r"\d+ ?(mg|ml|iu|units)", text)


@pytest.mark.parametrize("name", CLOSINGS.ids)
def test_every_closing_refers_to_a_clinician(name: str) -> None:
    assert re.search(r"clinician|clinic", CLOSINGS.text(name, clinic_phone="+1 202-555-0143"))
