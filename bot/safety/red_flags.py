"""Red flags: words that mean an emergency, a crisis, or something a clinician should hear about today. Pure.

A rule has patterns. A pattern is a list of groups, each of which must be found within a few words of the others, in
any order; a group names a concept (words and phrases that mean the same) or lists its own. `swell*` stands for all
words that begin so, longer words are forgiven a misspelling, and a phrase may have two further words between two of its
own. Then `scope` decides whether what was found counts; when in doubt it does.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cached_property
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from bot.datafile import checked, read_yaml
from bot.errors import DataError
from bot.lexicon import Lexicon
from bot.safety import scope
from bot.safety.matching import Matcher, Pattern, Place
from bot.safety.text import Word, words


class Level(StrEnum):
    """How soon somebody must act; the first is the most urgent."""

    EMERGENCY = "emergency"
    CRISIS = "crisis"
    URGENT = "urgent"


LEVELS = list(Level)
SELF = frozenset({"i", "im", "ive", "id", "me", "my", "myself", "we", "us", "our"})


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
    within: int = Field(default=8, ge=0, le=20)
    final: bool = Field(default=False, description="neither the words around it nor a net silence it")
    sure: bool = Field(default=False, description="no net silences it, only the words around it")
    always: bool = Field(default=False, description="only somebody else, or a question about a drug, silences it")
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
    contexts: dict[str, list[str]] = Field(
        default={}, description="groups that only tell what another means: their words are no symptom to be denied"
    )
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
        misspelt: a word of it was taken for another.
    """

    rule: str
    level: Level
    reply: str
    spans: tuple[tuple[int, int], ...]
    words: tuple[str, ...]
    scope: str
    misspelt: bool = False


class RedFlags:
    """The rules of one language, ready to be used.

    Args:
        file: data/<language>/safety/red_flags.yml, checked.
        scopes: the cue words.
        lexicon: finds the drugs that a message names.
    """

    def __init__(self, file: _File, scopes: scope.ScopeRules, lexicon: Lexicon) -> None:
        self.rules = sorted(file.red_flags, key=lambda rule: LEVELS.index(rule.level))
        self.beyond_nets = frozenset(rule.id for rule in self.rules if rule.final or rule.sure)
        self.pairs = frozenset(rule.id for rule in self.rules if rule.drugs)
        self.replies = file.replies
        self.lexicon, self.scopes = lexicon, scopes
        unless = {f"unless {rule.id}": rule.unless for rule in self.rules}
        self.matcher = Matcher({**file.concepts, **file.contexts, **unless})
        self.concepts, self.contexts = frozenset(file.concepts), frozenset(file.contexts)
        self.concepts_of = {level: frozenset(self._named(level)) for level in Level}
        self.patterns: dict[str, list[Pattern]] = {
            rule.id: [self.matcher.pattern(groups, within=rule.within) for groups in rule.patterns]
            for rule in self.rules
        }

    def _named(self, level: Level) -> Iterator[str]:
        """The concepts that rules of a level name."""
        groups = (group for rule in self.rules if rule.level is level for pattern in rule.patterns for group in pattern)
        yield from (group for group in groups if isinstance(group, str) and group in self.concepts)


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
    return next((match.alarm(text) for match in _found(text, rules, named, doubtful=False)), None)


@dataclass(frozen=True, slots=True)
class Heard:
    """All that the rules found in one text, each rule once, the most urgent first.

    Attributes:
        alarms: what counts.
        doubtful: what the words around it speak against: denied, over, past, somebody else's, or asked in general.
    """

    alarms: tuple[Alarm, ...] = ()
    doubtful: tuple[Alarm, ...] = ()


def hear(text: str, *, rules: RedFlags, named: frozenset[str] = frozenset()) -> Heard:
    """Find every red flag in one text, for a member of staff who can ask back.

    Args:
        text: as it was typed.
        rules: what is looked for.
        named: ids of the drugs that were named elsewhere.
    """
    sure: dict[str, Alarm] = {}
    unsure: dict[str, Alarm] = {}
    for match in _found(text, rules, named, doubtful=True):
        found = sure if match.counts else unsure
        if match.rule.id not in found:
            found[match.rule.id] = match.alarm(text)
    return Heard(tuple(sure.values()), tuple(alarm for rule, alarm in unsure.items() if rule not in sure))


