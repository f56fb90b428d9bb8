"""Red flags: words that mean an emergency, a crisis, or something a clinician should hear about today. Pure.

A rule has patterns. A pattern is a list of groups, each of which must be found within a few words of the others, in
any order; a group names a concept (words and phrases that mean the same) or lists its own. `swell*` stands for all
words that begin so, longer words are forgiven a misspelling, and a phrase may have two further words between two of its
own. Then `scope` decides whether what was found counts; when in doubt it does.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from bot.datafile import checked, read_yaml
from bot.errors import DataError
from bot.lexicon import Lexicon
from bot.safety import scope
from bot.safety.matching import Matcher, Pattern
from bot.safety.text import Word, words


class Level(StrEnum):
    """How soon somebody must act; the first is the most urgent."""

    EMERGENCY = "emergency"
    CRISIS = "crisis"
    URGENT = "urgent"


LEVELS = list(Level)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Source(_Strict):
    title: str
    read_on: date
    url: str | None = None


class Rule(_Strict):
    """One red flag, as a clinician reads it in the file."""

    id: str = Field(pattern=r"^[a-z0-9_]+$")
    means: str
    level: Level
    drugs: list[str] = []
    patterns: list[list[str | list[str]]]
    within: int = Field(default=8, ge=1, le=20)
    always: bool = Field(default=False, description="counts whatever the words around it say: its own words decide")
    unless: list[str] = Field(
        default=[], description="phrases that mean something else; what overlaps them is no match"
    )
    reply: str
    source: _Source
    must_match: list[str] = Field(min_length=8)
    must_not_match: list[str] = Field(min_length=5)


class FixedText(_Strict):
    """A text that is said word for word; names in braces are filled in for the clinic's country."""

    kind: Level
    title: str
    paragraphs: list[str] = Field(min_length=1)
    closing: str

    @property
    def sha256(self) -> str:
        """The hash of the text as it stands in the file."""
        return hashlib.sha256("\n\n".join(self.paragraphs).encode()).hexdigest()


class _File(_Strict):
    concepts: dict[str, list[str]]
    red_flags: list[Rule]
    replies: dict[str, FixedText]


class EmergencyNumbers(_Strict):
    """Whom to call in one country."""

    emergency: str
    crisis_name: str
    crisis_number: str
    poison: str | None = None
    read_on: date


@dataclass(frozen=True, slots=True)
class Alarm:
    """A red flag that was found.

    Attributes:
        rule: its id.
        reply: id of the text that answers it.
        spans: the [start, end) offsets in the text that matched.
        words: what stands there.
        scope: why it counted.
    """

    rule: str
    level: Level
    reply: str
    spans: tuple[tuple[int, int], ...]
    words: tuple[str, ...]
    scope: str


class RedFlags:
    """The rules of one language, ready to be used.

    Args:
        file: data/<language>/safety/red_flags.yml, checked.
        scopes: the cue words.
        lexicon: finds the drugs that a message names.
    """

    def __init__(self, file: _File, scopes: scope.ScopeRules, lexicon: Lexicon) -> None:
        self.rules = sorted(file.red_flags, key=lambda rule: LEVELS.index(rule.level))
        self.replies = file.replies
        self.lexicon, self.scopes = lexicon, scopes
        unless = {f"unless {rule.id}": rule.unless for rule in self.rules}
        self.matcher = Matcher({**file.concepts, **unless})
        self.patterns: dict[str, list[Pattern]] = {
            rule.id: [self.matcher.pattern(groups, within=rule.within) for groups in rule.patterns]
            for rule in self.rules
        }


