"""The normal form of what a patient typed: lower case, no tricks of typography, each word with its place."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

QUOTES = str.maketrans({"\u2019": "'", "\u2018": "'", "\u02bc": "'", "\u00b4": "'", "`": "'"})
_DROPPED = {"Cf", "Cc", "Mn", "Me"}
_LINE_ENDS = {"\n", "\r", "\u2028", "\u2029"}
_PIECE = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+(?:'[^\W\d_]+)*|[.?!;\n]+|[,:()\u2013\u2014-]", re.UNICODE)
_REPEATED = re.compile(r"(.)\1{2,}")
_AUXILIARIES = frozenset({"do", "does", "did", "can", "could", "will", "would", "has", "have", "had", "should"})
_CONTRACTED = {"willnt": "wont", "cannt": "cant", "cannot": "cant"}

STOP, PAUSE = "\x02", "\x01"
"""What stands for the end of a sentence and for a comma among the words."""
TWICE = 2
"""How often a letter may stand in a row."""
LONGEST_FORM = 3
"""Letters that one character may stand for, as in a ligature; some stand for a whole phrase of Arabic."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word in normal form, without apostrophes, or STOP or PAUSE.

    Attributes:
        start: offset in the text as typed.
        end: offset after its last character.
        question: for a STOP, whether it was a question mark.
    """

    text: str
    start: int
    end: int
    question: bool = False


def words(text: str) -> list[Word]:
    """The words of a text in normal form.

    "I can\u2019t SEEEE!!" gives i, cant, see, STOP: compatibility forms are unified, case and invisible characters go,
    a letter is never repeated more than twice, apostrophes are left out, and "can not" and "cannot" are "cant".

    Args:
        text: anything at all.

    Returns:
        Words in order, each with its place in `text`.
    """
    normal, places = _normal(text)
    found = []
    for piece in _PIECE.finditer(normal):
        start, end = places[piece.start()], places[piece.end() - 1] + 1
        raw = piece[0]
        if raw[0] in ".?!;\n":
            found.append(Word(STOP, start, end, question="?" in raw))
        elif raw[0].isalnum():
            _add(found, _REPEATED.sub(r"\1\1", raw.replace("'", "")) if len(raw) > TWICE else raw, start, end)
        else:
            found.append(Word(PAUSE, start, end))
    return found


def _add(found: list[Word], text: str, start: int, end: int) -> None:
    """Add a word; a "not" after an auxiliary is contracted with it, so that one way of writing stands for all."""
    if text == "not" and found and found[-1].text in _AUXILIARIES:
        start, text = found[-1].start, found.pop().text + "nt"
    found.append(Word(_CONTRACTED.get(text, text), start, end))


def contracted(phrase: str) -> str:
    """A phrase of a rule with its "do not" as "dont", as `words` has it; its stars stay."""
    parts: list[str] = []
    for part in phrase.split():
        joined = parts.pop() + "nt" if part == "not" and parts and parts[-1] in _AUXILIARIES else part
        parts.append(_CONTRACTED.get(joined, joined))
    return " ".join(parts)


def _normal(text: str) -> tuple[str, list[int]]:
    """The normal form, and for each of its characters the place that it comes from."""
    characters: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        for one in _form(character):
            characters.append(one)
            places.append(place)
    return "".join(characters), places


@lru_cache(maxsize=4096)
def _form(character: str) -> str:
    """The normal form of a character: nothing for an invisible one, a space for a tab."""
    if character.isspace():
        return "\n" if character in _LINE_ENDS else " "
    if unicodedata.category(character) in _DROPPED:
        return ""
    form = unicodedata.normalize("NFKC", character.translate(QUOTES)).translate(QUOTES).casefold()
    return "".join(one for one in form if unicodedata.category(one) not in _DROPPED)[:LONGEST_FORM]
