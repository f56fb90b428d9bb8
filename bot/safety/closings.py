"""How a reply closes: the referral to a clinician for each subject and urgency, and the fallbacks' words. Pure."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from bot.datafile import checked, read_yaml
from bot.errors import DataError

NEEDED = ("general", "emergency", "crisis", "prompt")
FALLBACKS = ("safe_reply", "not_stored", "too_long", "too_many", "busy")


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    closings: dict[str, str] = Field(min_length=1)
    fallbacks: dict[str, str]


class Closings:
    """The closings and fallbacks of one language.

    Args:
        file: data/<language>/safety/closings.yml, checked.
    """

    def __init__(self, file: _File) -> None:
        self._file = file

    @property
    def ids(self) -> tuple[str, ...]:
        """Every closing's id."""
        return tuple(self._file.closings)

    def __contains__(self, name: object) -> bool:
        return name in self._file.closings

    def text(self, name: str, *, clinic_phone: str) -> str:
        """The words of a closing.

        Args:
            name: its id.
            clinic_phone: the clinic's telephone.
        """
        return self._file.closings[name].format_map({"clinic_phone": clinic_phone})

    def template(self, name: str) -> str:
        """A closing as it stands in the file."""
        return self._file.closings[name]

    def fallback(self, name: str) -> str:
        """What is said when something is broken.

        Args:
            name: safe_reply, not_stored, too_long, too_many or busy.
        """
        return self._file.fallbacks[name]


def load(folder: Path) -> Closings:
    """Read data/<language>/safety/closings.yml.

    Raises:
        DataError: a closing or a fallback is missing.
    """
    path = folder / "closings.yml"
    file = checked(_File, read_yaml(path), path=path)
    missing = [*(set(NEEDED) - set(file.closings)), *(set(FALLBACKS) - set(file.fallbacks))]
    if missing:
        raise DataError(f"missing: {', '.join(sorted(missing))}", path=path)
    return Closings(file)