def check(text: str, *, rules: RedFlags, named: frozenset[str] = frozenset()) -> Alarm | None:
    """Find the most urgent red flag in one message.

    Args:
        text: as the patient typed it.
        rules: what is looked for.
        named: ids of the drugs that this patient has named before; pairs of drug and symptom need them.

    Returns:
        The alarm; None if no rule matched or nothing that matched counts. Uncertain scope is an alarm.

    Source: each rule carries its own; scope: docs/decisions/0009-scope.md.
    """
    spoken = words(text)
    hits = rules.matcher.hits(spoken)
    if not hits:
        return None
    symptoms = frozenset(place for found in hits.values() for a, b in found for place in range(a, b + 1))
    drugs: frozenset[str] | None = None
    for rule in rules.rules:
        if rule.drugs:
            if drugs is None:
                drugs = named | {one.term.id for one in rules.lexicon.find(text) if one.term.kind == "drugs"}
            if not drugs & set(rule.drugs):
                continue
        for pattern in rules.patterns[rule.id]:
            for places in pattern.matches(hits):
                if _overlap(places, hits.get(f"unless {rule.id}", [])):
                    continue
                verdict = _judge(spoken, places, rules.scopes, symptoms)
                if rule.always or verdict.counts:
                    return _alarm(rule, text, [(spoken[a].start, spoken[b].end) for a, b in places], verdict)
    return None


def _overlap(places: Sequence[tuple[int, int]], others: Sequence[tuple[int, int]]) -> bool:
    return any(first <= b and a <= last for first, last in places for a, b in others)


def _judge(
    spoken: Sequence[Word], places: Sequence[tuple[int, int]], scopes: scope.ScopeRules, symptoms: frozenset[int]
) -> scope.Scope:
    """The scope of what a pattern found: each of its parts must count."""
    verdicts = [scopes.judge(spoken, first, last, symptoms=symptoms) for first, last in places]
    return next((one for one in verdicts if not one.counts), verdicts[0])


def _alarm(rule: Rule, text: str, spans: Sequence[tuple[int, int]], verdict: scope.Scope) -> Alarm:
    ordered = tuple(sorted(set(spans)))
    said = tuple(text[start:end] for start, end in ordered)
    return Alarm(rule.id, rule.level, rule.reply, ordered, said, verdict.cue or "nothing says otherwise")


def render(reply: str, *, rules: RedFlags, numbers: EmergencyNumbers, clinic_phone: str) -> list[str]:
    """The paragraphs of a reply for one country.

    Args:
        reply: id of the text.
        rules: hold the texts.
        numbers: of the clinic's country.
        clinic_phone: the clinic's telephone.
    """
    facts = {
        "emergency_number": numbers.emergency,
        "crisis_line": f"{numbers.crisis_name} ({numbers.crisis_number})",
        "poison_line": numbers.poison or numbers.emergency,
        "clinic_phone": clinic_phone,
    }
    return [paragraph.format_map(facts) for paragraph in rules.replies[reply].paragraphs]


def load(folder: Path, lexicon: Lexicon) -> RedFlags:
    """Read data/<language>/safety.

    Raises:
        DataError: a rule does not fit, names a concept or a reply that is not there, or two have one id.
    """
    path = folder / "red_flags.yml"
    file = checked(_File, read_yaml(path), path=path)
    _check_names(file, lexicon, path)
    return RedFlags(file, scope.load(folder / "scope.yml"), lexicon)


def _check_names(file: _File, lexicon: Lexicon, path: Path) -> None:
    ids = [rule.id for rule in file.red_flags]
    for rule in file.red_flags:
        groups: Iterable[str | list[str]] = (group for pattern in rule.patterns for group in pattern)
        unknown = [group for group in groups if isinstance(group, str) and group not in file.concepts]
        unknown += [drug for drug in rule.drugs if drug not in lexicon]
        if rule.reply not in file.replies or unknown or ids.count(rule.id) > 1:
            raise DataError(
                f"{rule.id}: its reply, a concept, a drug or its id is wrong: {rule.reply} {unknown}", path=path
            )


def load_numbers(path: Path, *, country: str) -> EmergencyNumbers:
    """Whom to call in a country.

    Args:
        path: data/emergency_numbers.yml.
        country: its key there.

    Raises:
        DataError: the country is not there.
    """
    table = read_yaml(path)["countries"]
    if country not in table:
        raise DataError(f"no numbers for {country!r}; there are {', '.join(table)}", path=path)
    return checked(EmergencyNumbers, table[country], path=path, what=country)
