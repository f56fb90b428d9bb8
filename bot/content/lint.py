"""What is wrong with the texts of a language: names, wording, facts that disagree, links, ways of asking. Pure.

`axis content lint` prints it, the import refuses what fails, and the tests hold it.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from pydantic import BaseModel, ConfigDict

from bot.content import readability
from bot.content.topic import Fact, Level, Topic
from bot.datafile import checked, read_yaml
from bot.errors import DataError
from bot.lexicon import Lexicon

OLDEST_PLAIN_READER = 13.0
"""Reading age in years that no plain text may exceed. Source: shared design, section 7."""

FORBIDDEN = re.compile(
    r"\b(safe|safely|guarantee\w*|cure[sd]?|best|optimi[sz]\w+|reclaim|vitality|bioidentical)\b", re.IGNORECASE
)
"""Words of promise and of marketing."""

DOSE = re.compile(
    r"\b\d[\d.,]*\s*(mg|mcg|µg|micrograms?|milligrams?|iu|units?|ml|tablets?|ng/dl|nmol/l|pg/ml|miu/ml)\b",
    re.IGNORECASE,
)
"""An amount that a reader could take for a dose, or a laboratory value that they could judge themselves by."""

LINK = re.compile(r"\]\(\s*(?!https?://)\S+|\b(?!https?:)[a-z][a-z0-9+.-]*://|\b(?:javascript|data):", re.IGNORECASE)
"""A link that is not http or https."""


class Facts(BaseModel):
    """The words in which topics state facts (data/<language>/facts.yml).

    Attributes:
        subjects: what facts may be about, beside the terms of the lexicon.
        named_by: for a group such as serm the terms of which one in the evidence speaks for the group.
        relations: for each relation the values that it may have.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    subjects: frozenset[str]
    named_by: dict[str, frozenset[str]]
    relations: dict[str, frozenset[str]]

    @classmethod
    def load(cls, path: Path) -> "Facts":
        """Read the vocabulary.

        Raises:
            DataError: it is missing or does not fit.
        """
        return checked(cls, read_yaml(path), path=path, what="facts")


@dataclass(frozen=True, slots=True)
class House:
    """What the topics of a language may name.

    Attributes:
        references: ids of the bibliography.
        closings: ids of the closings.
    """

    lexicon: Lexicon
    facts: Facts
    references: frozenset[str]
    closings: frozenset[str]


@dataclass(frozen=True, slots=True)
class Company:
    """What of all topics a check of one needs; the one that is checked belongs to it.

    Attributes:
        topics: their ids.
        asked: how often each way of asking stands in them, in lower case.
        stated: for each subject and relation the values that are stated, each with the topics that state it.
    """

    topics: frozenset[str]
    asked: Mapping[str, int]
    stated: Mapping[tuple[str, str], Mapping[str, list[str]]]


def lint(topics: list[tuple[Path, Topic]], house: House) -> list[DataError]:
    """What is wrong with the topics, apart from what keeps a file from being read."""
    company = Company(
        topics=frozenset(one.head.id for _, one in topics),
        asked=Counter(question.lower() for _, one in topics for question in one.head.asked_as),
        stated=stated_facts((one.head.id, one.head.facts) for _, one in topics),
    )
    return [DataError(reason, path=path) for path, one in topics for reason in faults(one, company, house)]


def faults(one: Topic, company: Company, house: House) -> list[str]:
    """What is wrong with one topic among the others; each fault begins with the field or the level that it is in."""
    twice = (question for question in one.head.asked_as if company.asked[question.lower()] > 1)
    return [
        *_unknown_names(one, known=company.topics, house=house),
        *(f"asked_as: {question!r} stands more than once" for question in twice),
        *_wording(one, familiar(house.lexicon)),
        *_facts(one, company.stated, house),
    ]


