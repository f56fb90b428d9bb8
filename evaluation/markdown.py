"""Markdown, written by hand: tables, lists, and what patients typed as quotations that break neither."""

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(one) for one in line) + " |" for line in lines)


def bullets(lines: Iterable[str], *, none: str = "None.") -> str:
    """A list, or the words for an empty one."""
    return "\n".join(f"- {_line(one)}" for one in lines) or none


def quoted(text: str) -> str:
    """What somebody typed."""
    return f"“{_line(text)}”"


def section(title: str, *parts: str, depth: int = 2) -> str:
    """A heading with what stands below it."""
    return "\n\n".join([f"{'#' * depth} {title}", *parts])


def picture(name: str, words: str) -> str:
    """A drawing that lies beside the report, with its text twin."""
    return f"![{words}]({name})"


def _line(text: str) -> str:
    return " ".join(text.split())


def _cell(value: object) -> str:
    return _line(str(value)).replace("|", "\\|")
