"""Finds concepts in words and patterns of concepts near each other, in time linear in the text. Pure."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from bot.safety.text import PAUSE, STOP, Word, contracted, words

GAP = 2
"""Further words that may stand between two words of a phrase."""
SHORTEST_FORGIVEN = 6
"""Letters from which a word may be misspelt."""
LIKENESS = 83.0
"""How like, in percent, a misspelt word must be; its first letter must be the same."""
SHORTEST_SWAPPED = 4
"""Letters from which two letters inside a word may have changed places, as in "pian"."""
MOST_LETTERS_APART = 4
"""Letters by which a misspelling may be longer or shorter; words further apart are never alike enough."""
NUMBER = "#"
"""What stands for any number in a concept."""

Place = tuple[int, int]
"""Index of the first and of the last word of a hit."""


@dataclass(frozen=True, slots=True)
class _Phrase:
    concept: str
    rest: tuple[str, ...]


class Matcher:
    """Concepts in words.

    Args:
        concepts: name -> words and phrases; `swell*` stands for every word that begins so, `#` for any number.
    """

    def __init__(self, concepts: Mapping[str, Sequence[str]]) -> None:
        self._phrases: dict[str, list[_Phrase]] = defaultdict(list)
        self._vocabulary: set[str] = set()
        self._prefixes: set[str] = set()
        self._longest_prefix = 0
        self._long: dict[str, list[str]] = defaultdict(list)
        self._swapped: dict[str, str] = {}
        for name, phrases in concepts.items():
            self._add(name, phrases)

    def _add(self, name: str, phrases: Sequence[str]) -> None:
        for phrase in phrases:
            parts = [_key(part) for part in contracted(phrase).split()]
            self._phrases[parts[0]].append(_Phrase(name, tuple(parts[1:])))
            for part in parts:
                if part.endswith("*"):
                    self._prefixes.add(part)
                    self._longest_prefix = max(self._longest_prefix, len(part) - 1)
                elif part not in self._vocabulary:
                    self._know(part)

    def _know(self, word: str) -> None:
        """Add a word and, by its length, the ways in which it may be misspelt."""
        self._vocabulary.add(word)
        if len(word) >= SHORTEST_FORGIVEN:
            self._long[word[0]].append(word)
        elif len(word) >= SHORTEST_SWAPPED:
            for place in range(1, len(word) - 2):
                swapped = word[:place] + word[place + 1] + word[place] + word[place + 2 :]
                self._swapped.setdefault(swapped, word)

    def pattern(self, groups: Sequence[str | Sequence[str]], *, within: int) -> "Pattern":
        """A pattern of groups, each a concept's name or a list of words and phrases of its own.

        Args:
            groups: all must be found.
            within: words that the found ones may span beyond their own.
        """
        names = []
        for group in groups:
            if isinstance(group, str):
                names.append(group)
                continue
            name = "|".join(group)
            if not any(one.concept == name for phrases in self._phrases.values() for one in phrases):
                self._add(name, group)
            names.append(name)
        return Pattern(tuple(names), within)

    def hits(self, text: Sequence[Word]) -> dict[str, list[Place]]:
        """Where each concept is found, in order.

        Args:
            text: the words of a message.
        """
        known_words = {word.text: self._forms(word.text) for word in text}  # for this message only
        forms = [known_words[word.text] for word in text]
        said = {form for known in known_words.values() for form in known}
        found: dict[str, list[Place]] = defaultdict(list)
        for place, known in enumerate(forms):
            for form in known:
                for phrase in self._phrases.get(form, ()):
                    if phrase.rest and phrase.rest[-1] not in said:
                        continue  # most phrases end here, before their words are looked for one by one
                    last = self._follow(forms, text, place, phrase.rest)
                    if last is not None:
                        found[phrase.concept].append((place, last))
        return found

    def is_misspelt(self, word: str) -> bool:
        """Whether a word in normal form is no concept's own, but was taken for one that is like it."""
        return word not in self._vocabulary and not self._prefixed(word) and not word[0].isdigit()

    def _prefixed(self, word: str) -> list[str]:
        """The beginnings of a word that concepts name."""
        sizes = range(2, min(len(word), self._longest_prefix) + 1)
        return [key for size in sizes if (key := word[:size] + "*") in self._prefixes]

    @staticmethod
    def _follow(
        forms: Sequence[tuple[str, ...]], text: Sequence[Word], place: int, rest: tuple[str, ...]
    ) -> int | None:
        """The place of a phrase's last word, if its words follow each other closely enough."""
        for part in rest:
            for step in range(place + 1, min(place + 2 + GAP, len(forms))):
                if text[step].text == STOP:
                    return None
                if part in forms[step]:
                    place = step
                    break
            else:
                return None
        return place

    def _forms(self, word: str) -> tuple[str, ...]:
        """The vocabulary's entries that a word stands for: itself, a prefix of it, or what it is a misspelling of."""
        if word in (STOP, PAUSE):
            return ()
        forms = [word] if word in self._vocabulary else []
        if word[0].isdigit():
            return (*forms, NUMBER)
        forms += self._prefixed(word)
        if not forms and word in self._swapped:
            forms = [self._swapped[word]]
        if not forms and len(word) >= SHORTEST_FORGIVEN:
            near = [one for one in self._long.get(word[0], ()) if abs(len(one) - len(word)) <= MOST_LETTERS_APART]
            best = process.extractOne(word, near, scorer=fuzz.ratio, score_cutoff=LIKENESS)
            forms = [best[0]] if best else []
        return tuple(forms)


@dataclass(frozen=True, slots=True)
class Pattern:
    """Groups that must stand near each other."""

    groups: tuple[str, ...]
    within: int

    def matches(self, hits: Mapping[str, list[Place]]) -> Iterator[list[Place]]:
        """Each place of the first group with the nearest of every other, where all are near enough."""
        if any(group not in hits for group in self.groups):
            return
        for anchor in hits[self.groups[0]]:
            places = [anchor, *(_nearest(hits[group], anchor) for group in self.groups[1:])]
            own = sum(last - first + 1 for first, last in places)
            if max(last for _, last in places) - min(places)[0] + 1 - own <= self.within:
                yield places


def _nearest(places: list[Place], anchor: Place) -> Place:
    """The place nearest to another, both in order."""
    index = bisect_left(places, anchor)
    around = places[max(0, index - 1) : index + 2]
    return min(around, key=lambda place: max(place[0] - anchor[1], anchor[0] - place[1]))


def _key(part: str) -> str:
    """A word of a concept in normal form, its star kept."""
    if part == NUMBER:
        return part
    star = part.endswith("*")
    return words(part.rstrip("*"))[0].text + ("*" if star else "")
