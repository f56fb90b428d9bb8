"""The HTTP client to Rasa's private channel: one whole reply, or a failure; nothing in between."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from types import TracebackType
from typing import Any, Self

import aiohttp
from pydantic import SecretStr, ValidationError

from bot.conversation.dialogue import READ_BY_DIALOGUE, Begun
from bot.conversation.message import Kind, Offer, Reply
from bot.errors import Unavailable

KEEP_ALIVE_S = 3.0
"""Seconds that an idle connection is kept: fewer than Sanic's 5, so that no message meets a connection just closed."""

CANARY = "what is secondary hypogonadism"
"""The question whose answer tells that encoder, classifier, rules, action server and store work together."""

NOTHING = 204
"""Rasa's status where a message was dropped."""

LEADING = (
    " \t\r\n/\\\u2044\u2215\uff0f\u200b\u200c\u200d\u2060\ufeff\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
"""Slashes in all their forms, and what hides them: typed text never begins with one, so it is never a command."""


class Reading:
    """A message that Rasa is already reading: the first line of a request whose second says whose it is.

    Args:
        ask: sends the request and gives the reply; None for one that was dropped.
        text: what was typed, as Rasa is given it.
    """

    def __init__(self, ask: Callable[[AsyncIterator[bytes]], Awaitable[Reply | None]], text: str) -> None:
        self._rest: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._asking = asyncio.ensure_future(ask(self._lines(text)))
        self._asking.add_done_callback(lambda done: done.cancelled() or done.exception())  # a dropped one's is nobody's

    async def _lines(self, text: str) -> AsyncIterator[bytes]:
        yield _line({"text": text})
        yield await self._rest

    async def go_on(self, rest: dict[str, Any]) -> Reply:
        """The reply, now that the message is stored.

        Args:
            rest: whose turn it is, and what the turn knows besides.

        Raises:
            Unavailable: Rasa or the action server is down, slow, or gave no whole reply.
        """
        self._rest.set_result(_line(rest))
        reply = await self._asking
        if reply is None:
            raise Unavailable("Rasa gave no reply")
        return reply

    def drop(self) -> None:
        """There is to be no turn; without effect where there was one."""
        if not self._rest.done():
            self._rest.set_result(_line(None))


def _line(content: dict[str, Any] | None) -> bytes:
    return json.dumps(content).encode() + b"\n"


class RasaDialogue:
    """Asks Rasa, over loopback.

    Args:
        url: of Rasa's server.
        secret: shared with the channel there.
        limit_s: seconds that a reply may take.
    """

    def __init__(self, url: str, secret: SecretStr, *, limit_s: float) -> None:
        self._url = f"{url}/webhooks/axis/message"
        self._headers = {
            "Authorization": f"Bearer {secret.get_secret_value()}", "Content-Type": "application/x-ndjson",
        }  # fmt: skip
        self._limit = aiohttp.ClientTimeout(total=limit_s)

    def begin(self, text: str) -> Reading | None:
        """Have Rasa read a message that is not stored yet.

        Args:
            text: what was typed.

        Returns:
            What `answer` goes on with, or None if nothing is left of the text.
        """
        short = shorten(text)
        return Reading(self._ask, short) if short else None

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
            conversation_id: whose tracker Rasa uses.
            text: what was typed.
            offer: what a button stands for, if one was pressed.
            unheard: what was typed before it and never reached Rasa; None where the last reply was Rasa's.
            begun: the same text, if Rasa is already reading it.

        Raises:
            Unavailable: Rasa or the action server is down, slow, or gave no whole reply.
        """
        rest: dict[str, Any] = {"sender": conversation_id}
        if unheard is not None:
            rest["unheard"] = shorten(unheard)
        if offer:
            rest["choice"] = {"intent": offer.intent, "entities": offer.entities}
        reading = begun if isinstance(begun, Reading) else Reading(self._ask, "" if offer else shorten(text))
        return await reading.go_on(rest)

    async def _ask(self, lines: AsyncIterator[bytes]) -> Reply | None:
        try:
            async with self._client.post(self._url, data=lines) as response:
                response.raise_for_status()
                return None if response.status == NOTHING else Reply.model_validate_json(await response.read())
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unavailable(f"Rasa did not answer ({type(error).__name__})") from None
        except ValidationError:
            raise Unavailable("Rasa's answer is not a whole reply") from None

    async def ready(self) -> bool:
        """Whether a real question gets a vetted answer right now."""
        try:
            reply = await self.answer("canary", text=CANARY, offer=None)
        except Unavailable:
            return False
        return reply.kind is Kind.ANSWER and bool(reply.provenance)

    async def __aenter__(self) -> Self:
        """Open the connections."""
        connector = aiohttp.TCPConnector(keepalive_timeout=KEEP_ALIVE_S)
        self._client = aiohttp.ClientSession(connector=connector, headers=self._headers, timeout=self._limit)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        await self._client.close()


def shorten(text: str) -> str:
    """What Rasa is given of a message: no leading slash in any form, at most 1,000 characters, cut at a sentence."""
    text = text.lstrip(LEADING)
    if len(text) <= READ_BY_DIALOGUE:
        return text
    head = text[:READ_BY_DIALOGUE]
    end = max(head.rfind(mark) for mark in (". ", "? ", "! ", "\n"))
    return head[: end + 1] if end > READ_BY_DIALOGUE // 2 else head
