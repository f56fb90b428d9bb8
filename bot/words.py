"""The words that Axis says which are not medical, with the clinic's own facts filled in."""

import string
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from bot.datafile import checked, read_yaml
from bot.errors import DataError
from bot.hours import MINUTES_A_DAY, WEEKDAYS, Hours, span

FILLED_LATER = ("opens", "first_name", "first", "last", "clock", "weekday", "day", "month")
"""Names in braces that stand until the text is said, since what they stand for changes."""

FORMS = frozenset({"days_one", "days_two", "days_more", "opens_at"})
"""Texts that are only put together with others: alone they would stand for any words at all."""


class OpeningHours(BaseModel):
    """A line of the opening hours, in words."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    days: str
    hours: str


class Clinic(BaseModel):
    """data/clinic.yml: the clinic that this Axis speaks for."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    country: str
    telephone: str
    email: str
    address: str
    booking: str
    hours: Hours
    retention_days: int = Field(gt=0)
    consent_version: str


def load_clinic(path: Path) -> Clinic:
    """Read data/clinic.yml.

    Raises:
        DataError: it is missing, or does not fit.
    """
    return checked(Clinic, read_yaml(path), path=path)


class Words:
    """data/<language>/replies.yml with the clinic's facts filled in.

    Args:
        replies: name to paragraphs, one phrase, or ids of topics.
        facts: what the names in braces stand for.

    Raises:
        DataError: a text has a name in braces that no fact fills.
    """

    def __init__(self, replies: dict[str, Any], facts: dict[str, str], *, path: Path) -> None:
        self._texts: dict[str, list[str]] = {}
        for name, value in replies.items():
            parts = value if isinstance(value, list) else [value]
            try:
                self._texts[name] = [string.Formatter().vformat(str(part), (), facts) for part in parts]
            except (KeyError, ValueError) as error:
                raise DataError(f"{name}: {error} cannot be filled in", path=path) from error

    def paragraphs(self, name: str) -> list[str]:
        """The paragraphs of a text.

        Raises:
            DataError: there is no text of this name.
        """
        try:
            return self._texts[name]
        except KeyError:
            raise DataError(f"data has no reply {name!r}") from None

    def texts(self) -> dict[str, list[str]]:
        """Every text by its name, as paragraphs."""
        return {name: paragraphs for name, paragraphs in self._texts.items() if name not in FORMS}

    def hours(self, line: OpeningHours) -> str:
        """A line of the opening hours as it is said below its days."""
        return f"- {self.phrase('hours_hours')}: {line.hours}"

    def phrase(self, name: str) -> str:
        """A text of one paragraph, such as the words on a button."""
        return " ".join(self.paragraphs(name))

    def fill(self, name: str, **facts: str) -> list[str]:
        """The paragraphs of a text whose last names in braces are filled in now.

        Args:
            name: of the text.
            **facts: what the names stand for, of FILLED_LATER.
        """
        return [part.format(**facts) for part in self.paragraphs(name)]

    def opening_hours(self, hours: Hours) -> list[OpeningHours]:
        """The hours of a week in words, weekdays of the same hours together."""
        names, lines = self.paragraphs("weekdays"), []
        start = 0
        for place in range(1, len(WEEKDAYS) + 1):
            if place < len(WEEKDAYS) and hours.week[WEEKDAYS[place]] == hours.week[WEEKDAYS[start]]:
                continue
            first, last = names[start], names[place - 1]
            form = {0: "days_one", 1: "days_two"}.get(place - 1 - start, "days_more")
            days = self.fill(form, first=first, last=last)[0]
            lines.append(OpeningHours(days=days, hours=self._spans(hours.week[WEEKDAYS[start]])))
            start = place
        return lines

    def holidays(self, hours: Hours, *, now: datetime) -> list[OpeningHours]:
        """The holidays that are still to come, in words."""
        today = hours.local(now).date()
        coming = sorted((one for one in hours.holidays if one.on >= today), key=lambda one: one.on)
        lines = []
        for one in coming:
            on = f"{one.on.day} {self.paragraphs('months')[one.on.month - 1]} {one.on.year}"
            lines.append(OpeningHours(days=f"{one.name}, {on}", hours=self._spans(one.hours)))
        return lines

    def opens(self, hours: Hours, at: datetime) -> str:
        """An instant at which the clinic opens, by its own clock."""
        local = hours.local(at)
        weekday, month = self.paragraphs("weekdays")[local.weekday()], self.paragraphs("months")[local.month - 1]
        clock = _clock(local.hour * 60 + local.minute)
        return self.fill("opens_at", clock=clock, weekday=weekday, day=str(local.day), month=month)[0]

    def _spans(self, spans: list[str]) -> str:
        if not spans:
            return self.phrase("hours_closed")
        ends = [(_clock(opens), _clock(closes)) for opens, closes in map(span, spans)]
        said = [self.fill("days_more", first=first, last=last)[0] for first, last in ends]
        return ", ".join(said)


def _clock(minute: int) -> str:
    """A time of day as it is said in English: 8:00 am."""
    hour, rest = divmod(minute % MINUTES_A_DAY, 60)
    return f"{hour % 12 or 12}:{rest:02d} {'am' if hour < 12 else 'pm'}"  # noqa: PLR2004 - noon


def load_words(path: Path, clinic: Clinic, *, emergency_number: str, page: str) -> Words:
    """Read the replies of one language.

    Args:
        path: data/<language>/replies.yml.
        clinic: whose facts are filled in.
        emergency_number: of the clinic's country.
        page: the address of the clinic's secure page.

    Raises:
        DataError: the file is missing or a text cannot be filled in.
    """
    facts = {
        "clinic": clinic.name,
        "telephone": clinic.telephone,
        "email": clinic.email,
        "address": clinic.address,
        "booking": clinic.booking,
        "retention_days": str(clinic.retention_days),
        "emergency_number": emergency_number,
        "page": page,
        **{name: f"{{{name}}}" for name in FILLED_LATER},
    }
    return Words(read_yaml(path), facts, path=path)
