"""Is a symptom the speaker's own, and now? Written for patients' language; when in doubt it counts. Pure.

Each verdict names the word that decided. Only what is clearly denied, over, past, another's or asked in general does
not count. A partner's or child's symptom counts like one's own. Source: own rules, docs/decisions/0009-scope.md.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from bot.datafile import checked, read_yaml
from bot.safety.cues import Cues, Said
from bot.safety.text import PAUSE, STOP, Word

REACH = 7
"""Words before a symptom in which a denial is looked for; all between must be transparent."""
AFTER = 5
"""Words after a symptom in which "has stopped" is looked for."""


_JOINTS = frozenset({PAUSE, "and", "but", "so", "or", "hi", "hello", "hey", "please", "also", "wondering", "ask", "if"})
"""Words after which a clause begins."""


_TURNS = frozenset({"but", "however", "although", "yet"})
"""Words after which something else is said."""

_HIS = frozenset({"hes", "shes"})
"""What is told of a relative, though it counts like one's own where none is named."""

_LISTS = frozenset({"or", "nor"})
"""What a denial reaches over, as in "never had a stroke or chest pain"."""

BEFORE_STILL = 2
"""Words before the "still" of a question: "can i still"."""

NEAR = 40
"""Words on either side that are read for a verdict on one symptom alone."""


class Kind(StrEnum):
    """What the words around a symptom say of it."""

    PRESENT = "present"
    DENIED = "denied"
    OVER = "over"
    PAST = "past"
    OTHER = "other"
    GENERAL = "general"


@dataclass(frozen=True, slots=True)
class Scope:
    """A verdict and the words that decided; empty where nothing did, and the symptom counts."""

    kind: Kind
    cue: str = ""

    @property
    def counts(self) -> bool:
        """Whether the symptom is one to act on."""
        return self.kind is Kind.PRESENT


