"""What the review pages need of the files of a language: lexicon, closings, bibliography, drawings."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from bot.content import files
from bot.content.editing import Rules
from bot.content.figures import Plan
from bot.lexicon import Lexicon
from bot.safety import closings
from bot.safety.closings import Closings
from bot.settings import Settings
from bot.words import load_clinic


@dataclass(frozen=True)
class Language:
    """The files of one language, read."""

    rules: Rules
    closings: Closings
    telephone: str

    def closing(self, name: str) -> str:
        """The words that a reply with this closing ends with."""
        known = name if name in self.closings else "general"
        return self.closings.text(known, clinic_phone=self.telephone)


def read(settings: Settings) -> Language:
    """What stands in the files now.

    Raises:
        DataError: a file is missing or wrong.
    """
    folder = settings.language_dir
    named = ("references.yml", "facts.yml", "figures.yml", "safety/closings.yml")
    paths = [*(folder / name for name in named), *sorted((folder / "lexicon").glob("*.yml"))]
    stamps = tuple(path.stat().st_mtime_ns for path in paths)
    return _read(folder, settings.data_dir, stamps)


@lru_cache(maxsize=2)
def _read(folder: Path, data_dir: Path, _stamps: tuple[int, ...]) -> Language:
    lexicon = Lexicon.load(folder / "lexicon")
    known = closings.load(folder / "safety")
    rules = Rules(
        house=files.read_house(folder, lexicon=lexicon, closings=known.ids),
        references=files.read_references(folder / "references.yml"),
        plan=Plan.load(folder / "figures.yml"),
    )
    return Language(rules, known, load_clinic(data_dir / "clinic.yml").telephone)
