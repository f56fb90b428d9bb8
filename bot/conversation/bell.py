"""Tells the open event streams that there is something new in their conversation, or in any."""

import asyncio
from collections import defaultdict

ANY = "*"
"""Listened to by the desk, whose pages show every conversation."""


class Bell:
    """A bell for each conversation that somebody listens to; it carries no content, the store does.

    It may be rung from any thread.
    """

    def __init__(self) -> None:
        self._listeners: defaultdict[str, set[tuple[asyncio.AbstractEventLoop, asyncio.Event]]] = defaultdict(set)

    def ring(self, conversation_id: str) -> None:
        """Wake who listens to this conversation, or to any."""
        for name in (conversation_id, ANY):
            for loop, event in tuple(self._listeners.get(name, ())):
                if not loop.is_closed():
                    loop.call_soon_threadsafe(event.set)

    async def wait(self, conversation_id: str, *, at_most_s: float) -> None:
        """Sleep until the bell is rung, or for so long: another process may have written.

        Args:
            conversation_id: which; or ANY.
            at_most_s: seconds.
        """
        listener = (asyncio.get_running_loop(), asyncio.Event())
        self._listeners[conversation_id].add(listener)
        try:
            async with asyncio.timeout(at_most_s):
                await listener[1].wait()
        except TimeoutError:
            pass
        finally:
            self._listeners[conversation_id].discard(listener)
            if not self._listeners[conversation_id]:
                del self._listeners[conversation_id]
