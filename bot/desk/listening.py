"""What a caller's words hold: red flags, what is refused, what was named, what to ask. Asks no store and no network."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from bot.conversation.fixed import SUSPECTED, Fixed
from bot.desk.guide import Asked, Guide
from bot.lexicon import Term
from bot.safety import red_flags
from bot.safety.phrasing import Found
from bot.safety.red_flags import LEVELS, Alarm, Heard, Level
from bot.translation import later
from bot.triage.urgency import Assessment

TELEPHONE = "telephone"
"""What opens a ticket in data/urgency.yml when no red flag does."""

UNNAMED = later("sounds like danger, though no rule names it")
"""What is said of a red flag that only the spare net has found."""


@dataclass(frozen=True, slots=True)
class ReadOut:
    """A fixed text to be read to the caller, word for word.

    Attributes:
        id: of the text in the store, such as `emergency:emergency_chest`.
        words: what of the caller's words asks for it.
    """

    id: str
    title: str
    paragraphs: tuple[str, ...]
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Flag:
    """A red flag with what is read out; `means` says it in the rule's own words."""

    alarm: Alarm
    means: str
    text: ReadOut


@dataclass(frozen=True, slots=True)
class Marked:
    """A stretch of what was typed; `kind` is flag, refusal, term, or empty for words that nothing knows."""

    text: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Understood:
    """All that was found in what a caller said.

    Attributes:
        flags: red flags that count, the most urgent first.
        doubtful: red flags that the words around them speak against; staff ask.
        refusal: what only a clinician may answer.
        marked: what was said, in stretches.
        terms: drugs, hormones, tests, symptoms and conditions, each once.
        questions: what to ask.
        steps: what to do next.
        assessment: how soon the team should see it, by the rules.
    """

    flags: tuple[Flag, ...]
    doubtful: tuple[Flag, ...]
    refusal: ReadOut | None
    marked: tuple[Marked, ...]
    terms: tuple[Term, ...]
    questions: tuple[Asked, ...]
    steps: tuple[str, ...]
    assessment: Assessment

    @property
    def level(self) -> Level | None:
        """Of the most urgent red flag."""
        return self.flags[0].alarm.level if self.flags else None


def listen(said: str, *, further: Sequence[str], fixed: Fixed, guide: Guide) -> Understood:
    """Read what a caller said.

    Args:
        said: as it was typed; what is marked.
        further: answers and the summary: their red flags count, too.
        fixed: rules and texts.
        guide: steps and questions.
    """
    texts = [said, *further]
    named = fixed.drugs("\n".join(texts))
    heard = [_hear(text, named, fixed, guide) for text in texts]
    alarms = _once(alarm for one in heard for alarm in one.alarms)
    sure = {alarm.reply for alarm in alarms}
    doubtful = [alarm for alarm in _once(alarm for one in heard for alarm in one.doubtful) if alarm.reply not in sure]
    if not alarms and (level := fixed.suspected(said, least=SUSPECTED)):
        doubtful = _once([*doubtful, Alarm(f"{level}_general", level, f"{level}_general", (), (), "the second net")])
    refusals = [_refused(text, fixed, guide) for text in texts]
    refused, here = next(filter(None, refusals), None), refusals[0]
    mentions = [mention for text in texts for mention in fixed.lexicon.find(text)]
    terms = tuple(dict.fromkeys(mention.term for mention in mentions))
    spans = {
        "flag": [span for alarm in heard[0].alarms for span in alarm.spans],
        "refusal": list(here.spans) if here else [],
        "term": [(mention.start, mention.end) for mention in fixed.lexicon.find(said)],
    }
    asked = guide.questions(
        symptoms={term.id for term in terms if term.kind == "symptoms"},
        red_flags=[alarm.rule for alarm in (*alarms, *doubtful)],
        refusals=[refused.id] if refused else [],
    )
    level = alarms[0].level if alarms else None
    return Understood(
        flags=tuple(_flag(alarm, fixed, guide) for alarm in alarms),
        doubtful=tuple(_flag(alarm, fixed, guide) for alarm in doubtful),
        refusal=_refusal(refused.id, said, spans["refusal"], fixed) if refused else None,
        marked=mark(said, spans),
        terms=terms,
        questions=tuple(asked),
        steps=tuple(guide.steps(level or ("refusal" if refused else "none"))),
        assessment=fixed.urgency.assess(level or TELEPHONE),
    )


