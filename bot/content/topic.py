"""A topic as its author wrote it: Markdown with front matter, read into blocks, and the hashes that prove it.

The format is described in data/README.md.
"""

import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token
from pydantic import BaseModel, ConfigDict, Field

from bot.content.blocks import Block, BulletList, Figure, Notice, Paragraph, Table, Text, as_text
from bot.datafile import checked, parse_yaml, read_text
from bot.errors import DataError

FEWEST_QUESTIONS = 12
"""Ways of asking that a topic must list so that it can be found."""


class Level(StrEnum):
    """How much a text assumes and tells, from the least."""

    PLAIN = "plain"
    DETAIL = "detail"
    SCIENCE = "science"


class Kind(StrEnum):
    """What sort of question a topic answers."""

    BASICS = "basics"
    MECHANISM = "mechanism"
    THERAPY = "therapy"
    SIDE_EFFECTS = "side_effects"
    COMPARISON = "comparison"
    SUITABILITY = "suitability"
    MONITORING = "monitoring"
    LONG_TERM = "long_term"
    LAB = "lab"
    SYMPTOM = "symptom"
    GOAL = "goal"
    CONDITION = "condition"
    RECOVERY = "recovery"
    PRACTICAL = "practical"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Evidence(_Strict):
    """One key fact, and the bibliography's entries that it rests on."""

    fact: str = Field(min_length=10)
    references: list[str] = Field(min_length=1)
    section: str = ""


class Fact(NamedTuple):
    """A statement that must be the same in every topic: `gonadorelin`, `acts-on`, `pituitary`."""

    subject: str
    relation: str
    value: str


class FrontMatter(_Strict):
    """The head of a topic's file."""

    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    title: str = Field(min_length=5, max_length=70)
    button: str = Field(min_length=3, max_length=40)
    kind: Kind
    audience: list[str] = Field(min_length=1)
    drugs: list[str] = []
    hormones: list[str] = []
    labs: list[str] = []
    symptoms: list[str] = []
    conditions: list[str] = []
    closing: str
    related: list[str] = []
    author: str = Field(min_length=2)
    written_on: Any
    for_reviewer: list[str] = []
    asked_as: list[str] = Field(min_length=FEWEST_QUESTIONS)
    facts: list[Fact] = []
    evidence: list[Evidence] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic of the vetted store.

    Attributes:
        head: everything but the texts.
        texts: for each level its blocks.
        source: the whole file as it was read; its hash tells whether a revision is new.
    """

    head: FrontMatter
    texts: dict[Level, Text]
    source: str

    @property
    def sha256(self) -> str:
        """The hash of the whole file."""
        return sha256(self.source)


def sha256(text: str) -> str:
    """The SHA-256 of a text in UTF-8, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


_FRONT_MATTER = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)
_LEVEL = re.compile(r"^## +(\w+) *$", re.MULTILINE)
_CAPTION = re.compile(r"^Table: +")
_FIGURE = re.compile(r"^Figure: +([a-z-]+)((?: +[a-z_]+)*)$")


def read(path: Path) -> Topic:
    """Read a topic's file.

    Raises:
        DataError: with the line and the reason, if anything about it is wrong.
    """
    topic = parse(read_text(path), path=path)
    if topic.head.id != path.stem:
        raise DataError(f"id {topic.head.id} is not the file's name", path=path, line=2)
    return topic


def parse(source: str, *, path: Path) -> Topic:
    """Read a topic from its text.

    Args:
        source: the file's text.
        path: the file's name, for errors.

    Raises:
        DataError: front matter or a level is missing or wrong.
    """
    match = _FRONT_MATTER.match(source)
    if not match:
        raise DataError("begins with no front matter between two lines ---", path=path, line=1)
    head = checked(FrontMatter, parse_yaml(match[1], path=path, first_line=2), path=path, what="front matter")
    texts: dict[Level, Text] = {}
    for name, body, line in _sections(source, match.end()):
        if name not in set(Level):
            raise DataError(f"level {name!r} is none of {', '.join(Level)}", path=path, line=line)
        texts[Level(name)] = Text(blocks=parse_blocks(body, path=path, first_line=line))
    for level in Level:
        if not texts.get(level) or not texts[level].blocks:
            raise DataError(f"has no text for level {level}", path=path)
    return Topic(head=head, texts=texts, source=source)


