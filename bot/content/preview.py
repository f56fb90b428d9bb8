"""How long a text becomes where only text can be sent: messages of a channel, and parts of an SMS. Pure.

Sources: 3GPP TS 23.038 (alphabet) and TS 23.040 (parts), read 2026-11-21; WhatsApp and Telegram: the providers' pages.
"""

from dataclasses import dataclass

LONGEST = {"whatsapp": 4096, "telegram": 4096}
"""UTF-16 units that one message of a channel holds."""

ALPHABET = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
TWICE = frozenset("^{}\\[~]|€")
"""Characters that take two places of the alphabet."""

ONE_PART, EACH_PART = 160, 153
"""Places of an SMS, and of each part of a longer one, in the alphabet."""

ONE_PART_WIDE, EACH_PART_WIDE = 70, 67
"""The same in UTF-16 units, once a character stands outside of the alphabet."""


@dataclass(frozen=True, slots=True)
class Sms:
    """What a text is as an SMS.

    Attributes:
        length: places of the alphabet, or UTF-16 units.
        parts: how many are sent and paid.
        outside: the characters that do not stand in the alphabet; one of them halves what a part holds.
    """

    length: int
    parts: int
    outside: tuple[str, ...]


def as_sms(text: str) -> Sms:
    """The length of a text as an SMS, and its number of parts."""
    outside = tuple(sorted(set(text) - ALPHABET - TWICE))
    if outside:
        sizes = [1 + (letter > "\uffff") for letter in text]
        return Sms(sum(sizes), _parts(sizes, ONE_PART_WIDE, EACH_PART_WIDE), outside)
    sizes = [1 + (letter in TWICE) for letter in text]
    return Sms(sum(sizes), _parts(sizes, ONE_PART, EACH_PART), ())


def messages(text: str, most: int) -> list[str]:
    """A text as messages of at most so many UTF-16 units, cut between paragraphs where that is possible."""
    found = [""]
    for paragraph in text.split("\n\n"):
        longer = f"{found[-1]}\n\n{paragraph}" if found[-1] else paragraph
        if _units(longer) <= most:
            found[-1] = longer
            continue
        pieces = [paragraph[start : start + most // 2] for start in range(0, len(paragraph), most // 2)]
        found += [paragraph] if _units(paragraph) <= most else pieces
    return [one for one in found if one]


def _parts(sizes: list[int], one: int, each: int) -> int:
    """Characters that take two places are not cut in two."""
    if sum(sizes) <= one:
        return 1
    parts, used = 1, 0
    for size in sizes:
        if used + size > each:
            parts, used = parts + 1, 0
        used += size
    return parts


def _units(text: str) -> int:
    return len(text) + sum(letter > "\uffff" for letter in text)
