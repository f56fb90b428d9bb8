"""How well danger is found: phrases of other authors to a running Axis, and what is left of it with Rasa stopped."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.conversation.fixed import SUSPECTED, Fixed
from evaluation import drawing, held_out
from evaluation.asking import alarm, ask
from evaluation.figures import Share
from evaluation.markdown import bullets, picture, quoted, section, table

DANGERS = ("emergency", "crisis", "urgent")
HARMLESS = "harmless"
NEAR = "about a danger"
FILES = ("safety", *(f"safety-{letter}" for letter in "bcdefghijklmnopqrstu"))
SCOPES = ("scope", "scope-b", "scope-m")
PRESENT = frozenset({"present", "other_present"})
"""Scopes that must raise an alarm."""
GENERAL = frozenset({"emergency_general", "crisis_general", "urgent_general"})
"""The texts that are said when the second net, and no rule, found something."""


@dataclass(frozen=True, slots=True)
class Raised:
    """One phrase, and what it raised.

    Attributes:
        source: its file.
        wanted: emergency, crisis, urgent or harmless; for scope.yml what stands there.
        without_rasa: the alarm of the rules and the spare net at the edge, or nothing.
        found: the alarm that the patient saw, or nothing.
        cause: what raised it.
    """

    source: str
    wanted: str
    text: str
    without_rasa: str
    found: str
    cause: str


def raised(source: str, wanted: str, text: str, message: Mapping[str, Any], *, fixed: Fixed) -> Raised:
    """What one phrase raised, with Rasa stopped and in the end."""
    by_rules = fixed.alarm(text)
    level = by_rules.level if by_rules else fixed.suspected(text, least=SUSPECTED)
    if by_rules:
        doubted = "" if alarm(message) else ", which both nets doubted"
        cause = f"rule `{by_rules.rule}` ({', '.join(by_rules.words)}){doubted}"
    elif _texts(message) & GENERAL:
        cause = "second net"
    else:
        cause = "another rule" if alarm(message) else "nothing"
    return Raised(source, wanted, text, str(level or ""), alarm(message), cause)


def _texts(message: Mapping[str, Any]) -> set[str]:
    return {one["topic"].partition(":")[2] for one in message["provenance"]}


def recall(found: Sequence[Raised], wanted: str) -> tuple[Share, Share]:
    """Of phrases of one kind the share that raises any alarm: with Rasa stopped, and in the end."""
    kind = [one for one in found if one.wanted == wanted]
    return Share.among(bool(one.without_rasa) for one in kind), Share.among(bool(one.found) for one in kind)


def ask_all(url: str, fixed: Fixed, phrases: Sequence[tuple[str, str, str]], *, what: str) -> list[Raised]:
    """Ask Axis each phrase.

    Args:
        url: of a running Axis.
        fixed: has the rules.
        phrases: file, what is wanted, text.
        what: they are, for the line of progress.
    """
    replies = ask(url, [text for _, _, text in phrases], what=what)
    return [
        raised(source, wanted, text, message, fixed=fixed)
        for (source, wanted, text), message in zip(phrases, replies, strict=True)
    ]


def report(folder: Path, url: str, fixed: Fixed) -> str:
    """The section on safety, and its figure."""
    dangers = [(name, wanted, text) for name in FILES for wanted, text in held_out.flat(name)]
    found = ask_all(url, fixed, dangers, what="safety phrases")
    ordinary = [(name, HARMLESS, text) for name, text in held_out.ordinary()]
    asked = ask_all(url, fixed, ordinary, what="ordinary questions")
    near = [(name, NEAR, text) for name, text in held_out.about_danger()]
    asked += ask_all(url, fixed, near, what="questions about a danger")
    scope = [(name, one["scope"], one["text"]) for name in SCOPES for one in held_out.read(name)]
    scoped = ask_all(url, fixed, scope, what="sentences on scope")
    drawing.shares(
        folder / "safety.png", _rows(found, asked), first="Rasa stopped", second="all of Axis"
    )  # fmt: skip
    return section(
        "2. Safety: is danger found, and what is taken for danger",
        "Each phrase opens a conversation with a running Axis. *Rasa stopped*: what rules and the spare net find.",
        _recall(found),
        _false_alarms(found, asked),
        picture("safety.png", "Shares that raise an alarm, as in the two tables"),
        _scope(scoped),
        _lists(found, asked, scoped),
    )


def _recall(found: Sequence[Raised]) -> str:
    rows = []
    for name in FILES:
        for wanted in DANGERS:
            kind = [one for one in found if one.source == name and one.wanted == wanted]
            rows.append((name, wanted, *recall(kind, wanted), Share.among(one.found == wanted for one in kind)))
    head = ("file", "kind", "any alarm, Rasa stopped", "any alarm", "the alarm of this very kind")
    return section("Recall", table(head, rows), depth=3)


def _false_alarms(found: Sequence[Raised], asked: Sequence[Raised]) -> str:
    sets = [(f"{name}, harmless that share words", [one for one in found if one.source == name]) for name in FILES]
    sets += [(f"{name}, ordinary", [one for one in asked if one.source == name]) for name in _sources(asked)]
    sets.append(("all ordinary", list(asked)))
    rows = [(name, *recall(kind, HARMLESS), _levels(kind)) for name, kind in sets]
    head = ("messages without danger", "alarm, Rasa stopped", "alarm", "of these")
    near = "Left out above are questions for topics whose very subject is a red flag; some deserve an alarm. Of them "
    return section("False alarms", table(head, rows), f"{near}{recall(asked, NEAR)[1]} raise one.", depth=3)


def _levels(kind: Sequence[Raised]) -> str:
    counts = Counter(one.found for one in kind if one.found and one.wanted == HARMLESS)
    return ", ".join(f"{count} {level}" for level, count in counts.most_common()) or "none"


def _sources(found: Sequence[Raised]) -> list[str]:
    return list(dict.fromkeys(one.source for one in found))


def _rows(found: Sequence[Raised], asked: Sequence[Raised]) -> list[tuple[str, Share, Share]]:
    rows = [
        (f"{wanted}, {name}", *recall([one for one in found if one.source == name], wanted))
        for name in FILES
        for wanted in (*DANGERS, HARMLESS)
    ]
    return [*rows, ("ordinary questions", *recall(asked, HARMLESS))]


def _scope(scoped: Sequence[Raised]) -> str:
    rows = []
    for kind in dict.fromkeys(one.wanted for one in scoped):
        wanted = "alarm" if kind in PRESENT else "none"
        rows.append((kind, wanted, *recall(scoped, kind)))
    right = Share.among(bool(one.found) == (one.wanted in PRESENT) for one in scoped)
    head = ("scope", "wanted", "raises an alarm, Rasa stopped", "raises an alarm")
    title = "Negation, past, others, questions (`scope.yml`, `scope-b.yml`, `scope-m.yml`)"
    return section(title, table(head, rows), f"Right in all: {right}.", depth=3)


def _lists(found: Sequence[Raised], asked: Sequence[Raised], scoped: Sequence[Raised]) -> str:
    every = [*found, *asked]
    missed = [one for one in every if one.wanted in DANGERS and not one.found]
    missed_scope = [one for one in scoped if one.wanted in PRESENT and not one.found]
    other = [one for one in every if one.wanted in DANGERS and one.found not in ("", one.wanted)]
    false = [one for one in every if one.wanted == HARMLESS and one.found]
    near = [one for one in every if one.wanted == NEAR and one.found]
    false_scope = [one for one in scoped if one.wanted not in PRESENT and one.found]
    return "\n\n".join(
        section(f"{title} ({len(kind)})", bullets(_line(one) for one in kind), depth=3)
        for title, kind in (
            ("Every miss", missed),
            ("Every miss among the sentences on scope", missed_scope),
            ("Every alarm of another level than wanted", other),
            ("Every false alarm", false),
            ("Every alarm of a question about a danger", near),
            ("Every false alarm among the sentences on scope", false_scope),
        )
    )


def _line(one: Raised) -> str:
    return f"{one.source}, {one.wanted}: {quoted(one.text)} — {one.found or 'no alarm'}, raised by {one.cause}"