def _hear(text: str, named: frozenset[str], fixed: Fixed, guide: Guide) -> Heard:
    """Red flags in a text as typed, and as the person whom it is about would have said it; either one counts."""
    typed = red_flags.hear(text, rules=fixed.red_flags, named=named)
    own, places = guide.in_first_person(text)
    told = red_flags.hear(own, rules=fixed.red_flags, named=named) if own != text else Heard()
    alarms = _once([*typed.alarms, *(_as_typed(alarm, text, places) for alarm in told.alarms)])
    sure = {alarm.rule for alarm in alarms}
    return Heard(tuple(alarms), tuple(alarm for alarm in typed.doubtful if alarm.rule not in sure))


def _as_typed(alarm: Alarm, text: str, places: Sequence[int]) -> Alarm:
    """An alarm with the words that staff typed."""
    spans = _back(alarm.spans, places)
    return replace(alarm, spans=spans, words=tuple(text[start:end] for start, end in spans))


def _back(spans: Iterable[tuple[int, int]], places: Sequence[int]) -> tuple[tuple[int, int], ...]:
    return tuple((places[start], places[end - 1] + 1) for start, end in spans)


def _refused(text: str, fixed: Fixed, guide: Guide) -> Found | None:
    """What must be refused in a text as typed, or as the person whom it is about would have said it."""
    own, places = guide.in_first_person(text)
    if typed := fixed.refusals.check(text):
        return typed
    told = fixed.refusals.check(own)
    return Found(told.id, _back(told.spans, places)) if told else None


def _once(alarms: Iterable[Alarm]) -> list[Alarm]:
    """The first alarm of each text, the most urgent first: what two rules found in one sentence is said once."""
    found: dict[str, Alarm] = {}
    for alarm in alarms:
        found.setdefault(alarm.reply, alarm)
    return sorted(found.values(), key=lambda alarm: LEVELS.index(alarm.level))


def _flag(alarm: Alarm, fixed: Fixed, guide: Guide) -> Flag:
    means = next((rule.means for rule in fixed.red_flags.rules if rule.id == alarm.rule), UNNAMED)
    paragraphs = red_flags.render(
        alarm.reply, rules=fixed.red_flags, numbers=fixed.numbers, clinic_phone=fixed.clinic.telephone
    )
    text = fixed.red_flags.replies[alarm.reply]
    said = tuple(guide.read_out(alarm.reply, paragraphs))
    return Flag(alarm, means, ReadOut(f"{text.kind}:{alarm.reply}", text.title, said, alarm.words))


def _refusal(name: str, said: str, spans: Sequence[tuple[int, int]], fixed: Fixed) -> ReadOut:
    paragraphs = fixed.refusals.render(name, clinic_phone=fixed.clinic.telephone)
    words = tuple(said[start:end] for start, end in spans)
    return ReadOut(f"refusal:{name}", fixed.refusals.replies[name].title, tuple(paragraphs), words)


def mark(text: str, spans: dict[str, list[tuple[int, int]]]) -> tuple[Marked, ...]:
    """A text in stretches, each of one kind.

    Args:
        text: as typed.
        spans: [start, end) offsets for each kind; where kinds overlap, the one that stands first wins.
    """
    kinds = [""] * len(text)
    for kind, found in reversed(spans.items()):
        for start, end in found:
            kinds[start:end] = [kind] * (end - start)
    stretches: list[Marked] = []
    begin = 0
    for place in range(1, len(text) + 1):
        if place == len(text) or kinds[place] != kinds[begin]:
            stretches.append(Marked(text[begin:place], kinds[begin]))
            begin = place
    return tuple(stretches)
