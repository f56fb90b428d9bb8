"""Names of drugs, hormones, tests, symptoms and conditions in a patient's spelling, with their places. Pure."""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict
from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

from bot.datafile import checked, read_yaml
from bot.errors import DataError

KINDS = ("drugs", "hormones", "labs", "symptoms", "conditions")
LONGEST_WORDS = 5
"""Words of the longest surface."""
FORGIVING_WORDS = 3
"""Words of the longest surface that is looked for misspelt."""
SHORTEST_FORGIVEN = 7
"""Letters from which a surface may be misspelt: "tired" is one slip from "tried". Source: shared/NLU.md, measured."""
LIKENESS = 86.0
"""How like, in percent, a misspelt surface must be. Source: shared/NLU.md, measured with the same first letter."""
WORD_LIKENESS = 0.7
"""How like each word of it must be, from 0 to 1, swapped letters counted as one slip."""

_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*", re.UNICODE)


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    brands: list[str] = []
    spellings: list[str] = []


@dataclass(frozen=True, slots=True)
class Term:
    """One thing that can be named; `kind` is the file of the lexicon that it stands in."""

    id: str
    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Mention:
    """Where a text names a term: `text[start:end]` is the surface."""

    term: Term
    start: int
    end: int
    surface: str
    exact: bool


class Lexicon:
    """All terms of one language.

    Args:
        surfaces: surface in normal form -> term.
    """

    def __init__(self, surfaces: dict[str, Term]) -> None:
        self._surfaces = surfaces
        self._terms = {term.id: term for term in surfaces.values()}
        self._long: dict[str, list[str]] = defaultdict(list)
        for surface in surfaces:
            if len(surface) >= SHORTEST_FORGIVEN:
                self._long[surface[0]].append(surface)

    @classmethod
    def load(cls, folder: Path) -> "Lexicon":
        """Read data/<language>/lexicon.

        Raises:
            DataError: an entry does not fit, or one surface stands for two terms.
        """
        surfaces: dict[str, Term] = {}
        for kind in KINDS:
            path = folder / f"{kind}.yml"
            for name, value in read_yaml(path).items():
                entry = checked(_Entry, value, path=path, what=name)
                term = Term(name, kind, entry.name)
                for surface in (entry.name, *entry.brands, *entry.spellings):
                    normal = _normal(surface)
                    if surfaces.setdefault(normal, term) != term:
                        raise DataError(f"{surface!r} stands for {surfaces[normal].id} and {name}", path=path)
        return cls(surfaces)

    def find(self, text: str) -> tuple[Mention, ...]:
        """The terms that a text names, in order, without overlaps; the longest wins, and an exact one over a misspelt.

        Args:
            text: as typed.
        """
        found = [(word[0].lower().replace("\u2019", "'"), word.start(), word.end()) for word in _WORD.finditer(text)]
        taken: list[Mention | None] = [None] * len(found)
        for most, look in ((LONGEST_WORDS, self._exact), (FORGIVING_WORDS, self._forgiving)):
            for length in range(most, 0, -1):
                for first in range(len(found) - length + 1):
                    span = range(first, first + length)
                    if any(taken[place] for place in span):
                        continue
                    if term := look(" ".join(found[place][0] for place in span)):
                        start, end = found[first][1], found[first + length - 1][2]
                        mention = Mention(term, start, end, text[start:end], look == self._exact)
                        for place in span:
                            taken[place] = mention
        return tuple(dict.fromkeys(one for one in taken if one))

    def _exact(self, window: str) -> Term | None:
        return self._surfaces.get(window)

    def _forgiving(self, window: str) -> Term | None:
        return self._find_likest(window) if len(window) >= SHORTEST_FORGIVEN - 1 else None

    def _find_likest(self, window: str) -> Term | None:
        candidates = self._long.get(window[0])
        best = process.extractOne(window, candidates, scorer=fuzz.ratio, score_cutoff=LIKENESS) if candidates else None
        return self._surfaces[best[0]] if best and _alike(window, best[0]) else None

    def terms(self, kind: str) -> list[Term]:
        """The terms of one kind: drugs, hormones, labs, symptoms or conditions."""
        return [term for term in self._terms.values() if term.kind == kind]

    def surfaces(self) -> Iterator[tuple[Term, str]]:
        """Every surface with its term."""
        return ((term, surface) for surface, term in self._surfaces.items())

    def __getitem__(self, term_id: str) -> Term:
        return self._terms[term_id]

    def __contains__(self, term_id: object) -> bool:
        return term_id in self._terms


def _alike(window: str, surface: str) -> bool:
    """Whether each word is a misspelling of its own: "cant see" is not "cant sleep", alike as they are."""
    pairs = zip(window.split(), surface.split(), strict=False)
    return len(window.split()) != len(surface.split()) or all(
        OSA.normalized_similarity(typed, meant) >= WORD_LIKENESS for typed, meant in pairs
    )


def _normal(surface: str) -> str:
    """A surface as windows of a text are compared with it."""
    return " ".join(word.lower().replace("\u2019", "'") for word in _WORD.findall(surface))
