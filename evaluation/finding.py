"""How well questions find their topic: the search alone, and what a patient gets in the end."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.progress import track

from actions.shop import Shop
from bot.content.search import CHOICES, Question
from bot.terminal import console
from evaluation import held_out
from evaluation.asking import SAFETY, ask, sort
from evaluation.figures import Share
from evaluation.markdown import bullets, quoted, section, table

FILES = held_out.TOPICS


@dataclass(frozen=True, slots=True)
class Asked:
    """One question.

    Attributes:
        source: its file.
        topic: that it asks for.
        ranked: the topics that the search puts first, by its own.
        seen: whether it stands word for word among the ways of asking.
        sort: of the reply that the patient got.
        shown: topics whose text was shown.
        offered: topics that stood among the buttons.
    """

    source: str
    topic: str
    text: str
    ranked: tuple[str, ...]
    seen: bool
    sort: str
    shown: frozenset[str]
    offered: frozenset[str]

    @property
    def outcome(self) -> str:
        """What the patient got, in the words of the table."""
        if self.sort in SAFETY:
            return "alarm"
        if self.sort == "answer":
            return "answer with the right text" if self.topic in self.shown else "answer with another text"
        if self.sort == "clarification":
            offered = self.topic in self.offered
            return "asked back, the right one offered" if offered else "asked back without the right one"
        return self.sort


def ranked(shop: Shop, text: str) -> tuple[str, ...]:
    """The topics that the search puts first, without any intent."""
    terms = [mention.term for mention in shop.fixed.lexicon.find(text)]
    named = frozenset(term.id for term in terms)
    drugs = frozenset(term.id for term in terms if term.kind == "drugs")
    matches = shop.rank(Question(text=text, vector=shop.encoder.encode([text]), terms=named, drugs=drugs))
    return tuple(match.topic.topic for match in matches[:CHOICES])


def asked(source: str, topic: str, text: str, message: Mapping[str, Any], *, shop: Shop, ways: set[str]) -> Asked:
    """One question with what the search and the running Axis made of it."""
    buttons = {one.button: one.topic for one in shop.catalogue.served.values()}
    return Asked(
        source,
        topic,
        text,
        ranked(shop, text),
        held_out.same(text) in ways,
        sort(message),
        frozenset(one["topic"] for one in message["provenance"]),
        frozenset(buttons[one["title"]] for one in message["choices"] if one["title"] in buttons),
    )


def report(url: str, shop: Shop) -> str:
    """The section on search."""
    questions = [(name, topic, text) for name in FILES for topic, text in held_out.flat(name)]
    replies = ask(url, [text for _, _, text in questions], what="questions")
    ways = {held_out.same(way) for topic in shop.catalogue.served.values() for way in topic.questions}
    pairs = list(zip(questions, replies, strict=True))
    found = [
        asked(*question, message, shop=shop, ways=ways)
        for question, message in track(pairs, description="search alone", console=console)
    ]
    outside = held_out.read("outside")
    strange = [sort(message) for message in ask(url, outside, what="out of scope")]
    return section(
        "3. Search: does a question get its text",
        _alone(found),
        _in_the_end(found),
        section("Messages out of scope (`outside.yml`)", table(*_sorts(strange)), depth=3),
        _misses(found),
    )


def _alone(found: Sequence[Asked]) -> str:
    rows = []
    for name in FILES:
        new = [one for one in found if one.source == name and not one.seen]
        first = Share.among(one.topic == one.ranked[0] for one in new)
        rows.append((name, first, Share.among(one.topic in one.ranked for one in new)))
    head = ("questions that are no way of asking word for word", "first", "among four")
    return section("The search alone, without an intent", table(head, rows), depth=3)


def _in_the_end(found: Sequence[Asked]) -> str:
    outcomes = [name for name, _ in Counter(one.outcome for one in found).most_common()]
    rows = [
        (outcome, *(Share.among(one.outcome == outcome for one in found if one.source == name) for name in FILES))
        for outcome in outcomes
    ]
    note = (
        "A refusal or an alarm is not always wrong: questions on doses, stopping, results or sudden pain may deserve "
        "one. The list below shows each."
    )
    return section("What a patient gets in the end", table(("reply", *FILES), rows), note, depth=3)


def _sorts(sorts: Sequence[str]) -> tuple[tuple[str, str], list[tuple[str, Share]]]:
    counts = Counter(sorts).most_common()
    return ("reply", "share"), [(name, Share(count, len(sorts))) for name, count in counts]


def _misses(found: Sequence[Asked]) -> str:
    wrong = [one for one in found if not one.outcome.endswith(("right text", "right one offered"))]
    lines = (
        f"{one.source}, {one.topic}: {quoted(one.text)} — {one.outcome} {', '.join(sorted(one.shown))}".strip()
        for one in wrong
    )
    return section(f"Every question that did not get its text or its button ({len(wrong)})", bullets(lines), depth=3)
