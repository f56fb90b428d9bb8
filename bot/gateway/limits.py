"""How much and how often: the size of a request, and moving windows for conversations and addresses; the headers of
every answer.
"""

import math
import time
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import Request
from limits import RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from bot.errors import TooMuch
from bot.settings import Settings

MOST_BYTES = 64 * 1024
"""Of a request's body: 4,000 characters of four bytes each, escaped, fit in."""

HEADERS = ((b"x-content-type-options", b"nosniff"), (b"cache-control", b"no-store"))
"""Of every answer that does not say otherwise."""

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class SizeLimit:
    """ASGI middleware that stops reading a body at 64 KiB.

    Args:
        app: what is behind it.
        refuse: answers the request that is too large.
    """

    def __init__(self, app: Any, refuse: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        self._app, self._refuse = app, refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body up to the limit, then hand it on whole."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        body = bytearray()
        more = True
        while more:
            part = await receive()
            if part["type"] != "http.request":
                return
            body += part.get("body", b"")
            more = part.get("more_body", False)
            if len(body) > MOST_BYTES:
                await self._refuse(scope, receive, send)
                return
        whole = {"type": "http.request", "body": bytes(body), "more_body": False}
        sent = False

        async def once() -> dict[str, Any]:
            nonlocal sent
            if sent:
                return await receive()
            sent = True
            return whole

        await self._app(scope, once, send)


class Headers:
    """ASGI middleware that adds what every answer carries: a conversation must not lie in a cache.

    Args:
        app: what is behind it.
    """

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add the headers that the answer does not set itself."""

        async def with_headers(event: dict[str, Any]) -> None:
            if event["type"] == "http.response.start":
                given = {name for name, _ in event["headers"]}
                event["headers"] = [*event["headers"], *(one for one in HEADERS if one[0] not in given)]
            await send(event)

        await self._app(scope, receive, with_headers)


class Rates:
    """Counts messages and requests in moving windows, in this process's memory.

    Args:
        settings: the limits, or that there are none.
    """

    def __init__(self, settings: Settings) -> None:
        self._on = settings.rate_limits
        self._windows = MovingWindowRateLimiter(MemoryStorage())
        self._messages = RateLimitItemPerMinute(settings.messages_per_minute)
        self._requests = RateLimitItemPerMinute(settings.requests_per_minute)
        self._conversations = RateLimitItemPerHour(settings.conversations_per_hour)
        self._proxies = frozenset(part.strip() for part in settings.trusted_proxies.split(",") if part.strip())

    def message(self, conversation_id: str) -> None:
        """Count a message.

        Raises:
            TooMuch: this conversation has sent too many.
        """
        self._hit(self._messages, f"message:{conversation_id}")

    def request(self, request: Request) -> None:
        """Count a request.

        Raises:
            TooMuch: this address has sent too many.
        """
        self._hit(self._requests, f"request:{self.address(request)}")

    def conversation(self, request: Request) -> None:
        """Count a new conversation.

        Raises:
            TooMuch: this address has opened too many.
        """
        self._hit(self._conversations, f"conversation:{self.address(request)}")

    def address(self, request: Request) -> str:
        """Who asks: the peer, or whom a trusted proxy names last."""
        peer = request.client.host if request.client else "unknown"
        if peer not in self._proxies:
            return peer
        named = request.headers.get("x-forwarded-for", "").split(",")[-1].strip()
        return named or peer

    def _hit(self, window: Any, key: str) -> None:
        if not self._on or self._windows.hit(window, key):
            return
        wait = self._windows.get_window_stats(window, key).reset_time - time.time()
        raise TooMuch("too many requests", retry_after_s=max(1, math.ceil(wait)))
