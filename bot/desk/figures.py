"""Figures: messages, answers, red flags and tickets of a period, and how long people waited. No patient's words."""

import csv
import io
import statistics
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse

from bot.desk import charts, figures_store
from bot.desk.auth import OnTickets
from bot.desk.charts import Chart
from bot.desk.figures_store import Counts
from bot.desk.phone import phone_of
from bot.desk.screen import FOLDER, Screen, desk_of, show, waited, words
from bot.safety.red_flags import Level
from bot.translation import gettext as _
from bot.translation import later, ngettext
from bot.triage.ticket import State, Urgency

PATH = "/desk/figures"
TENTHS = 10

router = APIRouter(route_class=Screen, include_in_schema=False)

KINDS = {
    "answer": later("Answered"),
    "clarification": later("Asked back"),
    "refusal": later("Refused"),
    "handoff": later("Handed to a person"),
    "fallback": later("Fallback"),
    "emergency": later("Emergency"),
    "crisis": later("Crisis"),
    "form": later("Asked for details"),
    "smalltalk": later("Small talk"),
}
GAPS = {"unanswered": later("No vetted text"), "asked_back": later("Several near"), "withheld": later("Text held back")}
SPEAKERS = {"patient": later("Patients"), "assistant": "Axis", "staff": later("Team"), "system": later("Notices")}
COUNTED = (later("What"), later("How many"))


class Period(IntEnum):
    """Days that are counted."""

    WEEK = 7
    MONTH = 30
    QUARTER = 90


Days = Annotated[Period, Query()]


@router.get(PATH)
def page(request: Request, staff: OnTickets, days: Days = Period.WEEK) -> Response:
    """The figures of a period as drawings with tables."""
    now = datetime.now(UTC)
    counts, levels = _count(request, days, now)
    return show(
        "figures.html", staff=staff, charts=draw(counts, levels, days=days, now=now), days=days, periods=list(Period),
        since=now - timedelta(days=days),
    )  # fmt: skip


@router.get(f"{PATH}.csv")
def download(request: Request, staff: OnTickets, days: Days = Period.WEEK) -> Response:
    """The same figures as a table for a spreadsheet."""
    now = datetime.now(UTC)
    counts, levels = _count(request, days, now)
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow([_("figure"), _("name"), _("value"), _("in words")])
    for chart in draw(counts, levels, days=days, now=now):
        writer.writerows([chart.title, bar.label, f"{bar.value:g}", bar.text] for bar in chart.bars)
    name = f"axis-figures-{days}-days-{now:%Y-%m-%d}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(written.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/desk/static/figures.css")
def stylesheet(staff: OnTickets) -> Response:
    """The style sheet of the figures and the search."""
    return FileResponse(FOLDER / "static" / "figures.css", media_type="text/css")


def _count(request: Request, days: Period, now: datetime) -> tuple[Counts, dict[str, Level]]:
    levels = {rule.id: rule.level for rule in phone_of(request).fixed.red_flags.rules}
    with desk_of(request).database.reading() as session:
        return figures_store.count(session, since=now - timedelta(days=days)), levels


def draw(counts: Counts, levels: dict[str, Level], *, days: int, now: datetime) -> list[Chart]:
    """Every chart of the page.

    Args:
        counts: the numbers.
        levels: of each red-flag rule.
        days: of the period.
        now: its end.
    """
    calendar = [f"{now - timedelta(days=back):%Y-%m-%d}" for back in range(days, -1, -1)]
    by_day = [counts.days.get(day, (0, 0)) for day in calendar]
    begun = list(zip(calendar, (one for one, _messages in by_day), strict=True))
    said = list(zip(calendar, (one for _conversations, one in by_day), strict=True))
    alarms = {level: 0 for level in Level}
    for name, number in counts.alarms.items():
        # A rule that is no longer there counts with the urgent ones; the second net names the level itself.
        alarms[levels.get(name) or (Level(name) if name in set(Level) else Level.URGENT)] += number
    return [
        charts.standing(
            "conversations-by-day", _("Conversations by day"), begun, columns=(_("Day"), _("Conversations"))
        ),
        charts.standing("messages-by-day", _("Patients' messages by day"), said, columns=(_("Day"), _("Messages"))),
        _lying("channels", _("Conversations by channel"), {words(name): n for name, n in counts.conversations.items()}),
        _lying("speakers", _("Messages by who wrote"), _named(counts.messages, SPEAKERS)),
        _lying("kinds", _("What Axis replied"), _named(counts.kinds, KINDS)),
        _lying("gaps", _("Questions without a sure answer"), _named(counts.gaps, GAPS)),
        _lying("helped", _("Was this helpful?"), dict(zip((_("Yes"), _("No")), counts.helped, strict=True))),
        _lying("alarms", _("Red flags by level"), {words(level): number for level, number in alarms.items()}),
        _lying("tickets", _("Tickets by urgency and state"), _tickets(counts)),
        _waiting("claimed", _("Waiting until somebody claimed it"), counts.claimed_s),
        _waiting("resolved", _("Waiting until it was resolved"), counts.resolved_s),
    ]


def _named(found: Mapping[str, int], names: Mapping[str, str]) -> dict[str, int]:
    return {str(label): found.get(name, 0) for name, label in names.items()}


def _tickets(counts: Counts) -> dict[str, int]:
    """Every pair that occurs, the most urgent first."""
    order = {str(urgency): place for place, urgency in enumerate(Urgency)}
    stages = {str(state): place for place, state in enumerate(State)}
    pairs = sorted(counts.tickets, key=lambda pair: (order.get(pair[0], len(order)), stages.get(pair[1], len(stages))))
    return {f"{words(urgency)}, {words(state).lower()}": counts.tickets[urgency, state] for urgency, state in pairs}


def _lying(name: str, title: str, found: dict[str, int]) -> Chart:
    return charts.lying(name, title, [(label, number, str(number)) for label, number in found.items()], columns=COUNTED)


def _waiting(name: str, title: str, seconds: Sequence[float]) -> Chart:
    """Median and 90th percentile, in minutes, with how many were measured."""
    of = ngettext("Of {number} tickets", "Of {number} tickets", len(seconds)).format(number=len(seconds))
    if not seconds:
        return charts.lying(name, _("{title} (none)").format(title=title), [], columns=(of, _("Waiting")))
    rows = [(_("Half of them at most"), statistics.median(seconds)), (_("Nine in ten at most"), percentile_90(seconds))]
    now = datetime.now(UTC)
    drawn = [(label, round(value / 60, 1), waited(now - timedelta(seconds=value), now)) for label, value in rows]
    return charts.lying(name, title, drawn, columns=(of, _("Waiting")))


def percentile_90(values: Sequence[float]) -> float:
    """The smallest of the values that nine in ten do not exceed.

    Args:
        values: at least one.
    """
    return sorted(values)[-(-len(values) * 9 // TENTHS) - 1]
