"""Two revisions of a text side by side. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Protocol

from bot.content.blocks import Text, as_text

_WORDS = re.compile(r"\s+|\w+|[^\w\s]")


class Compared(Protocol):
    """What of a text is compared beside its words; `store.Draft` has it, and this module must not know the store."""

    @property
    def evidence(self) -> tuple[Mapping[str, Any], ...]:
        """Each key fact with its references."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the comparison.

    Attributes:
        before: the older words, None where the newer revision adds.
        after: the newer words, None where it leaves out.
    """

    before: str | None
    after: str | None

    @property
    def same(self) -> bool:
        """Whether nothing changed here."""
        return self.before == self.after


def side_by_side(before: Text, after: Text) -> list[Line]:
    """Both texts line by line: paragraphs, items and rows that belong together stand beside each other."""
    return _aligned(_lines(before), _lines(after))


def _aligned(old: list[str], new: list[str]) -> list[Line]:
    found: list[Line] = []
    for kind, a, b, c, d in SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        if kind == "equal":
            found += [Line(line, line) for line in old[a:b]]
            continue
        left, right = old[a:b], new[c:d]
        length = max(len(left), len(right))
        padded_left = [*left, *[None] * (length - len(left))]
        padded_right = [*right, *[None] * (length - len(right))]
        found += [Line(one, two) for one, two in zip(padded_left, padded_right, strict=True)]
    return found


def _lines(text: Text) -> list[str]:
    return [line for block in text.blocks for line in as_text(block).splitlines() if line.strip()]


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of words within a line.

    Attributes:
        changed: whether the other side does not have it.
    """

    text: str
    changed: bool


def by_words(before: str, after: str) -> tuple[list[Piece], list[Piece]]:
    """Two versions of a line, each as runs of words that the other has and has not."""
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    left: list[Piece] = []
    right: list[Piece] = []
    for kind, a, b, c, d in SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        for pieces, run in ((left, old[a:b]), (right, new[c:d])):
            if run:
                pieces.append(Piece("".join(run), kind != "equal"))
    return left, right


def about(before: Compared, after: Compared) -> list[tuple[str, list[Line]]]:
    """What differs beside the texts: each field that changed, with its lines side by side."""
    found = []
    for name in ("title", "button", "kind", "closing", "audience", "tags", "related", "questions", "sources"):
        old, new = _as_lines(getattr(before, name)), _as_lines(getattr(after, name))
        if old != new:
            found.append((name, _aligned(old, new)))
    old, new = _evidence(before), _evidence(after)
    return [*found, ("evidence", _aligned(old, new))] if old != new else found


def _as_lines(value: str | tuple[str, ...]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _evidence(draft: Compared) -> list[str]:
    return [
        f"{one['fact']} [{', '.join(one['references'])}] {one.get('section', '')}".strip() for one in draft.evidence
    ]