def stated_facts(
    topics: Iterable[tuple[str, Iterable[tuple[str, str, str]]]],
) -> Mapping[tuple[str, str], Mapping[str, list[str]]]:
    """For each subject and relation the values that are stated, each with the topics that state it."""
    stated: dict[tuple[str, str], dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for topic_id, facts in topics:
        for subject, relation, value in facts:
            stated[subject, relation][value].append(topic_id)
    return stated


def median_ages(topics: Iterable[Topic], lexicon: Lexicon) -> dict[Level, float]:
    """The median reading age of each level, in years."""
    words, all_topics = familiar(lexicon), list(topics)
    return {
        level: median(readability.measure(str(one.texts[level]), known=words).age for one in all_topics)
        for level in Level
    }


def familiar(lexicon: Lexicon) -> frozenset[str]:
    """Names that a patient came with: they count as easy words."""
    names = [lexicon[term.id].name for kind in ("drugs", "hormones") for term in lexicon.terms(kind)]
    everyday = "clinician clinicians fertility medicine medicines treatment treatments pituitary hypothalamus estrogen"
    return frozenset(word for name in names for word in name.lower().split()) | frozenset(everyday.split())


def _unknown_names(one: Topic, *, known: frozenset[str], house: House) -> Iterable[str]:
    head = one.head
    for kind in ("drugs", "hormones", "labs", "symptoms", "conditions"):
        terms = {term.id for term in house.lexicon.terms(kind)}
        yield from (f"{kind}: the lexicon has no {name!r}" for name in getattr(head, kind) if name not in terms)
    if head.closing not in house.closings:
        yield f"closing: there is no closing {head.closing!r}"
    yield from (f"related: there is no topic {name!r}" for name in head.related if name not in known)
    for evidence in head.evidence:
        yield from (f"evidence: there is no reference {n!r}" for n in evidence.references if n not in house.references)


def _facts(one: Topic, stated: Mapping[tuple[str, str], Mapping[str, list[str]]], house: House) -> Iterable[str]:
    """Facts outside the vocabulary, facts that another topic contradicts, facts that no evidence speaks of."""
    spoken = {mention.term.id for evidence in one.head.evidence for mention in house.lexicon.find(evidence.fact)}
    for fact in one.head.facts:
        if fact.subject not in house.lexicon and fact.subject not in house.facts.subjects:
            yield f"facts: {fact.subject!r} is neither a term of the lexicon nor a subject of facts.yml"
        if fact.value not in house.facts.relations.get(fact.relation, frozenset()):
            yield f"facts: facts.yml does not know {fact.relation!r} with the value {fact.value!r}"
        for value, others in stated[fact.subject, fact.relation].items():
            if value != fact.value:
                yield f"facts: {_say(fact)}, but {others[0]} says {value!r}"
        if not _names(fact, house) & spoken:
            yield f"facts: no evidence speaks of {_say(fact)}"


def _say(fact: Fact) -> str:
    return f"{fact.subject} {fact.relation} {fact.value!r}"


def _names(fact: Fact, house: House) -> set[str]:
    """Terms of which one must stand in the evidence: the subject or one of its group, or what the value names."""
    words = f"{fact.subject} {fact.value}".replace("_", " ")
    named = {mention.term.id for mention in house.lexicon.find(words)}
    return {fact.subject} | house.facts.named_by.get(fact.subject, frozenset()) | named


def _wording(one: Topic, familiar: frozenset[str]) -> Iterable[str]:
    sizes = []
    for level in Level:
        text = str(one.texts[level])
        measured = readability.measure(text, known=familiar)
        sizes.append(measured.words)
        if level is Level.PLAIN and measured.age > OLDEST_PLAIN_READER:
            yield f"plain: reading age {measured.age}, at most {OLDEST_PLAIN_READER}"
        yield from (f"{level}: the word {found[0]!r} promises or sells" for found in FORBIDDEN.finditer(text))
        yield from (f"{level}: {found[0]!r} may be read as a dose or a limit" for found in DOSE.finditer(text))
        yield from (f"{level}: {found[0]!r} is not a link that may be followed" for found in LINK.finditer(text))
    if sizes[1] < sizes[0] or sizes[2] < sizes[0]:
        yield f"a level says less than the plain one (words: {sizes})"