def _sections(source: str, start: int) -> list[tuple[str, str, int]]:
    """Each `## level` with its body and the line of its heading."""
    marks = list(_LEVEL.finditer(source, start))
    ends = [mark.start() for mark in marks[1:]] + [len(source)]
    return [
        (mark[1], source[mark.end() : end], source.count("\n", 0, mark.start()) + 1)
        for mark, end in zip(marks, ends, strict=True)
    ]


def parse_blocks(markdown: str, *, path: Path, first_line: int = 1) -> list[Block]:
    """Markdown as blocks: paragraphs, flat lists, quotes (notices) and tables; no markup survives.

    A paragraph `Figure: name ...` asks for a drawing, which `figures.draw_all` makes.

    Raises:
        DataError: something else stands there (a heading, code, a link, an image, HTML, a nested list).
    """
    tokens = MarkdownIt("commonmark", {"html": False}).enable("table").parse(markdown)
    blocks: list[Block] = []
    position = 0
    while position < len(tokens):
        token = tokens[position]
        end = _closing(tokens, position)
        inner = tokens[position : end + 1]
        line = first_line + (token.map[0] if token.map else 0)
        block = _block(token.type, inner, blocks, path, line)
        if isinstance(block, Table) and blocks:
            blocks.pop()  # its caption, which stood before it as a paragraph
        blocks.append(block)
        position = end + 1
    return blocks


def _closing(tokens: list[Token], position: int) -> int:
    """The index of the token that closes the one at `position`."""
    depth = 0
    for index in range(position, len(tokens)):
        depth += tokens[index].nesting
        if depth == 0:
            return index
    raise AssertionError("markdown-it always closes what it opens")


def _block(kind: str, inner: list[Token], before: list[Block], path: Path, line: int) -> Block:
    texts = [_plain(token, path, line) for token in inner if token.type == "inline"]
    if kind == "paragraph_open":
        figure = _FIGURE.match(texts[0])
        return Figure(title=figure[1], svg="", text=figure[2]) if figure else Paragraph(texts[0])
    if kind in ("bullet_list_open", "ordered_list_open"):
        if sum(token.type.endswith("_list_open") for token in inner) > 1:
            raise DataError("a list within a list", path=path, line=line)
        return BulletList(texts, ordered=kind.startswith("ordered"))
    if kind == "blockquote_open":
        return Notice(" ".join(texts))
    if kind == "table_open":
        caption = before[-1] if before else None
        if not isinstance(caption, Paragraph) or not _CAPTION.match(caption.text):
            raise DataError("a table needs a paragraph 'Table: ...' right before it", path=path, line=line)
        width = sum(token.type == "th_open" for token in inner)
        cells = [texts[start : start + width] for start in range(0, len(texts), width)]
        return Table(_CAPTION.sub("", caption.text), columns=cells[0], rows=cells[1:])
    raise DataError(f"{kind.removesuffix('_open')} is not allowed in a text", path=path, line=line)


def _plain(inline: Token, path: Path, line: int) -> str:
    """The words of an inline token; emphasis is dropped, links and images are refused."""
    words = []
    for child in inline.children or []:
        if child.type == "text":
            words.append(child.content)
        elif child.type in ("softbreak", "hardbreak"):
            words.append(" ")
        elif child.type not in ("em_open", "em_close", "strong_open", "strong_close"):
            raise DataError(f"{child.type} is not allowed in a text", path=path, line=line)
    return "".join(words).strip()


def sentences(blocks: Collection[Block]) -> list[str]:
    """Every sentence, list item and table cell of the blocks, as a patient reads them."""
    parts = [part for block in blocks for part in re.split(r"\n+|(?<=[.!?])\s+", as_text(block))]
    return [part for part in parts if part.strip()]