@dataclass(frozen=True, slots=True)
class _Match:
    """What a rule found, and whether it counts."""

    rule: Rule
    spoken: Sequence[Word]
    places: Sequence[Place]
    verdict: scope.Scope
    counts: bool
    misspelt: bool

    def alarm(self, text: str) -> Alarm:
        """The alarm that it raises, with the words of the text that did."""
        spans = tuple(sorted({(self.spoken[a].start, self.spoken[b].end) for a, b in self.places}))
        said = tuple(text[start:end] for start, end in spans)
        why = self.verdict.cue or "nothing says otherwise"
        return Alarm(self.rule.id, self.rule.level, self.rule.reply, spans, said, why, self.misspelt)


def _found(text: str, rules: RedFlags, named: frozenset[str], *, doubtful: bool) -> Iterator[_Match]:
    """Each match of a rule that counts, or also each that is doubtful, the most urgent rule first."""
    spoken = words(text)
    hits = rules.matcher.hits(spoken)
    if not hits:
        return
    reading = rules.scopes.about(spoken, symptoms=_covered(hits, hits.keys() - rules.contexts))
    message = _Message(text, frozenset(word.text for word in spoken), rules.lexicon)
    for rule in rules.rules:
        otherwise = _covered(hits, [f"unless {rule.id}"])
        for pattern in rules.patterns[rule.id]:
            for places in pattern.matches(hits):
                if otherwise and any(not otherwise.isdisjoint(range(first, last + 1)) for first, last in places):
                    continue
                verdict = _judge(reading, places)
                counts = verdict.counts or rule.final or (rule.always and not message.is_not_own(verdict))
                if not counts and not doubtful:
                    continue
                if rule.drugs and named.isdisjoint(rule.drugs) and message.drugs.isdisjoint(rule.drugs):
                    break
                misspelt = any(rules.matcher.is_misspelt(spoken[place].text) for both in places for place in both)
                yield _Match(rule, spoken, places, verdict, counts, misspelt)


class Told(StrEnum):
    """How much of what sounds dangerous in a message is told as dangerous."""

    NOTHING_SAID = "nothing said"
    AS_DANGER = "as danger"
    PARTLY = "partly"
    AS_NONE = "as none"
    DENIED = "denied"


def told(text: str, *, rules: RedFlags, of: Level | None = None) -> Told:
    """Whether the dangerous words of a message are meant, or denied, over, past, another's or only asked about.

    Args:
        text: as the patient typed it.
        rules: whose concepts and cue words decide.
        of: only words of this level's rules are looked at.
    """
    asked = rules.concepts if of is None else rules.concepts_of[of]
    spoken = words(text)
    hits = {name: found for name, found in rules.matcher.hits(spoken).items() if not name.startswith("unless")}
    reading = rules.scopes.about(spoken, symptoms=_covered(hits, hits.keys() - rules.contexts))
    places = {place for name, found in hits.items() if name in asked for place in found}
    verdicts = [reading.judge(first, last) for first, last in places]
    counting = sum(verdict.counts for verdict in verdicts)
    if not verdicts:
        return Told.NOTHING_SAID
    if counting:
        return Told.AS_DANGER if counting == len(verdicts) else Told.PARTLY
    return Told.DENIED if all(verdict.kind is scope.Kind.DENIED for verdict in verdicts) else Told.AS_NONE


@dataclass(frozen=True)
class _Message:
    """What is asked of a whole message at most once.

    Attributes:
        text: as typed.
        words: in normal form.
        lexicon: finds the drugs.
    """

    text: str
    words: frozenset[str]
    lexicon: Lexicon

    @cached_property
    def drugs(self) -> frozenset[str]:
        """Ids of the drugs that it names."""
        return frozenset(found.term.id for found in self.lexicon.find(self.text) if found.term.kind == "drugs")

    def is_not_own(self, verdict: scope.Scope) -> bool:
        """Whether it is surely about somebody else, or a question about a drug that says nothing of oneself."""
        if verdict.kind is scope.Kind.OTHER:
            return True
        return verdict.kind is scope.Kind.GENERAL and not SELF & self.words and bool(self.drugs)


def _covered(hits: Mapping[str, Sequence[Place]], names: Iterable[str]) -> frozenset[int]:
    """Indices of the words that belong to a hit of these names."""
    found = (place for name in names for place in hits.get(name, ()))
    return frozenset(index for first, last in found for index in range(first, last + 1))


def _judge(reading: scope.Reading, places: Sequence[Place]) -> scope.Scope:
    """The scope of what a pattern found: each of its parts must count."""
    verdicts = [reading.judge(first, last) for first, last in places]
    return next((one for one in verdicts if not one.counts), verdicts[0])


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
        known = file.concepts.keys() | file.contexts.keys()
        unknown = [group for group in groups if isinstance(group, str) and group not in known]
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
