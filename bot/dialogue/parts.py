"""A message as the questions that it holds. Pure."""

import re

MOST_PARTS = 4
FEWEST_WORDS = 2

_ASKING = "what|whats|how|why|when|where|which|who|does|do|did|can|could|is|are|will|would|should|am|may"
_BREAK = re.compile(
    rf"(?<=[.?!])\s+|\n+|[,;]?\s+(?:and|also|and also|plus|oh and)\s+(?=(?:{_ASKING})\b)", re.IGNORECASE
)
_QUESTION = re.compile(rf"^(?:{_ASKING})\b|\?\s*$", re.IGNORECASE)
_WANTS = re.compile(
    rf"\?|\b(?:tell me|explain|describe|show me|i(?: would|'d)? (?:want|like) to know|wondering|wonder if|please say)\b"
    rf"|[.!,]\s*(?:{_ASKING})\b",
    re.IGNORECASE,
)
_LOOKS_BACK = re.compile(r"\b(?:it|its|it's|that|this|they|them|those|these|one)\b", re.IGNORECASE)


def split(text: str) -> list[str]:
    """The parts of a message that may each want an answer.

    "what is clomid and does it affect my eyes" has two; "i am 34 and take clomid. will it hurt my eyes?" has one, since
    a statement before a question is its setting.

    Args:
        text: a message.

    Returns:
        One to four parts, in order; the message itself if it asks one thing or nothing.
    """
    pieces = [piece.strip() for piece in _BREAK.split(text) if len(piece.split()) >= FEWEST_WORDS]
    questions = [piece for piece in pieces if _QUESTION.search(piece)]
    if len(questions) == 1 or not questions:
        return [text]
    return questions[:MOST_PARTS]


def asks(text: str) -> bool:
    """Whether a message asks something, by its words: "three weeks" answers, "what is shbg" asks.

    Args:
        text: a message.
    """
    return bool(_QUESTION.search(text.strip()) or _WANTS.search(text))


def looks_back(text: str) -> bool:
    """Whether a part needs what was named before it: "does it affect my eyes"."""
    return bool(_LOOKS_BACK.search(text))
