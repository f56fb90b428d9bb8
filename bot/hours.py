"""When the clinic is open: weekdays with breaks, holidays, time zone. Pure: instants in, instants out."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from bot.translation import gettext as _

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
LOOK_AHEAD_DAYS = 400
"""A clinic that does not open within so many days does not open."""

MINUTES_A_DAY = 24 * 60
_SPAN = re.compile(r"^\s*(\d{1,2}):(\d{2})\s*[-\u2013]\s*(\d{1,2}):(\d{2})\s*$")

Span = tuple[int, int]
"""From and until when, in minutes since midnight by the clinic's clock; the second is not included."""

Interval = tuple[datetime, datetime]
"""From and until which instant, in UTC; the second is not included."""


@lru_cache(maxsize=1024)
def span(text: str) -> Span:
    """A span such as `08:00-12:30`.

    Raises:
        ValueError: it is none, or ends before it begins.
    """
    found = _SPAN.match(text)
    if found is None:
        raise ValueError(_("{text} is not a span such as 08:00-12:30").format(text=repr(text)))
    hour, minute, last_hour, last_minute = map(int, found.groups())
    opens, closes = hour * 60 + minute, last_hour * 60 + last_minute
    if max(minute, last_minute) > 59 or closes > MINUTES_A_DAY:  # noqa: PLR2004 - minutes of an hour
        raise ValueError(_("{text} names a time that no clock shows").format(text=repr(text)))
    if closes <= opens:
        raise ValueError(_("{text} ends before it begins").format(text=repr(text)))
    return opens, closes


def _in_order(texts: list[str]) -> list[str]:
    """Spans of one day, the earliest first.

    Raises:
        ValueError: one of them is wrong, or two overlap.
    """
    ordered = sorted((span(text), text) for text in texts)
    for (before, one), (after, other) in pairwise(ordered):
        if after[0] < before[1]:
            raise ValueError(_("{one} and {other} overlap").format(one=repr(one), other=repr(other)))
    return [text for _, text in ordered]


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Holiday(_Frozen):
    """A date with hours of its own; with none the clinic is closed all day.

    Attributes:
        on: the date, by the clinic's calendar.
    """

    on: date
    name: str = Field(min_length=1, max_length=100)
    hours: list[str] = []

    @field_validator("hours")
    @classmethod
    def _spans(cls, hours: list[str]) -> list[str]:
        return _in_order(hours)


class Hours(_Frozen):
    """The opening hours as data/clinic.yml and the page /desk/hours have them.

    Attributes:
        zone: IANA name of the time zone, such as Europe/Berlin.
        week: weekday to spans; a weekday that is not named is closed.
        holidays: dates that differ from their weekday.
    """

    zone: str
    week: dict[str, list[str]]
    holidays: list[Holiday] = []

    @field_validator("zone")
    @classmethod
    def _known(cls, zone: str) -> str:
        if zone not in available_timezones():
            raise ValueError(_("{zone} is not an IANA time zone such as Europe/Berlin").format(zone=repr(zone)))
        return zone

    @field_validator("week")
    @classmethod
    def _weekdays(cls, week: dict[str, list[str]]) -> dict[str, list[str]]:
        if unknown := set(week) - set(WEEKDAYS):
            raise ValueError(_("{names}: no weekday").format(names=", ".join(sorted(unknown))))
        return {day: _in_order(week.get(day, [])) for day in WEEKDAYS}

    @model_validator(mode="after")
    def _once(self) -> Self:
        dates = [holiday.on for holiday in self.holidays]
        if twice := {on for on in dates if dates.count(on) > 1}:
            raise ValueError(
                _("{days} stands twice among the holidays").format(days=", ".join(map(str, sorted(twice))))
            )
        return self

    def is_open(self, at: datetime) -> bool:
        """Whether the clinic is open at an instant."""
        day = self._local(at).date()
        return any(opens <= at < closes for opens, closes in self._intervals(day, days=1))

    def next_opening(self, after: datetime) -> datetime | None:
        """The first instant, not before `after`, at which the clinic opens; None if it never does."""
        days = self._intervals(self._local(after).date(), days=LOOK_AHEAD_DAYS)
        return next((opens for opens, _ in days if opens >= after), None)

    def working_seconds(self, start: datetime, end: datetime) -> float:
        """Seconds between two instants during which the clinic is open; 0 if the second is not later."""
        if end <= start:
            return 0.0
        first, last = self._local(start).date(), self._local(end).date()
        found = self._intervals(first, days=(last - first).days + 1)
        return sum(max(0.0, (min(end, closes) - max(start, opens)).total_seconds()) for opens, closes in found)

    def after_working(self, start: datetime, seconds: float) -> datetime | None:
        """The instant at which so many working seconds have passed since `start`; None if they never do."""
        left = timedelta(seconds=seconds)
        for opens, closes in self._intervals(self._local(start).date(), days=LOOK_AHEAD_DAYS):
            begin = max(opens, start)
            if begin < closes:
                if left <= closes - begin:
                    return begin + left
                left -= closes - begin
        return None

    def of_day(self, on: date) -> list[str]:
        """The spans of one date: its holiday's, or its weekday's."""
        own = next((holiday.hours for holiday in self.holidays if holiday.on == on), None)
        return self.week[WEEKDAYS[on.weekday()]] if own is None else own

    def local(self, at: datetime) -> datetime:
        """An instant by the clinic's clock."""
        return self._local(at)

    def _local(self, at: datetime) -> datetime:
        return at.astimezone(ZoneInfo(self.zone))

    def _intervals(self, first: date, *, days: int) -> Iterator[Interval]:
        """What is open from the day before the first, in order; where the clocks go back, spans may run together."""
        pending: Interval | None = None
        for number in range(-1, days + 1):
            on = first + timedelta(days=number)
            for opens, closes in map(span, self.of_day(on)):
                begin, end = self._instant(on, opens, last=False), self._instant(on, closes, last=True)
                if pending and begin <= pending[1]:
                    pending = (pending[0], max(pending[1], end))
                    continue
                if pending:
                    yield pending
                pending = (begin, end)
        if pending:
            yield pending

    def _instant(self, on: date, minute: int, *, last: bool) -> datetime:
        """When the clinic's clock shows a time; of two such instants the last, if wanted.

        A time that is left out in spring is reached so much later as the clocks went forward.
        """
        zone = ZoneInfo(self.zone)
        shown = datetime.combine(on, time()) + timedelta(minutes=minute)
        first = shown.replace(tzinfo=zone, fold=0).astimezone(UTC)
        second = shown.replace(tzinfo=zone, fold=1).astimezone(UTC)
        return second if last and second > first else first
