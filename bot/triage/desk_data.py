"""What the front desk chooses from, and how long a request may wait: desk.yml and canned.yml. Pure, but for `load`."""

from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bot.datafile import checked, read_yaml
from bot.errors import DataError
from bot.hours import Hours
from bot.triage.ticket import Urgency


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Clock(StrEnum):
    """Which minutes count."""

    ALWAYS = "always"
    OPEN = "open"


class Target(_Frozen):
    """How long a request may wait."""

    minutes: int = Field(gt=0)
    clock: Clock


class Named(_Frozen):
    """Something to choose: an outcome or a label."""

    id: str = Field(pattern=r"^[a-z_]{1,30}$")
    name: str


class DeskData(_Frozen):
    """data/desk.yml.

    Attributes:
        alerts: levels whose unclaimed tickets raise an alert.
    """

    version: int
    outcomes: list[Named]
    labels: list[Named]
    targets: dict[Urgency, Target]
    alerts: list[Urgency]
    canned: list["Canned"] = []

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if missing := set(Urgency) - set(self.targets):
            raise ValueError(f"no target for {', '.join(sorted(missing))}")
        for named in (self.outcomes, self.labels, self.canned):
            ids = [one.id for one in named]
            if twice := {one for one in ids if ids.count(one) > 1}:
                raise ValueError(f"stands twice: {', '.join(sorted(twice))}")
        return self

    def due(self, level: Urgency, since: datetime, hours: Hours) -> datetime:
        """Until when somebody should have taken on a ticket.

        Args:
            level: how urgent it is.
            since: since when it waits.
            hours: when the clinic is open.
        """
        target = self.targets[level]
        allowed = timedelta(minutes=target.minutes)
        if target.clock is Clock.ALWAYS:
            return since + allowed
        return hours.after_working(since, allowed.total_seconds()) or since + allowed

    def outcome(self, id_: str) -> str:
        """An outcome's name; of one that the file no longer has, its id."""
        return next((one.name for one in self.outcomes if one.id == id_), id_)

    def label(self, id_: str) -> str:
        """A label's name; of one that the file no longer has, its id."""
        return next((one.name for one in self.labels if one.id == id_), id_)


class Canned(Named):
    """A reply that staff insert, change and send."""

    name: str = Field(alias="title")
    text: str


class _CannedFile(_Frozen):
    version: int
    canned: list[Canned]


def load(path: Path, canned: Path) -> DeskData:
    """Read data/desk.yml and the canned replies of one language.

    Raises:
        DataError: one of them does not fit.
    """
    found = checked(DeskData, read_yaml(path), path=path)
    replies = checked(_CannedFile, read_yaml(canned), path=canned).canned
    ids = [one.id for one in replies]
    if twice := {one for one in ids if ids.count(one) > 1}:
        raise DataError(f"stands twice: {', '.join(sorted(twice))}", path=canned)
    return found.model_copy(update={"canned": replies})
