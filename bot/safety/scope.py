"""Is a symptom the speaker's own, and now? Written for patients' language; when in doubt it counts. Pure.

Each verdict names the word that decided. Only what is clearly denied, over, past, another's or asked in general does
not count. A partner's or child's symptom counts like one's own. Source: own rules, docs/decisions/0009-scope.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from bot.datafile import checked, read_yaml
from bot.safety.text import PAUSE, STOP, Word, words

REACH = 7
"""Words before a symptom in which a denial is looked for; all between must be transparent."""
AFTER = 5
"""Words after a symptom in which "has stopped" is looked for."""


_JOINTS = frozenset({PAUSE, "and", "but", "so", "or", "hi", "hello", "hey", "please", "also", "wondering", "ask", "if"})
"""Words after which a clause begins."""


_TURNS = frozenset({"but", "however", "although", "yet"})
"""Words after which something else is said."""


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
    now: list[str]
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
    """

    def __init__(self, cues: _Cues) -> None:
        names = ("denials", "not_denials", "over_after", "past", "now", "self", "general", "asking", "relative_past")
        self._phrases = {name: _by_first(getattr(cues, name)) for name in names}
        self._single = {name: frozenset(getattr(cues, name)) for name in ("transparent", "relatives", "close")}

    def judge(self, text: Sequence[Word], first: int, last: int, *, symptoms: frozenset[int] = frozenset()) -> Scope:
        """What the words around a symptom say of it.

        Args:
            text: the whole message.
            first: index of the symptom's first word.
            last: index of its last word.
            symptoms: indices of all words that belong to some symptom: a denial reaches over them, as in "no chest
                pain or breathlessness".
        """
        begin, end = _sentence(text, first, last)
        before = [word.text for word in text[begin:first]]
        after = [word.text for word in text[last + 1 : end]]
        clear = [
            before[place] in self._single["transparent"] or begin + place in symptoms for place in range(len(before))
        ]
        if cue := self._denial(before, clear):
            return Scope(Kind.DENIED, cue)
        if cue := self._over([one for one in after[:AFTER] if one != PAUSE]):
            return Scope(Kind.OVER, cue)
        is_now = self._find("now", [*before, *after])
        if cue := self._someone_else(before, is_now=bool(is_now)):
            return Scope(Kind.OTHER, cue)
        if (cue := self._find("past", [*before, *after])) and not is_now:
            return Scope(Kind.PAST, cue)
        if cue := self._general(before, after, asked=end < len(text) and text[end].question):
            return Scope(Kind.GENERAL, cue)
        return Scope(Kind.PRESENT)

    def _denial(self, before: list[str], clear: list[bool]) -> str:
        """The nearest denial with nothing but transparent words between it and the symptom."""
        for place in range(len(before) - 1, max(-1, len(before) - 1 - REACH), -1):
            if self._at("not_denials", before, place):
                return ""
            if cue := self._at("denials", before, place):
                return cue if all(clear[place + len(cue.split()) :]) else ""
        return ""

    def _over(self, after: list[str]) -> str:
        """Words such as "has stopped" right after the symptom, unless it has not."""
        for place in range(len(after)):
            if self._at("denials", after, place) or after[place] in ("wont", "cant", "hasnt", "havent"):
                return ""
            if cue := self._at("over_after", after, place):
                return cue
        return ""

    def _someone_else(self, before: list[str], *, is_now: bool) -> str:
        """A relative or friend whose symptom is told of, not one who needs help now."""
        found = [
            word
            for word in before
            if word.rstrip("s") in self._single["relatives"] or word in self._single["relatives"]
        ]
        if not found or self._single["close"] & set(before):
            return ""
        mine = before[len(before) - 1 - before[::-1].index(found[-1]) :]
        if self._find("self", [word for word in mine[1:] if word not in ("hes", "shes")]):
            return ""
        told = self._find("relative_past", before)
        return f"{found[-1]} {told}" if told and not is_now else ""

    def _general(self, before: list[str], after: list[str], *, asked: bool) -> str:
        """A question about what can happen, unless the speaker says of themselves, nearer to it, that it does."""
        general = max(self._last("general", before), self._last("asking", before, beginning=True))
        own = self._last("self", before)
        if general[0] > own[0]:
            return general[1]
        if own[0] < 0 and asked and (cue := self._find("general", after)):
            return cue
        return ""

    def _last(self, name: str, text: list[str], *, beginning: bool = False) -> tuple[int, str]:
        """The place after the last cue of a kind, and the cue; -1 where there is none.

        Args:
            name: the kind.
            text: words before a symptom.
            beginning: only where a clause begins: "can it ..." asks, "it can ..." does not.
        """
        places = [place for place in range(len(text)) if not beginning or place == 0 or text[place - 1] in _JOINTS]
        if name == "self":  # "if i had ..." says nothing of oneself
            places = [place for place in places if place == 0 or text[place - 1] != "if"]
        found = [(place + len(cue.split()), cue) for place in places if (cue := self._at(name, text, place))]
        return max(found, default=(-1, ""))

    def _find(self, name: str, text: list[str]) -> str:
        return next((cue for place in range(len(text)) if (cue := self._at(name, text, place))), "")

    def _at(self, name: str, text: list[str], place: int) -> str:
        """The longest cue of a kind that begins at a place."""
        for phrase in self._phrases[name].get(text[place], ()):
            if text[place : place + len(phrase)] == phrase:
                return " ".join(phrase)
        return ""


def _by_first(phrases: list[str]) -> dict[str, list[list[str]]]:
    """Phrases as lists of words in normal form, by their first word, the longest first."""
    table: dict[str, list[list[str]]] = {}
    for phrase in sorted(phrases, key=len, reverse=True):
        parts = [word.text for word in words(phrase)]
        table.setdefault(parts[0], []).append(parts)
    return table


def _sentence(text: Sequence[Word], first: int, last: int) -> tuple[int, int]:
    """The sentence around a symptom: the index of its first word, and the index after its last."""
    begin = first
    while begin > 0 and not _breaks(text, begin - 1):
        begin -= 1
    end = last + 1
    while end < len(text) and not _breaks(text, end):
        end += 1
    return begin, end


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
    return ScopeRules(checked(_Cues, read_yaml(path)["scope"], path=path))
