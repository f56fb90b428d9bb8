"""The hazard log: read from docs/safety/hazard-log.yml, checked, and written as the page beside it.

`python -m evaluation.hazards` writes docs/safety/hazard-log.md. Risk ratings are never typed but read off the matrix of
the guidance to DCB0129 (NHS England: clinical risk management in the manufacture of health IT systems).
"""

from collections.abc import Sequence
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from bot.datafile import checked, read_yaml
from bot.settings import ROOT
from bot.terminal import console
from evaluation.markdown import section, table

FOLDER = ROOT / "docs" / "safety"
SOURCE, PAGE = FOLDER / "hazard-log.yml", FOLDER / "hazard-log.md"

INTRODUCTION = """\
Made from `docs/safety/hazard-log.yml` by `python -m evaluation.hazards`; change that file, not this page.

**Each severity and likelihood is a first estimate by the founders of Axis. No clinical safety officer has reviewed any
of them yet**, and a clinic must not deploy Axis before one has. The rating, from 1 (acceptable) to 5 (unacceptable), is
read off the matrix of the guidance to DCB0129. A control counts only with a test that fails if it breaks;
`tests/test_hazards.py` holds that each test and each file that is named here exists."""


class Severity(StrEnum):
    """How bad the effect is."""

    MINOR = "minor"
    SIGNIFICANT = "significant"
    CONSIDERABLE = "considerable"
    MAJOR = "major"
    CATASTROPHIC = "catastrophic"


class Likelihood(StrEnum):
    """How likely the effect is."""

    VERY_LOW = "very low"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    VERY_HIGH = "very high"


MATRIX = {
    Likelihood.VERY_HIGH: (3, 4, 4, 5, 5),
    Likelihood.HIGH: (2, 3, 3, 4, 5),
    Likelihood.MEDIUM: (2, 2, 3, 3, 4),
    Likelihood.LOW: (1, 2, 2, 3, 4),
    Likelihood.VERY_LOW: (1, 1, 2, 2, 3),
}
"""The rating of each likelihood, by severity from minor to catastrophic."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Risk(_Strict):
    """An estimate."""

    severity: Severity
    likelihood: Likelihood

    @property
    def rating(self) -> int:
        """From 1 to 5."""
        return MATRIX[self.likelihood][list(Severity).index(self.severity)]

    def __str__(self) -> str:
        """As in the table."""
        return f"**{self.rating}** ({self.severity}, {self.likelihood})"


class Control(_Strict):
    """What lowers a risk, in which files, and the tests that prove it, as path::name."""

    what: str
    where: list[str] = Field(min_length=1)
    tests: list[str] = Field(min_length=1)


class Hazard(_Strict):
    """One hazard; `open` is what still has to be done about it."""

    id: str = Field(pattern=r"^HZ-\d\d$")
    hazard: str
    cause: str
    effect: str
    before: Risk
    controls: list[Control] = Field(min_length=1)
    after: Risk
    residual: str
    open: str | None = None


def read() -> list[Hazard]:
    """The hazards, in the order of the file.

    Raises:
        DataError: one does not fit.
    """
    return [checked(Hazard, one, path=SOURCE) for one in read_yaml(SOURCE)]


def page(hazards: Sequence[Hazard]) -> str:
    """The log as Markdown: an overview, then each hazard with its controls."""
    head = ("id", "hazard", "before", "after", "open")
    rows = [(one.id, one.hazard, one.before, one.after, one.open or "") for one in hazards]
    return "\n\n".join(["# Hazard log", INTRODUCTION, table(head, rows), *map(_one, hazards)]) + "\n"


def _one(hazard: Hazard) -> str:
    controls = [
        (one.what, ", ".join(f"`{name}`" for name in one.where), "<br>".join(f"`{name}`" for name in one.tests))
        for one in hazard.controls
    ]
    return section(
        f"{hazard.id} {hazard.hazard}",
        f"Cause: {hazard.cause}\n\nEffect: {hazard.effect}\n\nBefore: {hazard.before}",
        table(("control", "where", "proved by"), controls),
        f"After: {hazard.after}. Residual risk: {hazard.residual}",
        *([f"Open: {hazard.open}"] if hazard.open else []),
    )


def main() -> None:
    """Write the page."""
    hazards = read()
    PAGE.write_text(page(hazards), encoding="utf-8")
    console.print(f"{len(hazards)} hazards, {sum(one.open is not None for one in hazards)} with something open: {PAGE}")


if __name__ == "__main__":
    main()
