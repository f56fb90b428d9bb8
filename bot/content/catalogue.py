"""What may be said today: the texts that the store serves, ready to be shown, held in memory. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from bot.content.blocks import Text
from bot.content.topic import Level


@dataclass(frozen=True, slots=True)
class Served:
    """One topic's revision, the one that may be served, or the one that waits for its review.

    Attributes:
        topic: the topic's id.
        revision: the revision's number within its topic, counted from 1.
        hashes: for each level the SHA-256 of its text as `Text` renders it.
        sources: the references as citations.
        reviewed_by: None where no clinician has approved it; then a demonstration says so.
    """

    topic: str
    revision: int
    title: str
    button: str
    kind: str
    closing: str
    texts: Mapping[Level, Text]
    hashes: Mapping[Level, str]
    tags: frozenset[str] = frozenset()
    drugs: frozenset[str] = frozenset()
    audience: frozenset[str] = frozenset()
    questions: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    reviewed_by: str | None = None
    reviewed_on: date | None = None
    review_due: date | None = None


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All topics that may be served, and those that exist but may not.

    Attributes:
        version: changes whenever the store does.
        withheld: topics whose text is not approved or whose review date has passed; they can be found, so that the
            patient is told, but their text is not shown.
    """

    version: str
    served: Mapping[str, Served] = field(default_factory=dict)
    withheld: Mapping[str, Served] = field(default_factory=dict)
