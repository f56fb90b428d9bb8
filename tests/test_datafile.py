"""Our data files: phrases that are read line by line are read as YAML would."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.datafile import parse_yaml, read_phrases
from bot.errors import DataError

TYPED = st.text(st.characters(exclude_categories=["C", "Z"], include_characters=' "\\#-:\u2019\u2028'), min_size=1)


@given(st.lists(TYPED, min_size=1))
def test_phrases_are_read_as_the_yaml_that_they_are(tmp_path_factory: pytest.TempPathFactory, typed: list[str]) -> None:
    path = tmp_path_factory.mktemp("phrases") / "phrases.yml"
    text = "# Phrases.\n" + "".join(f"- {json.dumps(phrase, ensure_ascii=False)}\n" for phrase in typed)
    path.write_text(text, encoding="utf-8")
    assert read_phrases(path) == parse_yaml(text, path=path) == typed


@pytest.mark.parametrize("line", ["- bare", "- 'single'", '- "unended', '"no dash"', '- "two" "three"', "  ", "- []"])
def test_what_is_no_phrase_is_named_with_its_line(tmp_path: Path, line: str) -> None:
    path = tmp_path / "phrases.yml"
    path.write_text(f'# Phrases.\n- "fine"\n{line}\n', encoding="utf-8")
    with pytest.raises(DataError, match="one line") as raised:
        read_phrases(path)
    assert (raised.value.path, raised.value.line) == (path, 3)
