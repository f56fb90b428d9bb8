"""Whole conversations of several turns with a running Axis, each turn with what is expected of its reply."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from rich.progress import track

from bot.terminal import console
from evaluation import held_out
from evaluation.asking import sort
from evaluation.figures import Share
from evaluation.markdown import bullets, quoted, section, table
from evaluation.running import Patient


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Turn(_Strict):
    """What a patient says, and what is expected of the reply.

    Attributes:
        sort: the alarm or the kind that the reply should have; several where more than one is right.
        topics: texts that must be shown; alternatives are separated by `|`.
        level: at which the texts must be shown.
    """

    say: str
    sort: list[str] = Field(min_length=1)
    topics: list[str] = []
    level: str | None = None


class Conversation(_Strict):
    """One conversation of 3 to 7 turns, and what it puts to the test."""

    name: str
    about: str
    turns: list[Turn] = Field(min_length=3, max_length=7)


@dataclass(frozen=True, slots=True)
class Answered:
    """One turn and what is wrong with its reply, in words; empty if nothing is."""

    conversation: Conversation
    number: int
    wrong: str

    @property
    def said(self) -> str:
        """The patient's words."""
        return self.conversation.turns[self.number].say


def read() -> list[Conversation]:
    """The conversations of dialogues.yml."""
    return [Conversation.model_validate(one) for one in held_out.read("dialogues")]


def wrong(turn: Turn, message: Mapping[str, Any]) -> str:
    """What differs between a reply and what was expected; nothing if it fits."""
    found = sort(message)
    shown = {one["topic"]: one["level"] for one in message["provenance"] if ":" not in one["topic"]}
    faults = [] if found in turn.sort else [f"{found} instead of {' or '.join(turn.sort)}"]
    for wanted in turn.topics:
        if not set(wanted.split("|")) & set(shown):
            faults.append(f"{wanted} not shown, but {', '.join(shown) or 'no topic'}")
    if turn.level and not faults and set(shown.values()) != {turn.level}:
        faults.append(f"at level {', '.join(sorted(set(shown.values())))} instead of {turn.level}")
    return "; ".join(faults)


def hold(url: str, conversation: Conversation) -> list[Answered]:
    """Have one conversation."""
    patient = Patient(url)
    return [
        Answered(conversation, number, wrong(turn, patient.say(turn.say)))
        for number, turn in enumerate(conversation.turns)
    ]


def report(url: str) -> str:
    """The section on conversations."""
    held = [
        hold(url, one) for one in track(read(), description="conversations", console=console)
    ]  # fmt: skip
    kinds = list(dict.fromkeys(one[0].conversation.about for one in held))
    rows = [_row(kind, [one for one in held if one[0].conversation.about == kind]) for kind in kinds]
    lines = (
        f"{one.conversation.name}, turn {one.number + 1}: {quoted(one.said)} — {one.wrong}"
        for turns in held
        for one in turns
        if one.wrong
    )
    return section(
        "5. Conversations of several turns",
        "`dialogues.yml`, written from the design before Axis was asked.",
        table(("about", "turns that are as expected", "whole conversations"), [*rows, _row("all", held)]),
        section("Every turn that differs", bullets(lines), depth=3),
    )


def _row(name: str, held: Sequence[Sequence[Answered]]) -> tuple[object, ...]:
    turns = Share.among(not one.wrong for turns in held for one in turns)
    return name, turns, Share.among(all(not one.wrong for one in turns) for turns in held)
