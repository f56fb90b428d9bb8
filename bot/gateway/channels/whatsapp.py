"""WhatsApp Cloud API: webhook changes in, messages out. Source: developers.facebook.com/docs/whatsapp/cloud-api.

A contact may have a business-scoped id beside, or instead of, a telephone number: the id is the key, and the number,
while there is one, the address, as Meta advises.
"""

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
from bot.gateway.wording import buttons, cut, parts, units

LIMITS = Limits(text=4096, buttons=10, title=72, with_buttons=1024)
"""A list's row shows a title of 24 characters and, below it, 72 more, which hold the title whole."""

REPLY_BUTTONS, REPLY_TITLE, ROW_TITLE = 3, 20, 24
UNANSWERED = frozenset({"reaction", "system", "request_welcome"})
"""Kinds of messages in which nobody says anything."""


class _Words(BaseModel):
    body: str = ""
    caption: str = ""
    text: str = ""
    payload: str | None = None


class _Chosen(BaseModel):
    id: str
    title: str = ""


class _Interactive(BaseModel):
    button_reply: _Chosen | None = None
    list_reply: _Chosen | None = None


class _Message(BaseModel):
    id: str
    type: str
    number: str = Field("", alias="from")
    from_user_id: str = ""
    group_id: str = ""
    text: _Words = _Words()
    button: _Words = _Words()
    image: _Words = _Words()
    video: _Words = _Words()
    document: _Words = _Words()
    interactive: _Interactive = _Interactive()


class _Bare(BaseModel):
    id: str
    number: str = Field("", alias="from")
    from_user_id: str = ""


class _Value(BaseModel):
    messages: list[JsonValue] = []


class _Change(BaseModel):
    field: str = ""
    value: JsonValue = None


class _Entry(BaseModel):
    changes: list[_Change] = []


class _Hook(BaseModel):
    entries: list[_Entry] = Field(alias="entry")


def verify(post: Post, *, secret: SecretStr) -> None:
    """See `verify_sha256`.

    Raises:
        NotAllowed: it does not fit.
    """
    verify_sha256(post, secret=secret)


def parse(body: bytes) -> list[Incoming]:
    """All messages of a batch; statuses, reactions and changes of other fields are none.

    Raises:
        ValueError: the body is no batch.
    """
    hook = _Hook.model_validate_json(tidied(body))
    changes = (change for entry in hook.entries for change in entry.changes if change.field in ("messages", ""))
    return [incoming for change in changes for one in _messages(change) if (incoming := _incoming(one))]


def _messages(change: _Change) -> Iterator[_Message]:
    """One of a kind that we do not know counts as one without text, and must not cost the others."""
    try:
        found = _Value.model_validate(change.value).messages
    except ValidationError:
        return
    for one in found:
        try:
            yield _Message.model_validate(one)
        except ValidationError:
            with suppress(ValidationError):
                bare = _Bare.model_validate(one)
                yield _Message.model_construct(**bare.model_dump(), type="unknown")


def _incoming(message: _Message) -> Incoming | None:
    contact = message.from_user_id or message.number
    if not contact or message.group_id or message.type in UNANSWERED:
        return None
    chosen = message.interactive.button_reply or message.interactive.list_reply
    captions = (one.caption for one in (message.image, message.video, message.document))
    words = (chosen.title if chosen else "", message.text.body, message.button.text, *captions)
    text = storable(next(filter(None, words), ""))
    return Incoming(
        message.id,
        contact,
        text=text,
        choice=pressed(chosen.id if chosen else message.button.payload),
        notice=None if text.strip() else Notice.ONLY_TEXT,
        address=message.number,
    )


def acknowledge(body: bytes) -> Acknowledgement:
    """What Meta's own examples answer."""
    return Acknowledgement("EVENT_RECEIVED")


def render(message: Message, *, to: str, access: Access) -> list[Call]:
    """One call for each part; choices stand below the last, as buttons, or as a list if they are many or long."""
    bodies: list[dict[str, Any]] = [
        {"type": "text", "text": {"body": text, "preview_url": False}}
        for text in parts(message, LIMITS, numbers=access.numbers)
    ]
    if message.choices and buttons(message, LIMITS):
        bodies[-1] = {"type": "interactive", "interactive": _interactive(message, bodies[-1]["text"]["body"], access)}
    whom = {"to": to} if to.lstrip("+").isdigit() else {"recipient": to}
    headers = {"Authorization": f"Bearer {access.token.get_secret_value()}"}
    fixed = {"messaging_product": "whatsapp", "recipient_type": "individual", **whom}
    return [
        Call(f"{access.api_url}/{access.account}/messages", headers=headers, json={**fixed, **body}) for body in bodies
    ]


def _interactive(message: Message, text: str, access: Access) -> dict[str, Any]:
    choices = buttons(message, LIMITS)
    body = {"text": text}
    if len(choices) <= REPLY_BUTTONS and all(units(one.title) <= REPLY_TITLE for one in choices):
        replies = [{"type": "reply", "reply": {"id": one.id, "title": one.title}} for one in choices]
        return {"type": "button", "body": body, "action": {"buttons": replies}}
    rows = []
    for one in choices:
        row = {"id": one.id, "title": cut(one.title, ROW_TITLE)}
        rows.append(row if row["title"] == one.title else {**row, "description": one.title})
    action = {"button": cut(access.pick, REPLY_TITLE), "sections": [{"rows": rows}]}
    return {"type": "list", "body": body, "action": action}


def judge(answer: Answer) -> Verdict:
    """See `bot.gateway.meta`."""
    return meta.judge(answer)
