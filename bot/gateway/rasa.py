"""The HTTP client to Rasa's private channel: one whole reply, or a failure; nothing in between."""

from types import TracebackType
from typing import Self

import aiohttp
from pydantic import SecretStr, ValidationError

from bot.conversation.message import Kind, Offer, Reply
from bot.conversation.turn import READ_BY_DIALOGUE
from bot.errors import Unavailable

KEEP_ALIVE_S = 3.0
"""Seconds that an idle connection is kept: fewer than Sanic's 5, so that no message meets a connection just closed."""

CANARY = "what is secondary hypogonadism"
"""The question whose answer tells that encoder, classifier, rules, action server and store work together."""

LEADING = (
    " \t\r\n/\\\u2044\u2215\uff0f\u200b\u200c\u200d\u2060\ufeff\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
"""Slashes in all their forms, and what hides them: typed text never begins with one, so it is never a command."""


class RasaDialogue:
    """Asks Rasa, over loopback.

    Args:
        url: of Rasa's server.
        secret: shared with the channel there.
        limit_s: seconds that a reply may take.
    """

    def __init__(self, url: str, secret: SecretStr, *, limit_s: float) -> None:
        self._url = f"{url}/webhooks/axis/message"
        self._headers = {"Authorization": f"Bearer {secret.get_secret_value()}"}
        self._limit = aiohttp.ClientTimeout(total=limit_s)

    async def answer(self, conversation_id: str, *, text: str, offer: Offer | None, unheard: str = "") -> Reply:
        """The reply to one message.

        Args:
            conversation_id: whose tracker Rasa uses.
            text: what was typed.
            offer: what a button stands for, if one was pressed.
            unheard: what was typed before it and never reached Rasa.

        Raises:
            Unavailable: Rasa or the action server is down, slow, or gave no whole reply.
        """
        body: dict[str, object] = {"sender": conversation_id, "text": shorten(text)}
        if unheard:
            body["unheard"] = shorten(unheard)
        if offer:
            body["choice"] = {"intent": offer.intent, "entities": offer.entities}
        try:
            async with self._client.post(self._url, json=body) as response:
                response.raise_for_status()
                return Reply.model_validate_json(await response.read())
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
