"""Where in a topic's Markdown a fault stands, so that an editor can go there. Pure."""

import re

_PREFIX = "front matter: "
_QUOTED = re.compile(r"'([^']+)'|\"([^\"]+)\"")


def line_of(source: str, reason: str) -> int:
    """The line, counted from 1, that a fault is about.

    Args:
        source: the topic's Markdown.
        reason: the fault as `lint` says it: it begins with the field or the level, and may quote words.

    Returns:
        The first line within that field or level that holds the quoted words; its first line if it quotes none; 1 if
        the field is missing.
    """
    lines = source.splitlines()
    name, _, _ = reason.removeprefix(_PREFIX).partition(":")
    first, last = _span(lines, name.strip().split(".")[0])
    for found in _QUOTED.finditer(reason):
        words = (found[1] or found[2]).lower()
        for number in range(first, last):
            if words in lines[number].lower():
                return number + 1
    return first + 1


def _span(lines: list[str], name: str) -> tuple[int, int]:
    """First line, and the one behind the last, of a field of the head or of a level."""
    for start, line in enumerate(lines):
        if line.strip() == f"## {name}":
            return start, next((n for n in range(start + 1, len(lines)) if lines[n].startswith("## ")), len(lines))
        if line.startswith(f"{name}:"):
            inner = (n for n in range(start + 1, len(lines)) if not lines[n].startswith((" ", "-\t", "- ")))
            return start, next(inner, len(lines))
    return 0, len(lines)
