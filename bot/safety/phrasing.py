"""Rules that find a sort of message in its words, whatever the classifier thinks, without scope. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

from bot.safety.matching import Matcher
from bot.safety.text import words


class PhrasingRule(BaseModel):
    """One sort of message, as a reviewer reads it in the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: str
    means: str
    patterns: list[list[str | list[str]]]
    within: int = 6
    unless: list[str] = []
    must_match: list[str] = Field(min_length=6)
    must_not_match: list[str] = Field(min_length=4)


@dataclass(frozen=True, slots=True)
class Found:
    """Which rule, and the [start, end) offsets of the words that said so."""

    id: str
    spans: tuple[tuple[int, int], ...]


class Phrasings:
    """The rules of one file, the first that fits decides.

    Args:
        rules: in order.
        concepts: name -> words and phrases that several rules use.
    """

    def __init__(self, rules: Sequence[PhrasingRule], concepts: Mapping[str, Sequence[str]]) -> None:
        self.rules = tuple(rules)
        self._matcher = Matcher({**concepts, **{f"unless {rule.id}": rule.unless for rule in rules}})
        self._patterns = {
            rule.id: [self._matcher.pattern(groups, within=rule.within) for groups in rule.patterns] for rule in rules
        }

    def check(self, text: str) -> Found | None:
        """The first sort of message that a text is, if it is any.

        Args:
            text: as typed.
        """
        spoken = words(text)
        hits = self._matcher.hits(spoken)
        for rule in self.rules:
            if f"unless {rule.id}" in hits:
                continue
            for pattern in self._patterns[rule.id]:
                for places in pattern.matches(hits):
                    return Found(rule.id, tuple((spoken[a].start, spoken[b].end) for a, b in sorted(places)))
        return None
