"""The glossary: words explained below a text that uses them, and to whoever asks what one means. Pure."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from bot.content import readability
from bot.content.blocks import Paragraph, Text
from bot.content.catalogue import Catalogue, Served
from bot.content.lint import FORBIDDEN, OLDEST_PLAIN_READER
from bot.content.store import Draft
from bot.content.topic import Level
from bot.datafile import checked, read_yaml
from bot.errors import DataError

KIND = "glossary"

_ASKED = re.compile(
    r"^(?:(?:hi|hello|and|so|ok|please|sorry)[\s,]+)*(?:what(?:'s|\s+is|\s+are|\s+does|\s+do)?|define|explain|meaning\s+of|"
    r"the\s+meaning\s+of)\s+(?:the\s+(?:meaning\s+of|word|term)\s+|(?:a|an|the)\s+|by\s+)?[\"'\u201c]?(?P<term>[\w\s-]+?)"
    r"[\"'\u201d]?\s*(?:mean|means|stand\s+for|please|again)?[\s?.!]*$",
    re.IGNORECASE,
)


class Entry(BaseModel):
    """One word of data/<language>/glossary.yml."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    term: str = Field(min_length=2)
    text: str = Field(min_length=10)
    spellings: list[str] = []
    topic: str | None = None


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    terms: dict[str, Entry]


def read(path: Path) -> dict[str, Entry]:
    """The words of a language by id.

    Raises:
        DataError: the file is missing or does not fit.
    """
    return checked(_File, read_yaml(path), path=path, what="glossary").terms


def lint(entries: Mapping[str, Entry], *, topics: Iterable[str], path: Path) -> list[DataError]:
    """What is wrong with the words: hard to read, promising, twice there, or about a text that is not there."""
    known, seen, problems = set(topics), set[str](), []
    for name, entry in entries.items():
        if readability.measure(entry.text, known=_words(entry)).age > OLDEST_PLAIN_READER:
            problems.append(f"{name}: is too hard to read")
        if found := FORBIDDEN.search(entry.text):
            problems.append(f"{name}: the word {found[0]!r} promises or sells")
        if entry.topic is not None and entry.topic not in known:
            problems.append(f"{name}: there is no topic {entry.topic!r}")
        spellings = {one.lower() for one in (entry.term, *entry.spellings)}
        problems += [f"{name}: {one!r} stands more than once" for one in spellings & seen]
        seen |= spellings
    return [DataError(problem, path=path) for problem in problems]


def _words(entry: Entry) -> frozenset[str]:
    """The word itself is what is explained, so it counts as known; so do the names of the parts of the body."""
    own = " ".join([entry.term, *entry.spellings]).lower().split()
    return frozenset(
        [*own, "testosterone", "pituitary", "hypothalamus", "estrogen", "medicine", "authority", "ovulation"]
    )


def drafts(entries: Mapping[str, Entry]) -> list[Draft]:
    """The words as drafts for the store, so that they are reviewed and traced like any other text."""
    return [
        Draft(
            id=f"{KIND}:{name}", title=entry.term, button=entry.term[:40].ljust(3), kind=KIND, closing="general",
            author="Axis editors", texts={Level.PLAIN: Text([Paragraph(entry.text)])}, tags=tuple(entry.spellings),
            related=(entry.topic,) if entry.topic else (),
        )
        for name, entry in entries.items()
    ]  # fmt: skip


class Glossary:
    """The words that may be explained today.

    Args:
        catalogue: what may be served.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        served = [one for one in catalogue.served.values() if one.kind == KIND]
        self._known = {spelling.lower(): one for one in served for spelling in (one.title, *one.tags)}
        longest_first = sorted(self._known, key=len, reverse=True)
        self._pattern = re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, longest_first))})(?![\w-])", re.IGNORECASE)

    def used_in(self, text: str) -> list[Served]:
        """The words that a text uses, each once, in the order of their first use."""
        if not self._known:
            return []
        found = (self._known[match[0].lower()] for match in self._pattern.finditer(text))
        return list({one.topic: one for one in found}.values())

    def asked(self, text: str) -> Served | None:
        """The word that a question asks the meaning of, if that is all it asks."""
        found = _ASKED.match(text.strip())
        return self._known.get(" ".join(found["term"].lower().split())) if found else None