class _Cues(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    denials: list[str]
    not_denials: list[str]
    transparent: list[str]
    over_after: list[str]
    past: list[str]
    resolved: list[str]
    returns: list[str]
    now: list[str]
    asked_still: list[str]
    present: list[str]
    self: list[str]
    general: list[str]
    asking: list[str]
    relatives: list[str]
    close: list[str]
    relative_past: list[str]


class ScopeRules:
    """The cue words of data/<language>/safety/scope.yml.

    Args:
        cues: the file's content, checked.
        this_year: the present one; a symptom "in 2019" is past.
    """

    def __init__(self, cues: _Cues, *, this_year: int) -> None:
        names = (
            "denials", "not_denials", "over_after", "past", "resolved", "returns", "now", "asked_still", "present",
            "self", "general", "asking", "relative_past",
        )  # fmt: skip
        mine = [cue for cue in cues.self if cue not in _HIS]
        self.cues = Cues({**{name: getattr(cues, name) for name in names}, "mine": mine}, this_year=this_year)
        self.transparent, self.close = frozenset(cues.transparent), frozenset(cues.close)
        self._relatives = frozenset(cues.relatives)

    def is_relative(self, word: str) -> bool:
        """Whether a word names somebody else."""
        return word in self._relatives or word.rstrip("s") in self._relatives

    def says_now(self, text: Sequence[Word]) -> bool:
        """Whether some word of a message says that what it tells is happening."""
        spoken = [word.text for word in text]
        return any(self.cues.at("present", spoken, place) and self.tells(spoken, place) for place in range(len(spoken)))

    def tells(self, spoken: Sequence[str], place: int) -> bool:
        """Whether a word of now tells of now: the last of "can i still" asks whether something may go on."""
        return place < BEFORE_STILL or not self.cues.at("asked_still", spoken, place - BEFORE_STILL)

    def about(self, text: Sequence[Word], *, symptoms: frozenset[int] = frozenset()) -> "Reading":
        """A message, made ready for a verdict on each of its symptoms.

        Args:
            text: the whole message.
            symptoms: indices of all words that belong to some symptom: a denial reaches over them, as in "no chest
                pain or breathlessness".
        """
        return Reading(self, text, symptoms)

    def judge(self, text: Sequence[Word], first: int, last: int, *, symptoms: frozenset[int] = frozenset()) -> Scope:
        """What the nearest words around one symptom say of it.

        Args:
            text: the whole message.
            first: index of the symptom's first word.
            last: index of its last word.
            symptoms: indices of all words that belong to some symptom.
        """
        begin = max(0, first - NEAR)
        near = text[begin : last + 1 + NEAR]
        nearby = frozenset(place for place in range(len(near)) if begin + place in symptoms)
        return self.about(near, symptoms=nearby).judge(first - begin, last - begin)


class Reading:
    """One message: the ends of its sentences and the places of its cues, found once.

    Args:
        rules: the cue words.
        text: the message.
        symptoms: indices of all words that belong to some symptom.
    """

    def __init__(self, rules: ScopeRules, text: Sequence[Word], symptoms: frozenset[int]) -> None:
        self._rules, self._text, self._symptoms = rules, text, symptoms
        self._words = [word.text for word in text]
        self._breaks = [place for place in range(len(text)) if _breaks(text, place)]
        self._relatives = [place for place, word in enumerate(self._words) if rules.is_relative(word)]
        self._close = [place for place, word in enumerate(self._words) if word in rules.close]
        self._judged: dict[tuple[int, int], Scope] = {}
        counting = {"asking": self._begins_a_clause, "self": self._not_supposed, "now": self._tells}
        self._said = Said(self._words, rules.cues, counting)

    def judge(self, first: int, last: int) -> Scope:
        """What the words around a symptom say of it.

        Args:
            first: index of the symptom's first word.
            last: index of its last word.
        """
        if (first, last) not in self._judged:
            self._judged[first, last] = self._judge(first, last)
        return self._judged[first, last]

    def _judge(self, first: int, last: int) -> Scope:
        begin, end = self._sentence(first, last)
        if cue := self._denial(begin, first):
            return Scope(Kind.DENIED, cue)
        if cue := self._over([one for one in self._words[last + 1 : min(end, last + 1 + AFTER)] if one != PAUSE]):
            return Scope(Kind.OVER, cue)
        around = ((begin, first), (last + 1, end))
        is_now = bool(self._said.first_around("now", *around))
        if cue := self._someone_else(begin, last + 1, is_now=is_now):
            return Scope(Kind.OTHER, cue)
        if cue := self._past(*around, is_now=is_now):
            return Scope(Kind.PAST, cue)
        if cue := self._general(*around, asked=end < len(self._text) and self._text[end].question):
            return Scope(Kind.GENERAL, cue)
        return Scope(Kind.PRESENT)

    def _denial(self, begin: int, first: int) -> str:
        """The nearest denial with nothing but transparent words between it and the symptom."""
        begin = max(begin, first - REACH)
        before = self._words[begin:first]
        for place in range(len(before) - 1, -1, -1):
            if self._rules.cues.at("not_denials", before, place):
                return ""
            if cue := self._rules.cues.at("denials", before, place):
                return cue if all(map(self._is_clear, range(begin + place + len(cue.split()), first))) else ""
        return ""

    def _is_clear(self, place: int) -> bool:
        """Whether a denial reaches over a word."""
        return (
            self._words[place] in self._rules.transparent or place in self._symptoms or self._words[place + 1] in _LISTS
        )

    def _over(self, after: list[str]) -> str:
        """Words such as "has stopped" right after the symptom, unless it has not."""
        for place in range(len(after)):
            if self._rules.cues.at("denials", after, place) or after[place] in ("wont", "cant", "hasnt", "havent"):
                return ""
            if cue := self._rules.cues.at("over_after", after, place):
                return cue
        return ""

    def _past(self, before: tuple[int, int], after: tuple[int, int], *, is_now: bool) -> str:
        """Words that put a symptom into the past: a time, unless something is said of now; or how it was dealt with."""
        resolved = self._said.first_around("resolved", before, after)
        if resolved and not self._said.first_around("returns", before, after):
            return resolved
        return "" if is_now else self._said.first_around("past", before, after)

    def _someone_else(self, begin: int, end: int, *, is_now: bool) -> str:
        """A relative or friend whose symptom is told of, not one who needs help now."""
        index = bisect_left(self._relatives, end) - 1
        if is_now or index < 0 or self._relatives[index] < begin:
            return ""
        if bisect_left(self._close, begin) < bisect_left(self._close, end):
            return ""
        relative = self._relatives[index]
        if self._said.first("mine", relative + 1, end):
            return ""
        told = self._said.first("relative_past", begin, end)
        return f"{self._words[relative]} {told}" if told else ""

    def _general(self, before: tuple[int, int], after: tuple[int, int], *, asked: bool) -> str:
        """A question about what can happen, unless the speaker says of themselves, nearer to it, that it does."""
        general = max(self._said.last("general", *before), self._said.last("asking", *before))
        own = self._said.last("self", *before)
        if general[0] > own[0]:
            return general[1]
        return self._said.first("general", *after) if own[0] < 0 and asked else ""

    def _begins_a_clause(self, place: int) -> bool:
        """Whether a word begins a clause: "can it ..." asks, "it can ..." does not."""
        return place == 0 or self._words[place - 1] in _JOINTS or _breaks(self._text, place - 1)

    def _tells(self, place: int) -> bool:
        """Whether a word of now tells of now."""
        return self._rules.tells(self._words, place)

    def _not_supposed(self, place: int) -> bool:
        """Whether a word about oneself says something: "if i had ..." does not."""
        return place == 0 or self._words[place - 1] != "if"

    def _sentence(self, first: int, last: int) -> tuple[int, int]:
        """The sentence around a symptom: the index of its first word, and the index after its last."""
        before, after = bisect_left(self._breaks, first), bisect_left(self._breaks, last + 1)
        begin = self._breaks[before - 1] + 1 if before else 0
        return begin, self._breaks[after] if after < len(self._breaks) else len(self._text)


def _breaks(text: Sequence[Word], place: int) -> bool:
    """Whether what was said before this word says nothing of what comes after it: "..., but", "... and now"."""
    word = text[place].text
    following = text[place + 1].text if place + 1 < len(text) else ""
    return word == STOP or word in _TURNS or (word == "and" and following == "now")


def load(path: Path) -> ScopeRules:
    """Read data/<language>/safety/scope.yml.

    Raises:
        DataError: it is missing or does not fit.
    """
    return ScopeRules(checked(_Cues, read_yaml(path)["scope"], path=path), this_year=datetime.now(UTC).year)
