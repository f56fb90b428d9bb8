"""From the files of data/<language> to drafts for the store: topics, and the fixed texts of safety."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from bot.content import glossary, topic
from bot.content.blocks import Paragraph, Text
from bot.content.figures import Plan, draw_all
from bot.content.lint import Facts, House, lint
from bot.content.store import Draft
from bot.content.topic import Level, Topic
from bot.datafile import checked, read_yaml
from bot.lexicon import Lexicon


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
    """Every topic of a language with its drawings, by file name.

    Args:
        folder: data/<language>.

    Raises:
        DataError: a file is wrong.
    """
    topics = [(path, topic.read(path)) for path in sorted((folder / "topics").glob("*.md"))]
    return draw_all(topics, Plan.load(folder / "figures.yml"))


def read_house(folder: Path, *, lexicon: Lexicon, closings: Iterable[str]) -> House:
    """What the topics of a language may name.

    Raises:
        DataError: the bibliography or the vocabulary of facts is wrong.
    """
    return House(
        lexicon=lexicon,
        facts=Facts.load(folder / "facts.yml"),
        references=frozenset(read_references(folder / "references.yml")),
        closings=frozenset(closings),
    )


def read_drafts(folder: Path, *, lexicon: Lexicon, closings: Iterable[str]) -> list[Draft]:
    """Every topic and every word of the glossary as a draft for the store, once all of them pass.

    Args:
        folder: data/<language>.
        lexicon: whose terms the topics may name.
        closings: ids that a topic may close with.

    Raises:
        DataError: a file is wrong; none is imported then.
    """
    topics = read_topics(folder)
    problems = lint(topics, read_house(folder, lexicon=lexicon, closings=closings))
    words, known = glossary.read(folder / "glossary.yml"), [one.head.id for _, one in topics]
    problems += glossary.lint(words, topics=known, path=folder / "glossary.yml")
    if problems:
        raise problems[0]
    references = read_references(folder / "references.yml")
    return [*(as_draft(one, references) for _, one in topics), *glossary.drafts(words)]


def as_draft(one: Topic, references: Mapping[str, Reference]) -> Draft:
    """A topic, once it has passed, as the store takes it."""
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
        source=one.source,
        facts=tuple(head.facts),
    )


def fixed_draft(name: str, *, title: str, kind: str, closing: str, paragraphs: Iterable[str]) -> Draft:
    """A fixed text of safety as a draft, so that it is reviewed and traced like any other.

    Args:
        name: its id in the store, such as `refusal:dose`.
        title: of the text.
        kind: closing, emergency, crisis, urgent, refusal, fallback or words.
        closing: id of its closing.
        paragraphs: its words, with the names in braces that are filled in when it is said.
    """
    texts = {Level.PLAIN: Text(blocks=[Paragraph(part) for part in paragraphs])}
    return Draft(
        id=name, title=title, button=title[:40], kind=kind, closing=closing, author="Axis editors", texts=texts
    )
