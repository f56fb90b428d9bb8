"""A message cut to what a provider takes: at the ends of paragraphs and sentences, never through its closing. Pure."""

import re

from bot.conversation.message import Choice, Message
from bot.gateway.channel import Limits

_SENTENCE_END = re.compile(r"(?<=[.!?])\s")


def units(text: str) -> int:
    """Length in UTF-16 units: an emoji counts two or more."""
    return len(text) + sum(letter > "\uffff" for letter in text)


def cut(title: str, most: int) -> str:
    """A title as far as it fits; that something is missing is shown by an ellipsis."""
    if units(title) <= most:
        return title
    return _head(title, most - 1).rstrip() + "…"


def listed(message: Message, limits: Limits) -> bool:
    """Whether the choices stand in the text with numbers: there are too many for buttons, or a title does not fit.

    A typed number then chooses.
    """
    choices = message.choices
    return len(choices) > limits.buttons or any(units(choice.title) > limits.title for choice in choices)


def buttons(message: Message, limits: Limits) -> list[Choice]:
    """The buttons of a message with their titles cut, with their numbers if the text lists them; none if too many."""
    if len(message.choices) > limits.buttons:
        return []
    numbered = listed(message, limits)
    return [
        Choice(id=choice.id, title=cut(f"{number}. {choice.title}" if numbered else choice.title, limits.title))
        for number, choice in enumerate(message.choices, start=1)
    ]


def parts(message: Message, limits: Limits, *, numbers: str) -> list[str]:
    """The text of a message in as many parts as it takes; the last ends with the closing.

    Args:
        message: what is sent.
        limits: of the provider.
        numbers: the words before choices that are numbered.
    """
    closing = message.closing.text if message.closing else ""
    body = message.text.removesuffix(closing).rstrip() if closing else message.text
    if message.choices and listed(message, limits):
        lines = (f"[{number}] {choice.title}" for number, choice in enumerate(message.choices, start=1))
        body = "\n".join([f"{body}\n\n{numbers}", *lines])
    last = limits.with_buttons if limits.with_buttons and buttons(message, limits) else limits.text
    return _joined(_cut_up(body, limits.text), closing, last)


def _joined(pieces: list[str], closing: str, last: int) -> list[str]:
    """The pieces with the closing at their end, where the last must fit into `last` units."""
    if not closing:
        return [*pieces[:-1], *_cut_up(pieces[-1], last)] if pieces else []
    if pieces and units(whole := f"{pieces[-1]}\n\n{closing}") <= last:
        return [*pieces[:-1], whole]
    return [*pieces, *_cut_up(closing, last)]


def _cut_up(text: str, most: int) -> list[str]:
    pieces = []
    text = text.strip()
    while units(text) > most:
        head = _head(text, most)
        end = _border(head)
        pieces.append(text[:end].rstrip())
        text = text[end:].lstrip()
    return [piece for piece in [*pieces, text] if piece]


def _head(text: str, most: int) -> str:
    """The longest beginning that fits."""
    head = text[:most]
    while (over := units(head) - most) > 0:
        head = head[: -max(1, over // 2)]
    return head


def _border(head: str) -> int:
    """Where to cut: after a paragraph, a line, a sentence, a word; within a word only if there is no other."""
    half = len(head) // 2
    ends = (
        head.rfind("\n\n"),
        head.rfind("\n"),
        max((found.start() for found in _SENTENCE_END.finditer(head)), default=-1),
        head.rfind(" "),
    )
    return next((end for end in ends if end > half), None) or next((end for end in ends if end > 0), len(head))
