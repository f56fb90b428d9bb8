"""Tells the open event streams that there is something new in their conversation."""

import asyncio
from collections import defaultdict


class Bell:
    """A bell for each conversation that somebody listens to; it carries no content, the store does.

    Must be rung from the event loop's own thread.
    """

    def __init__(self) -> None:
        self._listeners: defaultdict[str, set[asyncio.Event]] = defaultdict(set)

    def ring(self, conversation_id: str) -> None:
        """Wake who listens."""
        for event in self._listeners.get(conversation_id, ()):
            event.set()

    async def wait(self, conversation_id: str, *, at_most_s: float) -> None:
        """Sleep until the bell is rung, or for so long: another process may have written."""
        event = asyncio.Event()
        self._listeners[conversation_id].add(event)
        try:
            async with asyncio.timeout(at_most_s):
                await event.wait()
        except TimeoutError:
            pass
        finally:
            self._listeners[conversation_id].discard(event)
            if not self._listeners[conversation_id]:
                del self._listeners[conversation_id]
