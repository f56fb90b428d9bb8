"""Where messaging apps knock, `POST /webhooks/{channel}`: verified, read, committed, acknowledged; then answered."""

import time
from typing import Annotated

import structlog
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import PlainTextResponse

from bot.errors import NotAllowed, NotFound
from bot.gateway.channel import Incoming, Post, same
from bot.gateway.connected import Connected
from bot.gateway.reception import Reception

log = structlog.get_logger()

router = APIRouter(prefix="/webhooks", tags=["messaging apps"])


def _reception(request: Request) -> Reception:
    reception: Reception = request.app.state.reception
    return reception


def _connected(request: Request, channel: str) -> Connected:
    """The messaging app.

    Raises:
        NotFound: there is none of this name, or it is not set up; which of both, nobody learns.
    """
    where = _reception(request).channels.get(channel)
    if where is None:
        raise NotFound("this messaging app is not connected")
    return where


@router.post("/{channel}")
async def receive(channel: str, request: Request) -> Response:
    """Take a provider's request; 200 when every message in it is committed."""
    where = _connected(request, channel)
    body = await request.body()
    query = f"?{request.url.query}" if request.url.query else ""
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        where.channel.verify(Post(headers, body, where.url + query, time.time()), secret=where.secret)
    except NotAllowed:
        log.warning("webhook.refused", channel=where.name)
        raise
    await _reception(request).take_in(where, _read(where, body))
    answer = where.channel.acknowledge(body)
    return Response(answer.body, media_type=answer.media_type)


def _read(where: Connected, body: bytes) -> list[Incoming]:
    """The messages; none if it cannot be read, since a provider would send it again for ever and hold up the others."""
    try:
        return where.channel.parse(body)
    except ValueError:
        log.error("webhook.unreadable", channel=where.name)
        return []


@router.get("/{channel}")
async def challenge(
    channel: str,
    request: Request,
    mode: Annotated[str, Query(alias="hub.mode")] = "",
    token: Annotated[str, Query(alias="hub.verify_token")] = "",
    asked: Annotated[str, Query(alias="hub.challenge", max_length=200)] = "",
) -> PlainTextResponse:
    """Meta's question whether this address is ours: its challenge comes back if it knows the agreed word."""
    where = _connected(request, channel)
    if where.challenge is None:
        raise NotFound("this messaging app asks no such question")
    if mode != "subscribe" or not same(token, where.challenge.get_secret_value()):
        raise NotAllowed("the word does not fit")
    return PlainTextResponse(asked)
