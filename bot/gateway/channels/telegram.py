"""Telegram: Bot API updates in, sendMessage out. Source: core.telegram.org/bots/api."""

import json
from typing import Any

from pydantic import BaseModel, SecretStr, ValidationError

from bot.conversation.message import Message
from bot.gateway.channel import (
    Access,
    Acknowledgement,
    Answer,
    Call,
    Fate,
    Incoming,
    Limits,
    Notice,
    Post,
    Verdict,
    judge_by_status,
    pressed,
    refuse_unless,
    same,
    storable,
    tidied,
)
from bot.gateway.wording import buttons, parts

LIMITS = Limits(text=4096, buttons=100, title=200)
"""A button's data may have 64 bytes; our ids have at most 36."""


class _Chat(BaseModel):
    id: int
    type: str


class _Button(BaseModel):
    text: str
    callback_data: str | None = None


class _Keyboard(BaseModel):
    inline_keyboard: list[list[_Button]] = []


class _Message(BaseModel):
    message_id: int
    chat: _Chat
    text: str | None = None
    caption: str | None = None
    edit_date: int = 0
    reply_markup: _Keyboard = _Keyboard()


class _Callback(BaseModel):
    id: str
    message: _Message | None = None
    data: str | None = None


class _Update(BaseModel):
    message: _Message | None = None
    edited_message: _Message | None = None
    callback_query: _Callback | None = None


class _Parameters(BaseModel):
    retry_after: float = 0.0


class _Refusal(BaseModel):
    parameters: _Parameters = _Parameters()


def verify(post: Post, *, secret: SecretStr) -> None:
    """`X-Telegram-Bot-Api-Secret-Token`, as it was given to setWebhook.

    Raises:
        NotAllowed: it is another.
    """
    given = post.headers.get("x-telegram-bot-api-secret-token", "")
    refuse_unless(same(given, secret.get_secret_value()))


def parse(body: bytes) -> list[Incoming]:
    """The message of an update; none if the update is of another kind.

    Raises:
        ValueError: the body is no update.
    """
    update = _Update.model_validate_json(tidied(body))
    if update.callback_query:
        return _pressed(update.callback_query)
    if update.edited_message:
        edited = update.edited_message
        return _written(edited, f"{edited.chat.id}:{edited.message_id}:{edited.edit_date}", Notice.EDITED)
    if update.message:
        return _written(update.message, f"{update.message.chat.id}:{update.message.message_id}")
    return []


def _written(message: _Message, message_id: str, notice: Notice | None = None) -> list[Incoming]:
    text = storable(message.text or message.caption or "")
    if message.chat.type != "private":
        notice = Notice.GROUP
    elif text.split("@")[0].split(" ")[0] == "/start":
        notice = Notice.HELLO
    elif not text.strip():
        notice = Notice.ONLY_TEXT
    if notice is Notice.GROUP and not text.strip():
        return []  # somebody joined, left or pinned something
    return [Incoming(message_id, str(message.chat.id), text=text, notice=notice)]


def _pressed(callback: _Callback) -> list[Incoming]:
    message = callback.message
    if message is None or message.chat.type != "private":
        return []
    rows = message.reply_markup.inline_keyboard
    title = next((one.text for row in rows for one in row if one.callback_data == callback.data), "")
    choice = pressed(callback.data)
    if not choice and not title:
        return []
    return [Incoming(f"callback:{callback.id}", str(message.chat.id), text=storable(title), choice=choice)]


def acknowledge(body: bytes) -> Acknowledgement:
    """A pressed button is answered in the response itself, or the app would show it as waiting."""
    try:
        callback = _Update.model_validate_json(tidied(body)).callback_query
    except ValueError:
        return Acknowledgement()
    if callback is None:
        return Acknowledgement()
    answer = {"method": "answerCallbackQuery", "callback_query_id": callback.id}
    return Acknowledgement(json.dumps(answer), "application/json")


def render(message: Message, *, to: str, access: Access) -> list[Call]:
    """One call for each part, as plain text; the buttons stand below the last, each in a row of its own."""
    url = f"{access.api_url}/bot{access.token.get_secret_value()}/sendMessage"
    texts = parts(message, LIMITS, numbers=access.numbers)
    bodies: list[dict[str, Any]] = [
        {"chat_id": to, "text": text, "link_preview_options": {"is_disabled": True}} for text in texts
    ]
    if rows := [[{"text": one.title, "callback_data": one.id}] for one in buttons(message, LIMITS)]:
        bodies[-1]["reply_markup"] = {"inline_keyboard": rows}
    return [Call(url, json=body) for body in bodies]


def judge(answer: Answer) -> Verdict:
    """By the HTTP status; how long to wait stands in the body."""
    verdict = judge_by_status(answer)
    if verdict.fate is not Fate.LATER:
        return verdict
    try:
        wait_s = _Refusal.model_validate_json(answer.body).parameters.retry_after
    except ValidationError:
        return verdict
    return Verdict(Fate.LATER, max(wait_s, verdict.wait_s))
