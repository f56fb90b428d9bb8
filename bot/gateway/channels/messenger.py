"""Facebook Messenger: webhook events in, Send API out. Source: developers.facebook.com/docs/messenger-platform."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from pydantic import BaseModel, Field, JsonValue, SecretStr, ValidationError

from bot.conversation.message import Message
from bot.gateway import meta
from bot.gateway.channel import (
    Access,
    Acknowledgement,
    Answer,
    Call,
    Incoming,
    Limits,
    Notice,
    Post,
    Verdict,
    pressed,
    storable,
    tidied,
    verify_sha256,
)
from bot.gateway.wording import buttons, parts

LIMITS = Limits(text=2000, buttons=13, title=20)
"""Quick replies; button templates would allow only 3 and 640 characters."""


class _Quick(BaseModel):
    payload: str | None = None


class _Message(BaseModel):
    mid: str
    text: str = ""
    is_echo: bool = False
    quick_reply: _Quick = _Quick()


class _Postback(BaseModel):
    mid: str
    title: str = ""
    payload: str | None = None


class _Person(BaseModel):
    id: str


class _Event(BaseModel):
    sender: _Person
    message: _Message | None = None
    postback: _Postback | None = None


class _BareMessage(BaseModel):
    mid: str


class _Bare(BaseModel):
    sender: _Person
    message: _BareMessage


class _Entry(BaseModel):
    messaging: list[JsonValue] = []


class _Hook(BaseModel):
    entries: list[_Entry] = Field(alias="entry")


def verify(post: Post, *, secret: SecretStr) -> None:
    """See `verify_sha256`.

    Raises:
        NotAllowed: it does not fit.
    """
    verify_sha256(post, secret=secret)


def parse(body: bytes) -> list[Incoming]:
    """All messages of a batch; not our own echoes, nor what was delivered, read or reacted to.

    Raises:
        ValueError: the body is no batch.
    """
    hook = _Hook.model_validate_json(tidied(body))
    return [incoming for entry in hook.entries for event in _events(entry) if (incoming := _incoming(event))]


def _events(entry: _Entry) -> Iterator[_Event]:
    """A message of a kind that we do not know counts as one without text, and must not cost the others."""
    for one in entry.messaging:
        try:
            yield _Event.model_validate(one)
        except ValidationError:
            with suppress(ValidationError):
                bare = _Bare.model_validate(one)
                yield _Event(sender=bare.sender, message=_Message(mid=bare.message.mid))


def _incoming(event: _Event) -> Incoming | None:
    sender = event.sender.id
    if event.postback:
        postback = event.postback
        choice = pressed(postback.payload)
        notice = None if choice else Notice.HELLO  # the button "Get started", or one of the page's menu
        return Incoming(postback.mid, sender, text=storable(postback.title), choice=choice, notice=notice)
    message = event.message
    if message is None or message.is_echo:
        return None
    text = storable(message.text)
    return Incoming(
        message.mid,
        sender,
        text=text,
        choice=pressed(message.quick_reply.payload),
        notice=None if text.strip() else Notice.ONLY_TEXT,
    )


def acknowledge(body: bytes) -> Acknowledgement:
    """What Meta's own examples answer."""
    return Acknowledgement("EVENT_RECEIVED")


def render(message: Message, *, to: str, access: Access) -> list[Call]:
    """One call for each part; the last has the choices as quick replies."""
    bodies: list[dict[str, Any]] = [{"text": text} for text in parts(message, LIMITS, numbers=access.numbers)]
    if choices := buttons(message, LIMITS):
        bodies[-1]["quick_replies"] = [
            {"content_type": "text", "title": one.title, "payload": one.id} for one in choices
        ]
    headers = {"Authorization": f"Bearer {access.token.get_secret_value()}"}
    return [
        Call(
            f"{access.api_url}/me/messages",
            headers=headers,
            json={"recipient": {"id": to}, "messaging_type": "RESPONSE", "message": body},
        )
        for body in bodies
    ]


def judge(answer: Answer) -> Verdict:
    """See `bot.gateway.meta`."""
    return meta.judge(answer)
