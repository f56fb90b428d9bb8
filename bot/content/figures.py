"""The drawings: SVG from the facts that the topics state, with a text twin that says all that they show. Pure.

A drawing is 320 units wide, so that its words are as large as text on a telephone. Its colours are those of the page
that shows it: classes whose style the widget and the desk give, and `currentColor` without them.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from bot.content.blocks import Block, Figure, Text
from bot.content.topic import Topic
from bot.datafile import checked, read_yaml
from bot.errors import DataError

WIDTH = 320
LINE = 'fill="none" stroke="currentColor"'
"""How a line looks where no style is given, as in an image at the desk."""

Facts = Mapping[tuple[str, str], str]
"""Subject and relation to the value that the topics state."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Step(_Part):
    """One station of the loop."""

    name: str
    place: list[str]
    sends: str


class Axis(_Part):
    """Words of the hormone loop."""

    title: str
    steps: list[Step]
    feedback: str
    twin: list[str]
    acts: str
    replaces: str


class TissueRow(_Part):
    """One tissue, and the relation that tells what a medicine does there."""

    name: str
    relation: str


class Tissues(_Part):
    """Words of the comparison by tissue."""

    title: str
    rows: list[TissueRow]
    says: dict[str, str]
    line: str


class Span(_Part):
    """How long something takes, in months."""

    name: str
    often: tuple[int, int]
    some: int


class Recovery(_Part):
    """Words and spans of the timeline."""

    title: str
    months: list[int]
    rows: list[Span]
    legend_often: str
    legend_some: str
    note: str
    line: str


class Plan(_Part):
    """data/<language>/figures.yml."""

    names: dict[str, str]
    hpg_axis: Axis
    tissues: Tissues
    recovery: Recovery

    @classmethod
    def load(cls, path: Path) -> "Plan":
        """Read the words of the drawings.

        Raises:
            DataError: the file is missing or does not fit.
        """
        return checked(cls, read_yaml(path), path=path, what="figures")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A drawing in the making: its elements and its height."""

    elements: tuple[str, ...]
    height: int


def draw_all(topics: Sequence[tuple[Path, Topic]], plan: Plan) -> list[tuple[Path, Topic]]:
    """The topics, with their drawings made from the facts that all of them state.

    Raises:
        DataError: a topic asks for a drawing that does not exist, or for one that no fact was stated for.
    """
    facts = {(one.subject, one.relation): one.value for _, topic in topics for one in topic.head.facts}
    return [(path, drawn(topic, facts, plan, path)) for path, topic in topics]


def drawn(topic: Topic, facts: Facts, plan: Plan, path: Path) -> Topic:
    """One topic with its drawings.

    Args:
        topic: as it was read.
        facts: what all topics state, this one among them.
        plan: the words.
        path: the topic's file, for errors.

    Raises:
        DataError: there is no such drawing, or the facts for it are missing.
    """
    if not any(isinstance(block, Figure) for text in topic.texts.values() for block in text.blocks):
        return topic

    def done(block: Block) -> Block:
        return draw(block, facts, plan, path) if isinstance(block, Figure) else block

    texts = {level: Text([done(block) for block in text.blocks]) for level, text in topic.texts.items()}
    return replace(topic, texts=texts)


def draw(wanted: Figure, facts: Facts, plan: Plan, path: Path) -> Figure:
    """The drawing that a text asks for.

    Args:
        wanted: its name as title, and what to highlight as text.
        facts: what the topics state.
        plan: the words.
        path: the topic's file, for errors.

    Raises:
        DataError: there is no such drawing, or the facts for it are missing.
    """
    drawings: dict[str, Callable[[list[str], Facts, Plan], Figure]] = {
        "hpg-axis": _axis, "tissues": _tissues, "recovery": _recovery,
    }  # fmt: skip
    if wanted.title not in drawings:
        raise DataError(f"there is no drawing {wanted.title!r}", path=path)
    try:
        return drawings[wanted.title](wanted.text.split(), facts, plan)
    except KeyError as missing:
        raise DataError(f"the drawing {wanted.title}: nothing states {missing}", path=path) from None


def _axis(medicines: list[str], facts: Facts, plan: Plan) -> Figure:
    """The loop from above to below, the medicines on the left of where they act, the feedback on the right."""
    words = plan.hpg_axis
    places = {one: _place(one, facts) for one in medicines}
    elements: list[str] = []
    for number, step in enumerate(words.steps):
        top = 12 + number * 84
        here = [plan.names[one] for one in medicines if places[one] in step.place]
        elements.append(_box(112, top, 128, 36, "node struck" if here else "node"))
        elements.append(_words(176, top + 22, step.name, "name"))
        for place, name in enumerate(here):
            middle = top + 18 + (place * 2 - len(here) + 1) * 14
            elements += _tag(51, middle, name)
            elements.append(f'<path class="reach" {LINE} d="M100 {middle} L112 {top + 18}"/>')
        if step.sends:
            elements.append(_arrow(176, top + 36, top + 82))
            elements.append(_words(184, top + 64, step.sends, "sends", anchor="start"))
    last = 12 + (len(words.steps) - 1) * 84
    for start in (last + 18, last - 84 + 18):
        elements.append(f'<path class="feedback" {LINE} d="M240 {start} H268 V30 H244"/>')
    elements.append(f'<path class="feedback" {LINE} d="M268 114 H244"/>')
    elements += [_head(242, 30, -1), _head(242, 114, -1)]
    elements.append(f'<text class="sends" text-anchor="middle" transform="translate(288 {last // 2 + 20}) rotate(90)">'
                    f"{escape(words.feedback)}</text>")  # fmt: skip
    lines = [*words.twin, *(_acts(one, places[one], plan) for one in medicines)]
    return _figure(words.title, Sheet(tuple(elements), last + 48), lines)


def _tag(centre: int, middle: int, name: str) -> list[str]:
    """A medicine's name in its box, on two lines where it is long; each line follows a box, for its colour."""
    parts = name.split(" ") if len(name) > 14 else [name]  # noqa: PLR2004 - letters that fit in the box
    height = 12 + 12 * len(parts)
    first = middle + 4 - (len(parts) - 1) * 6
    box = _box(centre - 49, middle - height / 2, 98, height, "medicine")
    return [box, *(_words(centre, first + line * 12, part, "tag on") for line, part in enumerate(parts))]


