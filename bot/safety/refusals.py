"""What Axis refuses, found in the words themselves, whatever the classifier thinks: doses, diagnoses. Pure."""

import hashlib
from datetime import date
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from bot.datafile import checked, read_yaml
from bot.errors import DataError
from bot.safety.phrasing import PhrasingRule, Phrasings


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


class _Rule(PhrasingRule):
    source: _Source


class _File(_Strict):
    concepts: dict[str, list[str]]
    refusals: list[_Rule]
    replies: dict[str, RefusedText]


class Refusals(Phrasings):
    """The rules and texts of one language.

    Args:
        file: data/<language>/safety/refusals.yml, checked.
    """

    def __init__(self, file: _File) -> None:
        super().__init__(file.refusals, file.concepts)
        self.replies = file.replies

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
