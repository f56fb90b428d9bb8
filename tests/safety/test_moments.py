"""Sensitive moments are found in the words; each has its own words to say."""

import pytest

from bot.conversation.fixed import Fixed
from bot.safety import moments
from bot.safety.phrasing import PhrasingRule
from bot.settings import Settings

MOMENTS = moments.load(Settings().language_dir / "safety")
CHEERFUL = ("!", "great", "good news", "happy", "don't worry", "stay positive", "at least")


@pytest.mark.parametrize("rule", MOMENTS.rules, ids=lambda rule: rule.id)
def test_a_moment_is_found_and_others_are_left(rule: PhrasingRule) -> None:
    for text in rule.must_match:
        found = MOMENTS.check(text)
        assert found is not None, text
        assert found.id == rule.id, text
    for text in rule.must_not_match:
        assert MOMENTS.check(text) is None, text


@pytest.mark.parametrize("rule", MOMENTS.rules, ids=lambda rule: rule.id)
def test_what_is_said_is_there_and_is_not_cheerful(rule: PhrasingRule, fixed: Fixed) -> None:
    said = [*fixed.words.paragraphs(f"moment_{rule.id}"), *fixed.words.paragraphs(f"moment_{rule.id}_line")]
    assert not [word for word in CHEERFUL for text in said if word in text.lower()]
