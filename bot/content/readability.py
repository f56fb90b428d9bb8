"""How old a reader has to be: reading age and long sentences of English text.

Source: Kincaid JP, Fishburne RP, Rogers RL, Chissom BS. Derivation of new readability formulas for Navy enlisted
personnel. Research Branch Report 8-75, 1975. Reading age is taken as the school grade plus five years.
"""

import re
from dataclasses import dataclass

LONG_SENTENCE_WORDS = 25
"""The longest sentence that GOV.UK's guidance on writing for the web accepts."""

_WORD = re.compile(r"[A-Za-z][A-Za-z'\u2019-]*")
_SENTENCE_END = re.compile(r"(?<=[.!?:])\s+|\n+")
_VOWELS = re.compile(r"[aeiouy]+")


@dataclass(frozen=True, slots=True)
class Readability:
    """Figures of one text.

    Attributes:
        age: reading age in years.
        words: how many words.
        long_sentences: the sentences of more than 25 words.
    """

    age: float
    words: int
    long_sentences: tuple[str, ...]


def measure(text: str, *, known: frozenset[str] = frozenset()) -> Readability:
    """The reading age of a text.

    Args:
        text: plain text; a line break ends a sentence, as in a list.
        known: words in lower case that the reader has been given or came with (drug and hormone names); they
            count as words of two syllables, since a patient who asks about clomiphene can read it.
    """
    sentences = [part for part in _SENTENCE_END.split(text) if _WORD.search(part)]
    counts = [len(_WORD.findall(sentence)) for sentence in sentences]
    words = _WORD.findall(text)
    if not words:
        return Readability(age=5.0, words=0, long_sentences=())
    syllables = sum(min(_syllables(word), 2) if word.lower() in known else _syllables(word) for word in words)
    grade = 0.39 * len(words) / len(sentences) + 11.8 * syllables / len(words) - 15.59
    too_long = tuple(s for s, n in zip(sentences, counts, strict=True) if n > LONG_SENTENCE_WORDS)
    return Readability(age=round(max(grade, 0.0) + 5.0, 1), words=len(words), long_sentences=too_long)


def _syllables(word: str) -> int:
    """Vowel groups, less a silent final e; never less than one."""
    word = word.lower()
    groups = len(_VOWELS.findall(word))
    if word.endswith("e") and not word.endswith(("le", "ee")) and groups > 1:
        groups -= 1
    return max(groups, 1)
