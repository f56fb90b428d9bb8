"""Cue words and their places in a message: each is looked for once, so that a verdict costs little anywhere. Pure.

A hostile message may repeat one symptom a thousand times without a full stop; looking through all of it for each of
them would hold up everybody who writes at that moment.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.safety.text import contracted, words

NUMBER, YEAR = "#", "#year"
"""In a cue, what stands for any number, and for a year that is over."""
_FIRST_YEAR, _DIGITS_OF_A_YEAR = 1900, 4
_NUMBERS = frozenset(
    "one two three four five six seven eight nine ten eleven twelve fifteen twenty thirty forty few couple".split()
)


@dataclass(frozen=True, slots=True)
class Cue:
    """A cue in a list of words: what was said, and the indices of its first word and after its last."""

    first: int
    end: int
    said: str


class Cues:
    """The cues of each kind.

    Args:
        phrases: kind -> phrases.
        this_year: the present one; "in 2019" is over.
    """

    def __init__(self, phrases: Mapping[str, Sequence[str]], *, this_year: int) -> None:
        self._this_year = this_year
        self._by_first = {kind: _by_first(given) for kind, given in phrases.items()}
        self.longest = max(
            (len(one) for table in self._by_first.values() for each in table.values() for one in each), default=0
        )

    def at(self, kind: str, text: Sequence[str], place: int) -> str:
        """The longest cue of a kind that begins at a place, as it was said.

        Args:
            kind: of cue.
            text: words in normal form.
            place: an index of it.
        """
        table = self._by_first[kind]
        phrases = table.get(text[place], [])
        if NUMBER in table and self._is(NUMBER, text[place]):
            phrases = [*phrases, *table[NUMBER]]
        for phrase in phrases:
            spoken = text[place : place + len(phrase)]
            if len(spoken) == len(phrase) and all(map(self._is, phrase, spoken)):
                return " ".join(spoken)
        return ""

    def beginnings(self, kind: str, text: Sequence[str]) -> list[int]:
        """The places where a cue of a kind may begin."""
        table = self._by_first[kind]
        numbered = NUMBER in table
        return [place for place, word in enumerate(text) if word in table or (numbered and self._is(NUMBER, word))]

    def _is(self, part: str, word: str) -> bool:
        """Whether a word is what a part of a cue stands for."""
        if part == NUMBER:
            return word.isdecimal() or word in _NUMBERS
        if part == YEAR:
            return len(word) == _DIGITS_OF_A_YEAR and word.isdecimal() and _FIRST_YEAR <= int(word) < self._this_year
        return part == word


class Said:
    """The cues of one message, each kind looked for once, when it is first asked for.

    Args:
        text: its words in normal form.
        cues: what is looked for.
        counts: whether a cue of a kind counts at a place; None where every place does.
    """

    def __init__(self, text: Sequence[str], cues: Cues, counts: Mapping[str, Callable[[int], bool]]) -> None:
        self._text, self._cues, self._counts = text, cues, counts
        self._found: dict[str, tuple[list[Cue], list[int]]] = {}

    def first(self, kind: str, begin: int, end: int) -> str:
        """The first cue of a kind that lies between two indices, or nothing."""
        edge = max(begin, end - self._cues.longest + 1)
        at_edge = (one.said for one in self._near(kind, edge, self._text[edge:end]))
        return self._whole(kind, begin, edge) or next(at_edge, "")

    def first_around(self, kind: str, before: tuple[int, int], after: tuple[int, int]) -> str:
        """The first cue of a kind in the words before and after a symptom, read as if it were not there."""
        far = max(before[0], before[1] - self._cues.longest + 1)
        joined = [*self._text[far : before[1]], *self._text[after[0] : min(after[1], after[0] + self._cues.longest)]]
        at_gap = (one.said for one in self._near(kind, far, joined) if one.first < before[1])
        return self._whole(kind, before[0], far) or next(at_gap, "") or self.first(kind, *after)

    def last(self, kind: str, begin: int, end: int) -> tuple[int, str]:
        """The cue of a kind between two indices that ends last: the index after it, and the cue; -1 for none."""
        cues, places = self._every(kind)
        edge = max(begin, end - self._cues.longest + 1)
        index = bisect_left(places, edge)
        whole = cues[max(bisect_left(places, begin), index - self._cues.longest) : index]
        return max(
            ((one.end, one.said) for one in (*whole, *self._near(kind, edge, self._text[edge:end]))), default=(-1, "")
        )

    def _whole(self, kind: str, begin: int, end: int) -> str:
        """The first cue that begins between two indices, wherever it ends."""
        cues, places = self._every(kind)
        index = bisect_left(places, begin)
        return cues[index].said if index < len(places) and places[index] < end else ""

    def _every(self, kind: str) -> tuple[list[Cue], list[int]]:
        if kind not in self._found:
            cues = list(self._near(kind, 0, self._text))
            self._found[kind] = (cues, [one.first for one in cues])
        return self._found[kind]

    def _near(self, kind: str, first: int, text: Sequence[str]) -> Iterator[Cue]:
        """The cues in some words, the first of which stands at an index of the message."""
        counts = self._counts.get(kind)
        for place in self._cues.beginnings(kind, text):
            if (said := self._cues.at(kind, text, place)) and (counts is None or counts(first + place)):
                yield Cue(first + place, first + place + len(said.split()), said)


def _by_first(phrases: Sequence[str]) -> dict[str, list[list[str]]]:
    """Phrases as lists of words in normal form, by their first word, the longest first."""
    table: dict[str, list[list[str]]] = {}
    for phrase in sorted(phrases, key=len, reverse=True):
        parts = [part if part in (NUMBER, YEAR) else words(part)[0].text for part in contracted(phrase).split()]
        table.setdefault(parts[0], []).append(parts)
    return table
