"""What a vetted text is made of once it is read: paragraphs, lists, tables, figures and notices.

Each block has a text twin, so that a channel that can only send text loses no word.
"""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text, no markup."""

    text: str
    type: Literal["paragraph"] = "paragraph"


@dataclass(frozen=True, slots=True)
class BulletList:
    """A list; `ordered` when the order means something."""

    items: list[str]
    ordered: bool = False
    type: Literal["list"] = "list"


@dataclass(frozen=True, slots=True)
class Table:
    """A table whose first column names the rows."""

    caption: str
    columns: list[str]
    rows: list[list[str]]
    type: Literal["table"] = "table"


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawing; `text` says in words all that it shows."""

    title: str
    svg: str
    text: str
    type: Literal["figure"] = "figure"


@dataclass(frozen=True, slots=True)
class Notice:
    """A text set apart: to inform, to warn, or because it is an emergency."""

    text: str
    tone: Literal["info", "warning", "emergency"] = "info"
    type: Literal["notice"] = "notice"


Block: TypeAlias = Paragraph | BulletList | Table | Figure | Notice


@dataclass(frozen=True, slots=True)
class Text:
    """Blocks in order, with what a channel without drawing sends."""

    blocks: list[Block] = field(default_factory=list)

    def __str__(self) -> str:
        """The blocks as plain text, a blank line between two."""
        return "\n\n".join(as_text(block) for block in self.blocks)


def as_text(block: Block) -> str:
    """The text twin of a block: the same words in the same order."""
    match block:
        case BulletList(items=items, ordered=True):
            return "\n".join(f"{number}. {item}" for number, item in enumerate(items, start=1))
        case BulletList(items=items):
            return "\n".join(f"- {item}" for item in items)
        case Table():
            return _table_text(block)
        case Figure(title=title, text=text):
            return f"{title}\n{text}"
        case _:
            return block.text


def _table_text(table: Table) -> str:
    """A row a paragraph: its name, then each further column with its heading."""
    rows = []
    for name, *cells in table.rows:
        named = zip(table.columns[1:], cells, strict=True)
        rows.append("\n".join([name, *(f"- {column}: {cell}" for column, cell in named)]))
    return "\n\n".join([table.caption, *rows])
