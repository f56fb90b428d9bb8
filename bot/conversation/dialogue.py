"""The one seam of the design: what understands a message, Rasa today, and how it is given one to read ahead."""

import asyncio
from typing import Protocol, Self

from bot.conversation.message import Offer, Reply

READ_BY_DIALOGUE = 1000
"""Characters of a message that the dialogue is given; rules and, of a longer one, the spare net read all of them."""


class Begun(Protocol):
    """A message that the dialogue has begun to read."""

    def drop(self) -> None:
        """There is to be no turn; without effect where there was one."""


class Dialogue(Protocol):
    """What understands a message."""

    def begin(self, text: str) -> Begun | None:
        """Begin to read a message of somebody who may write here, while it is being stored; no turn may come of it yet.

        Args:
            text: what was typed.
        """

    async def answer(
        self,
        conversation_id: str,
        *,
        text: str,
        offer: Offer | None,
        unheard: str | None = None,
        begun: Begun | None = None,
    ) -> Reply:
        """The reply to one message.

        Args:
            conversation_id: whose turn it is.
            text: what was typed, or the words on the button.
            offer: what the button stands for, if it was one.
            unheard: what was typed since the dialogue last replied, where a red flag or a person answered instead;
                None where the last word was the dialogue's.
            begun: what `begin` gave for this text.

        Raises:
            Unavailable: there is no whole reply.
        """


class Ahead:
    """Has the dialogue read what was typed once it is the dialogue's to answer, while it is being committed.

    Args:
        text: what was typed; nothing is begun of a button.
        dialogue: reads it.

    Attributes:
        begun: what the dialogue has begun to read, if it has.
    """

    def __init__(self, text: str, dialogue: Dialogue) -> None:
        self._text, self._dialogue = text, dialogue
        self._loop, self._over = asyncio.get_running_loop(), False
        self.begun: Begun | None = None

    def accepted(self) -> None:
        """Begin; called by the thread that stores the message, before it has stored it."""
        if self._text:
            self._loop.call_soon_threadsafe(self._begin)

    def _begin(self) -> None:
        if not self._over:
            self.begun = self._dialogue.begin(self._text)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Drop what no turn came of."""
        self._over = True
        if self.begun:
            self.begun.drop()
