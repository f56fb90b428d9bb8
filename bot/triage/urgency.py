"""What opened a ticket and what the intake's answers say -> how soon the team should see it, with the reason in words.

Pure, but for `load`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bot.datafile import checked, read_yaml
from bot.errors import DataError
from bot.translation import gettext as _
from bot.triage.ticket import Urgency

Answers = Mapping[str, str | Sequence[str]]
"""The intake's structured answers: a question's id to the value chosen, or to several."""


class _When(BaseModel):
    """All that is given must hold."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    opened_by: list[str] = []
    answers: dict[str, list[str]] = {}
    at_least: dict[str, int] = Field({}, description="how many values of an answer there are at the least")

    @model_validator(mode="after")
    def _something(self) -> "_When":
        if not (self.opened_by or self.answers or self.at_least):
            raise ValueError("a rule must look at something")
        return self

    def holds(self, opened_by: str, answers: Answers) -> bool:
        """Whether a rule's conditions are met."""
        return (
            (not self.opened_by or opened_by in self.opened_by)
            and all(set(_values(answers, question)) & set(wanted) for question, wanted in self.answers.items())
            and all(len(set(_values(answers, question))) >= number for question, number in self.at_least.items())
        )


class _Rule(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    id: str
    when: _When
    level: Urgency
    reason: str
    source: str


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    version: int
    urgency: list[_Rule]


@dataclass(frozen=True, slots=True)
class Assessment:
    """How soon, why, and which rule of which version said so."""

    level: Urgency
    reason: str
    rule: str
    version: int


class UrgencyRules:
    """The rules of data/urgency.yml.

    Args:
        rules: the file's content, checked.
    """

    def __init__(self, rules: _File) -> None:
        self._rules = rules

    def assess(self, opened_by: str, answers: Answers | None = None) -> Assessment:
        """How soon the team should see a ticket.

        Args:
            opened_by: emergency, crisis or urgent (a red flag's level), or the reason that the dialogue gave.
            answers: the intake's structured answers, if there are any.

        Returns:
            Of the rules that hold the highest level, and of that level the first rule; with the reasons of all that
            hold at this level. What no rule names counts as `same_day`, so that nothing sinks unseen.
        """
        held = [rule for rule in self._rules.urgency if rule.when.holds(opened_by, answers or {})]
        if not held:
            reason = _("No rule names what opened this ticket.")
            return Assessment(Urgency.SAME_DAY, reason, "unknown", self._rules.version)
        level = min((rule.level for rule in held), key=lambda one: one.rank)
        highest = [rule for rule in held if rule.level is level]
        return Assessment(level, " ".join(rule.reason for rule in highest)[:500], highest[0].id, self._rules.version)


def _values(answers: Answers, question: str) -> Sequence[str]:
    value = answers.get(question, ())
    return (value,) if isinstance(value, str) else value


def load(path: Path) -> UrgencyRules:
    """Read data/urgency.yml.

    Raises:
        DataError: it does not fit, two rules have the same id, or two claim the same opening alone.
    """
    rules = checked(_File, read_yaml(path), path=path)
    ids = [rule.id for rule in rules.urgency]
    if twice := {one for one in ids if ids.count(one) > 1}:
        raise DataError(f"two rules have this id: {', '.join(sorted(twice))}", path=path)
    alone = [rule.when for rule in rules.urgency if not (rule.when.answers or rule.when.at_least)]
    claimed = [opening for when in alone for opening in when.opened_by]
    if twice := {opening for opening in claimed if claimed.count(opening) > 1}:
        raise DataError(f"claimed by two rules: {', '.join(sorted(twice))}", path=path)
    return UrgencyRules(rules)
