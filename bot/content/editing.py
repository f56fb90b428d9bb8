"""A topic's Markdown that somebody writes at the desk: checked as the import checks a file. Pure."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.content import figures, lint, readability, topic
from bot.content.figures import Plan
from bot.content.files import Reference, as_draft
from bot.content.lint import Company, House
from bot.content.places import line_of
from bot.content.readability import Readability
from bot.content.store import Draft
from bot.content.topic import Level, Topic
from bot.datafile import dump_yaml
from bot.errors import DataError
from bot.translation import gettext as _

_AUTHOR = re.compile(r"^author:.*$", re.MULTILINE)

Asking = Callable[[str, Iterable[str], Iterable[tuple[str, str, str]]], Company]
"""Gives what a check needs of all topics, for a topic with these ways of asking and facts."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What a topic of this language is checked by."""

    house: House
    references: Mapping[str, Reference]
    plan: Plan


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that keeps a text from being saved, and the line that it is about."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What came out of reading a topic's Markdown.

    Attributes:
        topic: None if it could not be read.
        draft: ready to be saved; None if there is any problem.
        ages: how hard each level is to read.
    """

    topic: Topic | None
    draft: Draft | None
    problems: tuple[Problem, ...]
    ages: Mapping[Level, Readability]


def check(source: str, topic_id: str, *, rules: Rules, company: Asking) -> Checked:
    """Read a topic's Markdown and find everything that is wrong with it.

    Args:
        source: the Markdown.
        topic_id: the topic that it must be of.
        rules: what it is checked by.
        company: what the other topics hold.
    """
    path = Path(f"{topic_id}.md")
    try:
        one = topic.parse(source, path=path)
    except DataError as error:
        return Checked(None, None, (Problem(error.line or line_of(source, error.reason), error.reason),), {})
    head = one.head
    others = company(topic_id, head.asked_as, head.facts)
    reasons = (
        [_("id: this is the topic {topic_id}; a new topic begins as a file").format(topic_id=topic_id)]
        if head.id != topic_id
        else []
    )
    reasons += lint.faults(one, others, rules.house)
    stated = {place: next(iter(values)) for place, values in others.stated.items()}
    try:
        one = figures.drawn(one, stated, rules.plan, path)
    except DataError as error:
        reasons.append(error.reason)
    problems = tuple(sorted((Problem(line_of(source, reason), reason) for reason in reasons), key=lambda p: p.line))
    draft = None if problems else as_draft(one, rules.references)
    return Checked(one, draft, problems, ages(one.texts, rules.house))


def ages(texts: Mapping[Level, object], house: House) -> dict[Level, Readability]:
    """How hard each level of a text is to read."""
    known = lint.familiar(house.lexicon)
    return {level: readability.measure(str(text), known=known) for level, text in texts.items()}


def with_author(source: str, name: str) -> str:
    """The Markdown with another author in its head."""
    line = dump_yaml({"author": name}).strip()
    return _AUTHOR.sub(lambda _match: line, source, count=1)
