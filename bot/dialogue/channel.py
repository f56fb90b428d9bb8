"""Rasa's door, for the gateway alone: one message in, one whole reply out, or an error status.

Rasa's own REST channel trusts any caller, answers 200 with an empty list when something breaks, and logs what the
patient wrote. This one asks for the shared secret, makes commands from buttons only, and never logs a message.

A message comes in two lines. The first is what was typed, which is understood at once, while the gateway is still
storing it; the second, once it is stored, says whose it is, and only then is there a turn (decision 11).
"""

import gc
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from rasa.core.channels.channel import CollectingOutputChannel, InputChannel, UserMessage
from sanic import Blueprint
from sanic.request import Request
from sanic.response import HTTPResponse, empty
from sanic.response import json as json_response

from bot.conversation.message import Kind, Reply, joined
from bot.errors import DataError
from bot.settings import Settings

NAME = "axis"


class AxisChannel(InputChannel):
    """The channel that credentials.yml names."""

    @classmethod
    def name(cls) -> str:
        """The folder of this channel's address."""
        return NAME

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        """The channel's routes.

        Args:
            on_new_message: Rasa's handler of one turn.
        """
        routes = Blueprint("axis_channel")
        secret = Settings.read().internal_secret.get_secret_value()
        if not secret:
            raise DataError("AXIS_INTERNAL_SECRET is not set; `axis run` makes one")
        expected = f"Bearer {secret}".encode()

        @routes.listener("after_server_start")
        async def settle(_app: object, _loop: object) -> None:
            """The model lives as long as the process: looking through it for garbage only makes patients wait."""
            gc.collect()
            gc.freeze()

        @routes.route("/message", methods=["POST"], stream=True)
        async def message(request: Request) -> HTTPResponse:
            given = request.headers.get("Authorization", "").encode()
            if not hmac.compare_digest(given, expected):
                return empty(401)
            collector = CollectingOutputChannel()
            try:
                lines = _lines(request)
                text = (await anext(lines))["text"]
                understood = await request.app.ctx.agent.parse_message(text) if text else None
                [said] = [line async for line in lines]  # to the body's end, as Sanic wants it
                if said is None:
                    return empty(204)
                metadata = {"unheard": said["unheard"]} if "unheard" in said else None
                text = command(said["choice"]) if "choice" in said else text
                await on_new_message(
                    UserMessage(text, collector, said["sender"], understood, input_channel=NAME, metadata=metadata)
                )
            except Exception:  # whatever broke is the gateway's to answer; its text may hold a patient's words
                return empty(502)
            replies = [one["custom"] for one in collector.messages if "custom" in one]
            return whole(replies) if replies and not any("failed" in one for one in replies) else empty(502)

        return routes


async def _lines(request: Request) -> AsyncIterator[Any]:
    """The lines of a request's body, each as soon as it has come, from JSON."""
    waiting = b""
    while (piece := await request.stream.read()) is not None:
        waiting += piece
        *lines, waiting = waiting.split(b"\n")
        for line in lines:
            yield json.loads(line)


def whole(replies: list[dict[str, Any]]) -> HTTPResponse:
    """The turn's reply; within a form there are two, the answer and the form's question, which waits after an alarm.

    Args:
        replies: as the actions gave them, in order; at least one.
    """
    alarm = next((one for one in replies if one["kind"] in (Kind.EMERGENCY, Kind.CRISIS)), None)
    if alarm or len(replies) == 1:
        return json_response(alarm or replies[0])
    return json_response(joined([Reply(**one) for one in replies]).model_dump(mode="json"))


def command(choice: dict[str, Any]) -> str:
    """A button as Rasa's own notation for an intent with its entities."""
    return f"/{choice['intent']}{json.dumps(choice['entities'])}"
