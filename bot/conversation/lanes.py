"""One turn at a time for each conversation, in the order in which the messages came. An emergency takes no lane."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from weakref import WeakValueDictionary


@dataclass(eq=False, slots=True, weakref_slot=True)
class Lane:
    """The two gates of one conversation: arriving, while a message is stored; turn, while it is answered."""

    arriving: asyncio.Lock = field(default_factory=asyncio.Lock)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class Lanes:
    """The lanes of the conversations that are busy; an idle one costs nothing."""

    def __init__(self) -> None:
        self._lanes: WeakValueDictionary[str, Lane] = WeakValueDictionary()

    @asynccontextmanager
    async def arrival(self, conversation_id: str) -> AsyncIterator[Lane]:
        """Hold the first gate while a message is stored.

        asyncio's locks are fair, and nothing is awaited between leaving this gate and queueing at the second, so
        messages are answered in the order in which they were stored.
        """
        lane = self._lanes.setdefault(conversation_id, Lane())
        async with lane.arriving:
            yield lane
