"""A sheet to take to a visit: what was asked and read, what was told, and questions for the clinician. Pure.

It is made from the conversation alone and says nothing medical of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.conversation.fixed import Fixed
from bot.conversation.message import Kind, Message, Role
from bot.conversation.noted import Noted

OPEN = frozenset({Kind.REFUSAL, Kind.FALLBACK, Kind.CLARIFICATION})
"""Replies after which a question is still one for the clinician."""
MOST = 12
"""Lines of each part: the sheet is one page."""
LONGEST_LINE = 160


@dataclass(frozen=True, slots=True)
class Sheet:
    """The parts of the sheet, each a list of lines; an empty one is left out."""

    told: tuple[str, ...]
    asked: tuple[str, ...]
    read: tuple[str, ...]
    questions: tuple[str, ...]


def sheet(messages: Sequence[Message], fixed: Fixed) -> Sheet:
    """The sheet of a conversation.

    Args:
        messages: of the conversation, in order.
        fixed: hears what was told, and has the words.
    """
    offered: set[str] = set()
    asked: list[str] = []
    unanswered: list[str] = []
    read: list[str] = []
    texts: list[str] = []
    last = ""
    for message in messages:
        if message.role is Role.PATIENT:
            last = "" if message.text in offered else message.text
            texts += [last] if last else []
        elif message.role is Role.ASSISTANT:
            offered |= {choice.title for choice in message.choices}
            read += [one.title for one in message.provenance if ":" not in one.topic]
            if last and message.kind in (OPEN | {Kind.ANSWER}):
                (unanswered if message.kind in OPEN else asked).append(_line(last))
            last = ""
    general = fixed.words.paragraphs("visit_questions")
    return Sheet(
        told=tuple(_told(fixed.ears.listen_to_all(texts), fixed))[:MOST],
        asked=tuple(dict.fromkeys(asked))[:MOST],
        read=tuple(dict.fromkeys(read))[:MOST],
        questions=(*tuple(dict.fromkeys(unanswered))[:MOST], *general),
    )


def as_text(made: Sheet, fixed: Fixed, *, now: datetime) -> str:
    """The sheet as plain text, to print or to hand over.

    Args:
        made: the sheet.
        fixed: has the words.
        now: the present instant.
    """
    words = fixed.words
    parts = [f"{words.phrase('visit_title')}\n{fixed.clinic.name}, {now:%d %b %Y}"]
    for name in ("told", "asked", "read", "questions"):
        if lines := getattr(made, name):
            parts.append(
                "\n".join(
                    [
                        words.phrase("visit_questions_heading" if name == "questions" else f"visit_{name}"),
                        *(f"- {one}" for one in lines),
                    ]
                )
            )
    parts.append(words.phrase("visit_note"))
    return "\n\n".join(parts) + "\n"


def _line(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= LONGEST_LINE else flat[: LONGEST_LINE - 1] + "\u2026"


def _told(noted: Noted, fixed: Fixed) -> list[str]:
    """What the patient has said of themselves, a line for each thing."""
    words, lexicon = fixed.words, fixed.lexicon
    lines = [f"{words.phrase('memory_drug')}: {lexicon[one].name}" for one in noted.drugs if one in lexicon]
    for one in noted.symptoms:
        how = "" if one.how == "present" else f" ({words.phrase(f'memory_{one.how}')})"
        when = f", {one.when}" if one.when else ""
        lines.append(f"{words.phrase('memory_symptom')}: {lexicon[one.id].name}{how}{when}")
    if noted.goal:
        lines.append(f"{words.phrase('memory_goal')}: {words.phrase(f'goal_{noted.goal}')}")
    return lines
