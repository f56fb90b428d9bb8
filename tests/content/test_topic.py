"""A topic's file: what is read from it, and what each mistake is answered with."""

from pathlib import Path

import pytest

from bot.content import topic
from bot.content.blocks import BulletList, Notice, Paragraph, Table, as_text
from bot.content.topic import Level
from bot.errors import DataError

PATH = Path("example-topic.md")
QUESTIONS = "\n".join(f"  - way of asking {number}" for number in range(12))
GOOD = f"""---
id: example-topic
title: What the example does
button: What it does
kind: mechanism
audience: [men]
drugs: [clomiphene]
closing: treatment
author: Somebody
written_on: 2026-11-20
asked_as:
{QUESTIONS}
evidence:
  - fact: The fact in one sentence.
    references: [riggs-2003]
---

## plain

It does this. It does *that* too.

## detail

- one
- two

## science

Table: Two things

| thing | effect |
|---|---|
| one | more |

> Set apart.
"""


def test_a_topic_is_read_into_blocks_without_markup() -> None:
    read = topic.parse(GOOD, path=PATH)
    assert read.texts[Level.PLAIN].blocks == [Paragraph("It does this. It does that too.")]
    assert read.texts[Level.DETAIL].blocks == [BulletList(["one", "two"])]
    table, notice = read.texts[Level.SCIENCE].blocks
    assert table == Table("Two things", columns=["thing", "effect"], rows=[["one", "more"]])
    assert notice == Notice("Set apart.")


def test_a_table_loses_no_word_as_text() -> None:
    table = topic.parse(GOOD, path=PATH).texts[Level.SCIENCE].blocks[0]
    assert as_text(table) == "Two things\n\none\n- effect: more"


@pytest.mark.parametrize(
    ("find", "replace", "reason"),
    [
        ("---\nid", "id", "front matter"),
        ("kind: mechanism", "kind: nonsense", "kind"),
        ("  - way of asking 3\n", "", "asked_as"),
        ("title: What the example does", "title: a\ntitle: b", "duplicate"),
        ("## science", "## sience", "sience"),
        ("- one", "- [one](https://example.org)", "link"),
        ("- one", "# one", "heading"),
        ("- two", "- two\n  - three", "list within a list"),
        ("- one", "<script>alert(1)</script>\n\n- one", None),
        ("Table: Two things\n\n", "", "Table"),
        ("It does this. It does *that* too.", "", "plain"),
    ],
)
def test_a_mistake_names_file_line_and_reason(find: str, replace: str, reason: str | None) -> None:
    broken = GOOD.replace(find, replace, 1)
    assert broken != GOOD
    if reason is None:  # HTML is kept as the words that it is
        assert "<script>" in str(topic.parse(broken, path=PATH).texts[Level.DETAIL])
        return
    with pytest.raises(DataError) as caught:
        topic.parse(broken, path=PATH)
    assert str(PATH) in str(caught.value)
    assert reason in caught.value.reason
    if caught.value.line is not None:
        line = GOOD[: GOOD.index(find)].count("\n") + 1
        assert abs(caught.value.line - line) <= 2


def test_the_id_is_the_files_name(tmp_path: Path) -> None:
    path = tmp_path / "another.md"
    path.write_text(GOOD)
    with pytest.raises(DataError, match="not the file's name"):
        topic.read(path)
