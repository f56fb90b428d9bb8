"""A chain of hashes over rows that are written once: a row that is changed later no longer fits. Pure."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any


def link(before: str, content: Mapping[str, Any]) -> str:
    """The hash of a row, which also holds all rows before it.

    Args:
        before: the link of the row before; for the first row any fixed text.
        content: what the row says, of JSON's types.

    Returns:
        64 hexadecimal digits.
    """
    said = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(f"{before}\n{said}".encode()).hexdigest()


def broken(start: str, rows: Iterable[tuple[str, Mapping[str, Any]]]) -> list[int]:
    """Places, counted from 0, of the rows whose link does not fit.

    Args:
        start: what stands before the first row.
        rows: each link with its row's content, in order.
    """
    wrong, before = [], start
    for place, (stored, content) in enumerate(rows):
        if stored != link(before, content):
            wrong.append(place)
        before = stored
    return wrong
