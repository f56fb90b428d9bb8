"""What opened a ticket -> how soon the team should see it, with the reason in words. Pure, but for `load`."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from bot.datafile import checked, read_yaml
from bot.errors import DataError
from bot.triage.ticket import Urgency


class _Rule(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    id: str
    when: list[str]
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

    def assess(self, opened_by: str) -> Assessment:
        """How soon the team should see a ticket.

        Args:
            opened_by: emergency, crisis or urgent (a red flag's level), or the reason that the dialogue gave.

        Returns:
            The first rule's assessment; what no rule names counts as `same_day`, so that nothing sinks unseen.
        """
        for rule in self._rules.urgency:
            if opened_by in rule.when:
                return Assessment(rule.level, rule.reason, rule.id, self._rules.version)
        return Assessment(Urgency.SAME_DAY, "No rule names what opened this ticket.", "unknown", self._rules.version)


def load(path: Path) -> UrgencyRules:
    """Read data/urgency.yml.

    Raises:
        DataError: it does not fit, or two rules claim the same opening.
    """
    rules = checked(_File, read_yaml(path), path=path)
    claimed = [opening for rule in rules.urgency for opening in rule.when]
    if twice := {opening for opening in claimed if claimed.count(opening) > 1}:
        raise DataError(f"claimed by two rules: {', '.join(sorted(twice))}", path=path)
    return UrgencyRules(rules)