def _place(medicine: str, facts: Facts) -> str:
    """Where a medicine acts, as a topic states it."""
    if (medicine, "acts-on") in facts:
        return facts[medicine, "acts-on"]
    return facts[medicine, "works-by"]


def _acts(medicine: str, place: str, plan: Plan) -> str:
    words, name = plan.hpg_axis, plan.names[medicine]
    name = name[:1].upper() + name[1:] if name != "hCG" else name
    return (words.replaces if place == "replacing testosterone" else words.acts).format(medicine=name, place=place)


def _tissues(medicines: list[str], facts: Facts, plan: Plan) -> Figure:
    """A row a tissue, a column a medicine; a mark and a word in each cell, never a colour alone."""
    words = plan.tissues
    elements = [
        _words(128 + column * 128, 20, plan.names[one].capitalize(), "name", anchor="middle")
        for column, one in enumerate(medicines)
    ]
    lines = []
    for number, row in enumerate(words.rows):
        top = 34 + number * 62
        elements.append(_words(2, top + 30, row.name, "name", anchor="start"))
        cells = []
        for column, one in enumerate(medicines):
            value = facts[one, row.relation]
            said = words.says[value]
            cells.append(f"{plan.names[one]}: {said.replace(', ', ' ')}")
            left = 66 + column * 128
            style = "cell blocks" if value == "blocks estrogen" else "cell acts" if "acts" in value else "cell other"
            elements.append(_box(left, top, 122, 52, style))
            parts = said.split(", ") if len(said) > 20 else [said]  # noqa: PLR2004 - letters that fit in a cell
            for line, part in enumerate(parts):
                elements.append(_words(left + 61, top + 30 + line * 15 - (len(parts) - 1) * 8, part, "tag"))
        lines.append(words.line.format(row=row.name, cells="; ".join(cells)))
    return _figure(words.title, Sheet(tuple(elements), 34 + len(words.rows) * 62), lines)


def _recovery(_medicines: list[str], _facts: Facts, plan: Plan) -> Figure:
    """Bars over months: dark where most men are there, light how long some need, open at the end."""
    words = plan.recovery
    left, right = 16, WIDTH - 16

    def place(month: int) -> float:
        return left + (right - left) * month / words.months[-1]

    bottom = 24 + len(words.rows) * 52
    elements = []
    for month in words.months:
        elements.append(f'<path class="grid" {LINE} d="M{place(month):.1f} 16 V{bottom}"/>')
        elements.append(_words(place(month), bottom + 16, str(month), "sends"))
    for number, row in enumerate(words.rows):
        top = 18 + number * 52
        first, last = row.often
        elements.append(_words(left, top + 12, row.name, "name", anchor="start"))
        elements.append(_box(place(last), top + 20, place(row.some) - place(last), 14, "bar some"))
        elements.append(_box(place(first), top + 20, place(last) - place(first), 14, "bar often"))
        elements.append(_words(min(place(row.some) + 5, right - 4), top + 32, "…", "name", anchor="start"))
    for number, (style, said) in enumerate((("often", words.legend_often), ("some", words.legend_some))):
        elements.append(_box(left + number * 130, bottom + 30, 14, 14, f"bar {style}"))
        elements.append(_words(left + 20 + number * 130, bottom + 42, said, "tag", anchor="start"))
    elements.append(_words(left, bottom + 64, words.note, "tag", anchor="start"))
    lines = [
        words.line.format(name=row.name, first=row.often[0], last=row.often[1], some=row.some) for row in words.rows
    ]
    return _figure(words.title, Sheet(tuple(elements), bottom + 74), [*lines, words.note])


def _figure(title: str, sheet: Sheet, lines: Iterable[str]) -> Figure:
    text = "\n".join(lines)
    body = "".join(sheet.elements)
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {sheet.height}" role="img" '
        'font-family="system-ui, sans-serif" font-size="12" class="axis-figure">'
        f"<title>{escape(title)}</title><desc>{escape(text)}</desc>{body}</svg>"
    )
    return Figure(title=title, svg=svg, text=text)


def _box(left: float, top: float, width: float, height: float, style: str) -> str:
    shape = LINE.replace("none", "#9aa5ad") if style.endswith("often") else LINE
    return (
        f'<rect class="{style}" x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}" rx="7" {shape}/>'
    )


def _words(left: float, base: float, said: str, style: str, *, anchor: str = "middle") -> str:
    return f'<text class="{style}" x="{left:.1f}" y="{base:.1f}" text-anchor="{anchor}">{escape(said)}</text>'


def _arrow(left: float, top: float, bottom: float) -> str:
    line = f'<path class="way" {LINE} d="M{left:.1f} {top:.1f} V{bottom - 5:.1f}"/>'
    return line + f'<path class="tip" d="M{left:.1f} {bottom:.1f} l-5 -7 h10 Z"/>'


def _head(left: float, middle: float, way: int) -> str:
    return f'<path class="tip" d="M{left:.1f} {middle:.1f} l{-way * 7} -5 v10 Z"/>'
