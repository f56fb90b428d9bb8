"""Bars for hand-written SVG: numbers in, places and lengths out. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.translation import gettext as _

LABEL_WIDTH, BAR_WIDTH, NUMBER_WIDTH, ROW_HEIGHT = 190, 300, 70, 28
DAYS_WIDTH, DAYS_HEIGHT = 560, 120


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: what it stands for, its value, what is written at it, and where it lies, in the drawing's units."""

    label: str
    value: float
    text: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing with all that its table says, too.

    Attributes:
        id: unique on the page.
        title: what is counted.
        told: the drawing in one sentence, for who does not see it.
        columns: headings of the table.
    """

    id: str
    title: str
    told: str
    columns: tuple[str, str]
    bars: tuple[Bar, ...]
    width: int
    height: int
    upright: bool = False


def lying(name: str, title: str, rows: Sequence[tuple[str, float, str]], *, columns: tuple[str, str]) -> Chart:
    """Bars from left to right, one below the other.

    Args:
        name: the chart's id.
        title: what is counted.
        rows: label, value, and the value in words.
        columns: headings of the table.
    """
    most = max((value for _label, value, _text in rows), default=0) or 1
    bars = tuple(
        Bar(label, value, text, LABEL_WIDTH, place * ROW_HEIGHT + 4, round(BAR_WIDTH * value / most, 1), ROW_HEIGHT - 8)
        for place, (label, value, text) in enumerate(rows)
    )
    width = LABEL_WIDTH + BAR_WIDTH + NUMBER_WIDTH
    return Chart(name, title, _told(bars), columns, bars, width, max(len(rows), 1) * ROW_HEIGHT)


def standing(name: str, title: str, rows: Sequence[tuple[str, float]], *, columns: tuple[str, str]) -> Chart:
    """Bars side by side, one for each day.

    Args:
        name: the chart's id.
        title: what is counted.
        rows: day and value, in order.
        columns: headings of the table.
    """
    most = max((value for _label, value in rows), default=0) or 1
    step = DAYS_WIDTH / max(len(rows), 1)
    bars = []
    for place, (label, value) in enumerate(rows):
        height = round(DAYS_HEIGHT * value / most, 1)
        x, width = round(place * step, 2), round(step * 0.8, 2)
        bars.append(Bar(label, value, f"{value:g}", x, DAYS_HEIGHT - height, width, height))
    return Chart(name, title, _told(bars), columns, tuple(bars), DAYS_WIDTH, DAYS_HEIGHT + 24, upright=True)


def _told(bars: Iterable[Bar]) -> str:
    """The largest and the number of bars, since the table below has every number."""
    listed = list(bars)
    top = max(listed, key=lambda bar: bar.value, default=None)
    if top is None or not top.value:
        return _("Nothing was counted in this period.")
    return _("{count} bars; the longest is {label} with {text}. The table below has every number.").format(
        count=len(listed), label=top.label, text=top.text
    )
