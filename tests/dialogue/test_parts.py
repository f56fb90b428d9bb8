"""A message as the questions that it holds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.dialogue.parts import MOST_PARTS, split


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("what is clomid", ["what is clomid"]),
        ("what is clomid and does it affect my eyes", ["what is clomid", "does it affect my eyes"]),
        ("what is lh? what is fsh?", ["what is lh?", "what is fsh?"]),
        ("i am 34 and take clomid. will it hurt my eyes?", ["i am 34 and take clomid. will it hurt my eyes?"]),
        ("i feel tired and low", ["i feel tired and low"]),
        ("how does it work, and how long do i take it", ["how does it work", "how long do i take it"]),
        ("", [""]),
    ],
)
def test_a_message_is_split_where_a_new_question_begins(text: str, parts: list[str]) -> None:
    assert split(text) == parts


@given(st.text(max_size=300))
def test_every_part_stands_in_the_message(text: str) -> None:
    found = split(text)
    assert 1 <= len(found) <= MOST_PARTS
    assert all(part in text for part in found)
