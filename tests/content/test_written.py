"""Stored texts as Markdown, the lines of faults, the lengths of messages, and the words that differ."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.content import difference, figures, files, preview, written
from bot.content.blocks import BulletList, Notice, Paragraph, Table, Text
from bot.content.editing import with_author
from bot.content.figures import Plan
from bot.content.places import line_of
from bot.content.topic import Level, parse
from bot.conversation.fixed import Fixed
from bot.settings import Settings
from tests.content.test_store import draft

FOLDER = Settings().language_dir
PLAN = Plan.load(FOLDER / "figures.yml")
HARD = [
    "*a*", "_b_ c_d", "- no list", "1. no list", "# no heading", "> no quote", "a | b", "[x](http://y)", "`code`",
    "<b>", "a & b &amp; c", "back\\slash", "+ plus", "12) twelve", "Table: no table", "~~gone~~", "---", "===",
]  # fmt: skip


def test_every_topic_is_the_same_after_it_is_written_and_read_again(fixed: Fixed) -> None:
    topics = files.read_topics(FOLDER)
    references = files.read_references(FOLDER / "references.yml")
    facts = {(one.subject, one.relation): one.value for _, topic in topics for one in topic.head.facts}
    assert len(topics) > 100
    for path, topic in topics:
        before = files.as_draft(topic, references)
        markdown = written.write(before, lexicon=fixed.lexicon, plan=PLAN, facts=facts, written_on="2026-11-21")
        again = figures.drawn(parse(markdown, path=path), facts, PLAN, path)
        assert files.as_draft(again, references).document() == before.document(), path.name


@pytest.mark.parametrize("words", HARD)
def test_words_that_look_like_marks_stay_words(fixed: Fixed, words: str) -> None:
    blocks = [
        Paragraph(words), BulletList([words, "two"]), BulletList(["one", words], ordered=True), Notice(words),
        Table(f"Of {words}", columns=["a", words], rows=[[words, "b"]]),
    ]  # fmt: skip
    topic = replace(
        draft(), texts={level: Text(blocks) for level in Level}, questions=tuple(f"how {n}" for n in range(12)),
        evidence=({"fact": "It does work so.", "references": ["acog-589"], "section": ""},),
    )  # fmt: skip
    markdown = written.write(topic, lexicon=fixed.lexicon, plan=PLAN, facts={}, written_on="2026-11-21")
    assert parse(markdown, path=Path("x.md")).texts[Level.DETAIL] == Text(blocks)


SOURCE = (
    "---\nid: x\nasked_as:\n  - one\n  - Two words\nclosing: none\n---\n\n"
    "## plain\n\nFirst.\n\nIt is safe.\n\n## detail\n\nsafe\n"
)


@pytest.mark.parametrize(
    ("reason", "line"),
    [
        ("plain: the word 'safe' promises or sells", 13),
        ("detail: the word 'safe' promises or sells", 17),
        ("asked_as: 'two words' stands more than once", 5),
        ("closing: there is no closing 'none'", 6),
        ("front matter: asked_as: List should have at least 12 items", 3),
        ("plain: reading age 15.0, at most 13.0", 9),
        ("title: Field required", 1),
    ],
)
def test_a_fault_is_found_where_it_stands(reason: str, line: int) -> None:
    assert line_of(SOURCE, reason) == line


@given(st.text(), st.text())
def test_looking_for_a_line_never_fails(source: str, reason: str) -> None:
    assert 1 <= line_of(source, reason) <= max(len(source.splitlines()), 1)


@pytest.mark.parametrize(
    ("text", "length", "parts", "outside"),
    [
        ("", 0, 1, ""), ("a" * 160, 160, 1, ""), ("a" * 161, 161, 2, ""), ("a" * 307, 307, 3, ""),
        ("€" * 80, 160, 1, ""), ("€" * 81, 162, 2, ""), ("a" * 152 + "€" * 77, 306, 3, ""),
        ("a" * 69 + "…", 70, 1, "…"), ("a" * 70 + "…", 71, 2, "…"), ("😀" * 35, 70, 1, "😀"), ("😀" * 36, 72, 2, "😀"),
    ],
)  # fmt: skip
def test_an_sms_is_counted_as_providers_count_it(text: str, length: int, parts: int, outside: str) -> None:
    assert preview.as_sms(text) == preview.Sms(length, parts, tuple(outside))


@given(st.lists(st.text(alphabet="ab 😀", min_size=1), min_size=1), st.integers(4, 60))
def test_messages_hold_all_words_and_no_more_than_fits(paragraphs: list[str], most: int) -> None:
    found = preview.messages("\n\n".join(paragraphs), most)
    assert "".join(found).replace("\n", "") == "".join(paragraphs)
    assert all(len(one.encode("utf-16-le")) // 2 <= most for one in found)


@given(st.text(), st.text())
def test_the_pieces_of_a_difference_are_the_two_lines(before: str, after: str) -> None:
    left, right = difference.by_words(before, after)
    assert ("".join(one.text for one in left), "".join(one.text for one in right)) == (before, after)
    assert [one.text for one in left if not one.changed] == [one.text for one in right if not one.changed]


@pytest.mark.parametrize("name", ["Ann", "Dr. B: Smith", "#1", 'O\'Hara "x"', "null", "Müller \\1"])
def test_any_name_can_stand_as_the_author(name: str) -> None:
    source = (FOLDER / "topics" / "gonadorelin.md").read_text()
    made = parse(with_author(source, name), path=Path("x.md"))
    assert made.head.author == name
    assert made.texts == parse(source, path=Path("x.md")).texts
