"""How much and how often: the size of a request, and moving windows for conversations and addresses; the headers of
every answer.
"""

import math
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from fastapi import Request
from limits import RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.middleware.cors import CORSMiddleware

from bot.address import address, listed
from bot.errors import TooMuch
from bot.settings import Settings

MOST_BYTES = 64 * 1024
"""Of a request's body: 4,000 characters of four bytes each, escaped, fit in."""

MOST_BYTES_OF_A_BATCH = 3 * 1024 * 1024
"""Of what Meta sends at once: a batch that is refused comes again, and again."""

BATCHES = ("/webhooks/messenger", "/webhooks/whatsapp")

HEADERS = ((b"x-content-type-options", b"nosniff"), (b"cache-control", b"no-store"))
"""Of every answer that does not say otherwise."""

SCRIPTS = "/widget/"
SHARED = ("/api/v1/", SCRIPTS)
"""What a clinic's website on another origin needs; the desk, webhooks and operation are not among it."""

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class SizeLimit:
    """ASGI middleware that stops reading a body at 64 KiB, and batches of messages at 3 MiB.

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
        most = MOST_BYTES_OF_A_BATCH if scope["path"] in BATCHES else MOST_BYTES
        body = bytearray()
        more = True
        while more:
            part = await receive()
            if part["type"] != "http.request":
                return
            body += part.get("body", b"")
            more = part.get("more_body", False)
            if len(body) > most:
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


class Origins:
    """ASGI middleware that lets the named websites embed the chat; nobody else's page, and nothing of staff's.

    Args:
        app: what is behind it.
        origins: other origins, each named; empty means Axis's own pages only.
    """

    def __init__(self, app: Any, origins: Sequence[str]) -> None:
        self._app, self._policy = app, b"cross-origin" if origins else b"same-origin"
        self._shared: Any = app
        if origins:
            self._shared = CORSMiddleware(
                app,
                allow_origins=origins,
                allow_methods=["GET", "POST", "PUT", "DELETE"],
                allow_headers=["Authorization", "Content-Type", "Last-Event-ID"],
                expose_headers=["Axis-Stored", "Retry-After"],
            )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a preflight, or add who may read what comes back."""
        if scope["type"] != "http" or not scope["path"].startswith(SHARED):
            await self._app(scope, receive, send)
            return
        script = scope["path"].startswith(SCRIPTS)

        async def with_policy(event: dict[str, Any]) -> None:
            if script and event["type"] == "http.response.start":
                event["headers"] = [*event["headers"], (b"cross-origin-resource-policy", self._policy)]
            await send(event)

        await self._shared(scope, receive, with_policy)


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
        self._proxies = listed(settings.trusted_proxies)

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
        return address(peer, forwarded=request.headers.get("x-forwarded-for", ""), proxies=self._proxies)

    def _hit(self, window: Any, key: str) -> None:
        if not self._on or self._windows.hit(window, key):
            return
        wait = self._windows.get_window_stats(window, key).reset_time - time.time()
        raise TooMuch("too many requests", retry_after_s=max(1, math.ceil(wait)))
