"""What Axis refuses, found in the words themselves, whatever the classifier thinks: doses, diagnoses. Pure."""

import hashlib
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from bot.datafile import checked, read_yaml
from bot.errors import DataError
from bot.safety.matching import Matcher
from bot.safety.text import words


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Source(_Strict):
    title: str
    read_on: date


class RefusedText(_Strict):
    """What is said instead."""

    title: str
    paragraphs: list[str] = Field(min_length=1)
    closing: str

    @property
    def sha256(self) -> str:
        """The hash of the text as it stands in the file."""
        return hashlib.sha256("\n\n".join(self.paragraphs).encode()).hexdigest()


class _Rule(_Strict):
    id: str
    means: str
    patterns: list[list[str | list[str]]]
    within: int = 6
    unless: list[str] = []
    source: _Source
    must_match: list[str] = Field(min_length=6)
    must_not_match: list[str] = Field(min_length=4)


class _File(_Strict):
    concepts: dict[str, list[str]]
    refusals: list[_Rule]
    replies: dict[str, RefusedText]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something that must be refused: which sort, and the [start, end) offsets of the words that said so."""

    id: str
    spans: tuple[tuple[int, int], ...]


class Refusals:
    """The rules and texts of one language.

    Args:
        file: data/<language>/safety/refusals.yml, checked.
    """

    def __init__(self, file: _File) -> None:
        self.rules, self.replies = file.refusals, file.replies
        unless = {f"unless {rule.id}": rule.unless for rule in file.refusals}
        self._matcher = Matcher({**file.concepts, **unless})
        self._patterns = {
            rule.id: [self._matcher.pattern(groups, within=rule.within) for groups in rule.patterns]
            for rule in file.refusals
        }

    def check(self, text: str) -> Refusal | None:
        """The first thing in a text that must be refused, if there is one.

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
                    return Refusal(rule.id, tuple((spoken[a].start, spoken[b].end) for a, b in sorted(places)))
        return None

    def render(self, name: str, *, clinic_phone: str) -> list[str]:
        """The paragraphs of a refusal.

        Args:
            name: its id.
            clinic_phone: the clinic's telephone.
        """
        return [paragraph.format_map({"clinic_phone": clinic_phone}) for paragraph in self.replies[name].paragraphs]


def load(folder: Path) -> Refusals:
    """Read data/<language>/safety/refusals.yml.

    Raises:
        DataError: a rule does not fit, or has no reply.
    """
    path = folder / "refusals.yml"
    file = checked(_File, read_yaml(path), path=path)
    if missing := [rule.id for rule in file.refusals if rule.id not in file.replies]:
        raise DataError(f"no reply for {', '.join(missing)}", path=path)
    return Refusals(file)
