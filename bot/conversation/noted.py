"""What a patient has said of themselves: medicines, tests, symptoms with their denial and time, a goal.

It serves the conversation, the sheet for a visit, and the summary that staff read. It is found in the words, by the
lexicon and the rules of scope, and is no diagnosis. Pure.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from pydantic import BaseModel, ConfigDict

from bot.conversation.goals import Goals
from bot.lexicon import Lexicon, Mention
from bot.safety.scope import Kind, ScopeRules
from bot.safety.text import Word, words

MOST = 40
"""Of each sort; more are of no use to anybody."""

_KINDS = {"drugs": "drugs", "hormones": "markers", "labs": "markers"}
_SELF = frozenset("i im ive id me my mine myself he hes she shes his her him we our us husband wife partner".split())
_UNIT = r"(?:hours?|days?|weeks?|months?|years?)"
_TIME = re.compile(
    r"\b(?:since [\w' ]{2,20}?(?=[,.;!?]|\band\b|$)"
    rf"|for (?:the (?:last|past) )?(?:about )?\w+ {_UNIT}|\w+ {_UNIT} ago"
    r"|(?:this|last) (?:morning|week|month|year|night)|today|yesterday|tonight)",
    re.IGNORECASE,
)


class Symptom(BaseModel):
    """A symptom as it was told.

    Attributes:
        id: of the lexicon.
        said: the patient's own words for it.
        how: present, denied, or past.
        when: the patient's words for the time, if they gave one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: str
    said: str
    how: str = "present"
    when: str = ""


class Noted(BaseModel):
    """All of it, each thing once, the latest word on a symptom counts."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    drugs: tuple[str, ...] = ()
    markers: tuple[str, ...] = ()
    symptoms: tuple[Symptom, ...] = ()
    goal: str = ""

    @property
    def empty(self) -> bool:
        """Whether nothing was noted."""
        return self == Noted()

    def without(self, what: str) -> Self:
        """All but one thing.

        Args:
            what: id of a term, `goal`, or `all`.
        """
        if what == "all":
            return type(self)()
        return self.model_copy(
            update={
                "drugs": tuple(one for one in self.drugs if one != what),
                "markers": tuple(one for one in self.markers if one != what),
                "symptoms": tuple(one for one in self.symptoms if one.id != what),
                "goal": "" if what == "goal" else self.goal,
            }
        )


@dataclass(frozen=True)
class Ears:
    """What listening needs.

    Attributes:
        lexicon: names and brands.
        scopes: whether a symptom is the speaker's own, and now.
        goals: the words for wishes.
    """

    lexicon: Lexicon
    scopes: ScopeRules
    goals: Goals

    def listen(self, before: Noted, text: str, *, own: bool = False) -> Noted:
        """What is known after one more message.

        Args:
            before: what was known.
            text: what the patient wrote.
            own: it tells of the patient, as an answer of the intake does, also where no word says so.
        """
        mentions = self.lexicon.find(text)
        found: dict[str, list[str]] = {"drugs": list(before.drugs), "markers": list(before.markers)}
        for one in mentions:
            if kind := _KINDS.get(one.term.kind):
                found[kind].append(one.term.id)
        told = {one.id: one for one in (*before.symptoms, *self._symptoms(text, mentions, own=own))}
        return Noted(
            drugs=tuple(dict.fromkeys(found["drugs"]))[:MOST],
            markers=tuple(dict.fromkeys(found["markers"]))[:MOST],
            symptoms=tuple(told.values())[:MOST],
            goal=self._goal(text) or before.goal,
        )

    def listen_to_all(self, texts: Iterable[str]) -> Noted:
        """What is known after several messages, in order."""
        noted = Noted()
        for text in texts:
            noted = self.listen(noted, text)
        return noted

    def _symptoms(self, text: str, mentions: Sequence[Mention], *, own: bool) -> list[Symptom]:
        """The symptoms that somebody in the message has, had or denies; one that is only asked about is none."""
        spoken = words(text)
        if not own and not _SELF & {word.text for word in spoken}:
            return []
        named = [one for one in mentions if one.term.kind == "symptoms"][:MOST]
        places = {one: _places(spoken, one) for one in named}
        all_places = frozenset(place for first, last in places.values() for place in range(first, last + 1))
        found = []
        for one, (first, last) in places.items():
            kind = self.scopes.judge(spoken, first, last, symptoms=all_places).kind
            said = text[one.start : one.end]
            if kind is Kind.OVER and said.casefold() in _LOST:
                kind = Kind.PRESENT
            if how := _HOW.get(kind):
                found.append(Symptom(id=one.term.id, said=said, how=how, when=_when(text, one)))
        return found

    def _goal(self, text: str) -> str:
        found = self.goals.find(text)
        own = _SELF & {word.text for word in words(text)}
        return found if found and own else ""


_LOST = frozenset({"vision", "sight", "eyesight", "hearing", "smell"})
"""What is gone here is not a symptom that went away: its loss is one."""

_HOW = {Kind.PRESENT: "present", Kind.DENIED: "denied", Kind.OVER: "past", Kind.PAST: "past"}


def _places(spoken: Sequence[Word], mention: Mention) -> tuple[int, int]:
    """The first and the last word of a mention."""
    inside = [place for place, word in enumerate(spoken) if word.start < mention.end and mention.start < word.end]
    return (inside[0], inside[-1]) if inside else (0, 0)


def _when(text: str, mention: Mention) -> str:
    """The time that is named in the symptom's sentence."""
    begin = max((text.rfind(mark, 0, mention.start) for mark in ".?!\n"), default=-1) + 1
    ends = [place for mark in ".?!\n" if (place := text.find(mark, mention.end)) >= 0]
    found = _TIME.search(text[begin : min(ends, default=len(text))])
    return found[0].strip() if found else ""
