"""Two revisions of a text side by side. Pure."""

from dataclasses import dataclass
from difflib import SequenceMatcher

from bot.content.blocks import Text, as_text


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
    old, new = _lines(before), _lines(after)
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
