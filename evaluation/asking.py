"""Many messages to a running Axis, each in a conversation of its own, and what sort of reply came back."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from rich.progress import track

from bot.terminal import console
from evaluation.running import Patient

AT_ONCE = 4
SAFETY = frozenset({"emergency", "crisis", "urgent"})


def alarm(message: Mapping[str, Any]) -> str:
    """What a reply raises: emergency, crisis, urgent, or nothing."""
    if message["kind"] in ("emergency", "crisis"):
        return str(message["kind"])
    return "urgent" if any(one["topic"].startswith("urgent:") for one in message["provenance"]) else ""


def sort(message: Mapping[str, Any]) -> str:
    """The sort of a reply: the alarm that it raises, or else its kind."""
    return alarm(message) or str(message["kind"])


def ask(url: str, texts: Sequence[str], *, what: str) -> list[dict[str, Any]]:
    """The reply to each text.

    Args:
        url: of a running Axis.
        texts: each is the first message of a conversation.
        what: they are, for the line of progress.
    """
    with ThreadPoolExecutor(AT_ONCE) as pool:
        replies = pool.map(lambda text: Patient(url).say(text), texts)
        return list(track(replies, description=what, total=len(texts), console=console))
