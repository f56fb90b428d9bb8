"""The words that Axis says which are not medical, with the clinic's own facts filled in."""

import string
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from bot.datafile import checked, read_yaml
from bot.errors import DataError


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
    opening_hours: list[OpeningHours]
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

    def texts(self) -> list[list[str]]:
        """Every text, as paragraphs."""
        return list(self._texts.values())

    def phrase(self, name: str) -> str:
        """A text of one paragraph, such as the words on a button."""
        return " ".join(self.paragraphs(name))


def load_words(path: Path, clinic: Clinic, *, emergency_number: str) -> Words:
    """Read the replies of one language.

    Args:
        path: data/<language>/replies.yml.
        clinic: whose facts are filled in.
        emergency_number: of the clinic's country.

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
    }
    return Words(read_yaml(path), facts, path=path)
