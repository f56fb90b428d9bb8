"""What a patient told the team in an orderly way: symptoms, treatment, hopes, tests, and how to reach them. Pure.

Every part may have been skipped. The patient's own words stand beside each id of the lexicon: staff read the words, and
the ids only sort them.
"""

from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from bot.errors import DataError
from bot.translation import gettext as _
from bot.translation import later, moment

LONGEST_WORDS = 4000
"""Characters of one answer: as many as a message may have."""

NOT_SAID = later("Not said")

Words = Annotated[str, StringConstraints(strip_whitespace=True, max_length=LONGEST_WORDS)]


class Course(StrEnum):
    """Which way a symptom goes."""

    BETTER = "better"
    WORSE = "worse"
    SAME = "same"


class Goal(StrEnum):
    """What the patient hopes for, as to children."""

    TRYING_NOW = "trying_now"
    WITHIN_A_YEAR = "within_a_year"
    LATER = "later"
    KEEP_OPTION = "keep_option"
    PARTNER_OF = "partner_of"
    NO = "no"
    UNSAID = "unsaid"


GOALS = {
    Goal.TRYING_NOW: later("Trying now"),
    Goal.WITHIN_A_YEAR: later("Within a year"),
    Goal.LATER: later("Later"),
    Goal.KEEP_OPTION: later("Wants to keep the option"),
    Goal.PARTNER_OF: later("Partner of somebody who is trying"),
    Goal.NO: later("No"),
    Goal.UNSAID: NOT_SAID,
}
"""How staff read each of them."""


COURSES = {Course.BETTER: later("better"), Course.WORSE: later("worse"), Course.SAME: later("same")}


class Part(BaseModel):
    """A part of an intake; a field's title is what was asked."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Symptom(Part):
    """A symptom that the patient has, or says that they do not have."""

    term: Words = Field(default="", title="Id in the lexicon")
    said: Words = Field(default="", title="In the patient's words")
    present: bool = Field(default=True, title="Present")
    since: Words = Field(default="", title="Since when")
    severity: Words = Field(default="", title="How bad")
    course: Course | None = Field(default=None, title="Better, worse or the same")

    @model_validator(mode="after")
    def _is_named(self) -> Self:
        if not (self.term or self.said):
            raise ValueError("a symptom needs an id of the lexicon or the patient's words")
        return self


class Treatment(Part):
    """A medicine that the patient takes or has taken."""

    drug: Words = Field(default="", title="Id in the lexicon")
    said: Words = Field(default="", title="In the patient's words")
    current: bool = Field(default=True, title="Taken now")

    @model_validator(mode="after")
    def _is_named(self) -> Self:
        if not (self.drug or self.said):
            raise ValueError("a treatment needs an id of the lexicon or the patient's words")
        return self


class Consent(Part):
    """Whether the patient agreed that the team has this, and when they said so."""

    given: bool = Field(title="Given")
    at: AwareDatetime = Field(title="When")


class Intake(Part):
    """All that was asked; what was skipped is empty."""

    symptoms: tuple[Symptom, ...] = Field(default=(), title="Symptom")
    treatments: tuple[Treatment, ...] = Field(default=(), title="Treatment")
    goal: Goal = Field(default=Goal.UNSAID, title="Hoping for children")
    goal_said: Words = Field(default="", title="Hoping for children, in the patient's words")
    tests: Words = Field(default="", title="Tests done")
    contact: Words = Field(default="", title="How to reach the patient")
    best_time: Words = Field(default="", title="Best time")
    consent: Consent | None = Field(default=None, title="Consent")
    questions: tuple[Words, ...] = Field(default=(), title="Question for the clinician")


def to_json(intake: Intake | None) -> dict[str, Any] | None:
    """An intake as its column holds it."""
    return intake.model_dump(mode="json") if intake else None


def from_json(stored: object) -> Intake | None:
    """An intake as it was stored.

    Args:
        stored: what `to_json` gave.

    Raises:
        DataError: it does not fit; what it holds is not said.
    """
    if stored is None or isinstance(stored, Intake):
        return stored
    try:
        return Intake.model_validate(stored)
    except ValidationError as error:
        places = sorted({".".join(map(str, one["loc"])) for one in error.errors()})
        raise DataError(f"an intake does not fit: {', '.join(places)}") from None


def as_lines(intake: Intake | None) -> list[str]:
    """An intake for staff, in the patient's words, one line an answer; what was skipped is said to be."""
    if intake is None:
        return [_("No intake was taken.")]
    return [
        *([_symptom(one) for one in intake.symptoms] or [_("Symptoms: {not_said}").format(not_said=NOT_SAID)]),
        *([_treatment(one) for one in intake.treatments] or [_("Treatment: {not_said}").format(not_said=NOT_SAID)]),
        _("Hoping for children: {goal}").format(goal=f"{GOALS[intake.goal]}{_also(intake.goal_said)}"),
        _("Tests done: {said}").format(said=_quoted(intake.tests)),
        _("How to reach the patient: {said}").format(said=_quoted(intake.contact)),
        _("Best time: {said}").format(said=_quoted(intake.best_time)),
        _consent(intake.consent),
        *(
            [_("Question for the clinician: {said}").format(said=_quoted(one)) for one in intake.questions if one]
            or _no_questions()
        ),
    ]


def _no_questions() -> list[str]:
    return [_("Questions for the clinician: {not_said}").format(not_said=NOT_SAID)]


def _symptom(symptom: Symptom) -> str:
    named = _named(symptom.said, symptom.term)
    if not symptom.present:
        return _("Symptom denied: {named}").format(named=named)
    course = COURSES[symptom.course] if symptom.course else NOT_SAID
    since, severity = _quoted(symptom.since), _quoted(symptom.severity)
    return _("Symptom: {named}; since when: {since}; how bad: {severity}; course: {course}").format(
        named=named, since=since, severity=severity, course=course
    )


def _treatment(treatment: Treatment) -> str:
    named = _named(treatment.said, treatment.drug)
    if treatment.current:
        return _("Treatment now: {named}").format(named=named)
    return _("Treatment in the past: {named}").format(named=named)


def _named(said: str, term: str) -> str:
    """The patient's words, with the lexicon's name where it is another."""
    name = term.replace("_", " ")
    if not said:
        return name
    return f"{_quoted(said)} ({name})" if name else _quoted(said)


def _quoted(said: str) -> str:
    return f"“{' '.join(said.split())}”" if said else NOT_SAID


def _also(said: str) -> str:
    return f", {_quoted(said)}" if said else ""


def _consent(consent: Consent | None) -> str:
    if consent is None:
        return _("Consent: {not_said}").format(not_said=NOT_SAID)
    said = _("Consent: given on {moment}") if consent.given else _("Consent: refused on {moment}")
    return said.format(moment=moment(consent.at))
