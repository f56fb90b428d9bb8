"""Messages in which something hard is said; what some questions meet first. Pure, but for `load`."""

import hashlib
from datetime import date
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from bot.datafile import checked, read_yaml
from bot.safety.phrasing import PhrasingRule, Phrasings


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Source(_Strict):
    title: str
    read_on: date


class Advice(_Strict):
    """A fixed text that comes before an answer."""

    title: str
    closing: str
    paragraphs: list[str] = Field(min_length=1)
    source: _Source

    @property
    def sha256(self) -> str:
        """The hash of the text as it stands in the file."""
        return hashlib.sha256("\n\n".join(self.paragraphs).encode()).hexdigest()


class _File(_Strict):
    concepts: dict[str, list[str]]
    moments: list[PhrasingRule]
    advice: dict[str, Advice]


class Moments(Phrasings):
    """The sensitive moments of one language; `check` finds the first in a text.

    Args:
        file: data/<language>/safety/moments.yml, checked.
    """

    def __init__(self, file: _File) -> None:
        super().__init__(file.moments, file.concepts)
        self.advice = file.advice


def load(folder: Path) -> Moments:
    """Read data/<language>/safety/moments.yml.

    Raises:
        DataError: it is missing or does not fit.
    """
    path = folder / "moments.yml"
    return Moments(checked(_File, read_yaml(path), path=path))
