"""From the files of data/<language> to drafts for the store: topics, and the fixed texts of safety."""

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from bot.content import readability, topic
from bot.content.blocks import Paragraph, Text
from bot.content.store import Draft
from bot.content.topic import Level, Topic
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


class Reference(BaseModel):
    """An entry of the bibliography. `checked_by` is empty until a person has opened the source."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    authors: str
    title: str
    in_: str
    year: int
    doi: str | None = None
    checked_by: str | None = None
    checked_on: str | None = None

    def citation(self) -> str:
        """As a reader sees it."""
        doi = f" doi:{self.doi}" if self.doi else ""
        checked_note = "" if self.checked_by else " [not yet checked by a reviewer]"
        return f"{self.authors.rstrip('.')}. {self.title}. {self.in_}. {self.year}.{doi}{checked_note}"


def read_references(path: Path) -> dict[str, Reference]:
    """The bibliography by id.

    Raises:
        DataError: it is missing or an entry does not fit.
    """
    entries = read_yaml(path)["references"]
    renamed = {name: {("in_" if k == "in" else k): v for k, v in entry.items()} for name, entry in entries.items()}
    return {name: checked(Reference, entry, path=path, what=name) for name, entry in renamed.items()}


def read_topics(folder: Path) -> list[tuple[Path, Topic]]:
    """Every topic of a language, by file name.

    Args:
        folder: data/<language>.

    Raises:
        DataError: a file is wrong.
    """
    return [(path, topic.read(path)) for path in sorted((folder / "topics").glob("*.md"))]


def read_drafts(folder: Path, *, lexicon: Lexicon, closings: Iterable[str]) -> list[Draft]:
    """Every topic of a language as a draft for the store, once all of them pass.

    Args:
        folder: data/<language>.
        lexicon: whose terms the topics may name.
        closings: ids that a topic may close with.

    Raises:
        DataError: a file is wrong; none is imported then.
    """
    references = read_references(folder / "references.yml")
    topics = read_topics(folder)
    problems = lint(topics, references=references, lexicon=lexicon, closings=closings)
    if problems:
        raise problems[0]
    return [_draft(one, references) for _, one in topics]


def lint(
    topics: list[tuple[Path, Topic]], *, references: dict[str, Reference], lexicon: Lexicon, closings: Iterable[str]
) -> list[DataError]:
    """What is wrong with the topics, apart from what keeps a file from being read."""
    known = {one.head.id for _, one in topics}
    owners = Counter(question.lower() for _, one in topics for question in one.head.asked_as)
    words = familiar(lexicon)
    problems = []
    for path, one in topics:
        reasons = [
            *_unknown_names(one, known=known, references=references, lexicon=lexicon, closings=set(closings)),
            *(f"asked_as: {q!r} stands more than once" for q in one.head.asked_as if owners[q.lower()] > 1),
            *_wording(one, words),
        ]
        problems += [DataError(reason, path=path) for reason in reasons]
    return problems


def _unknown_names(
    one: Topic, *, known: set[str], references: dict[str, Reference], lexicon: Lexicon, closings: set[str]
) -> Iterable[str]:
    head = one.head
    for kind in ("drugs", "hormones", "labs", "symptoms", "conditions"):
        terms = {term.id for term in lexicon.terms(kind)}
        yield from (f"{kind}: the lexicon has no {name!r}" for name in getattr(head, kind) if name not in terms)
    if head.closing not in closings:
        yield f"closing: there is no closing {head.closing!r}"
    yield from (f"related: there is no topic {name!r}" for name in head.related if name not in known)
    for evidence in head.evidence:
        yield from (f"evidence: there is no reference {n!r}" for n in evidence.references if n not in references)


def familiar(lexicon: Lexicon) -> frozenset[str]:
    """Names that a patient came with: they count as easy words."""
    names = [lexicon[term.id].name for kind in ("drugs", "hormones") for term in lexicon.terms(kind)]
    everyday = "clinician clinicians fertility medicine medicines treatment treatments pituitary hypothalamus estrogen"
    return frozenset(word for name in names for word in name.lower().split()) | frozenset(everyday.split())


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
    if sizes[1] < sizes[0] or sizes[2] < sizes[0]:
        yield f"a level says less than the plain one (words: {sizes})"


def _draft(one: Topic, references: dict[str, Reference]) -> Draft:
    head = one.head
    cited = dict.fromkeys(name for evidence in head.evidence for name in evidence.references)
    return Draft(
        id=head.id,
        title=head.title,
        button=head.button,
        kind=head.kind,
        closing=head.closing,
        author=head.author,
        texts=one.texts,
        tags=(*head.drugs, *head.hormones, *head.labs, *head.symptoms, *head.conditions),
        drugs=tuple(head.drugs),
        audience=tuple(head.audience),
        questions=tuple(head.asked_as),
        related=tuple(head.related),
        sources=tuple(references[name].citation() for name in cited),
        evidence=tuple(evidence.model_dump() for evidence in head.evidence),
        for_reviewer=tuple(head.for_reviewer),
    )


def fixed_draft(name: str, *, title: str, kind: str, closing: str, paragraphs: Iterable[str]) -> Draft:
    """A fixed text of safety as a draft, so that it is reviewed and traced like any other.

    Args:
        name: its id in the store, such as `refusal:dose`.
        title: of the text.
        kind: closing, emergency, crisis, urgent, refusal or fallback.
        closing: id of its closing.
        paragraphs: its words, with the names in braces that are filled in when it is said.
    """
    texts = {Level.PLAIN: Text(blocks=[Paragraph(part) for part in paragraphs])}
    return Draft(
        id=name, title=title, button=title[:40], kind=kind, closing=closing, author="Axis editors", texts=texts
    )
