"""Slack: for staff only. Its requests are verified and acknowledged; a message to the bot gets fixed words.

Source: docs.slack.dev/authentication/verifying-requests-from-slack, /apis/events-api, /reference/methods.
"""

import hashlib
import hmac

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
    refuse_unless,
    same,
    storable,
    tidied,
)
from bot.gateway.wording import parts

LIMITS = Limits(text=3000)
TOLERANCE_S = 300.0
"""Seconds that a request may be old, or ahead of our clock; an older one may be a recording."""


class _Event(BaseModel):
    type: str
    channel: str = ""
    channel_type: str = ""
    text: str = ""
    subtype: str | None = None
    bot_id: str | None = None


class _Callback(BaseModel):
    type: str
    event_id: str = ""
    challenge: str = ""
    event: _Event | None = None


class _Result(BaseModel):
    ok: bool
    error: str = ""


def verify(post: Post, *, secret: SecretStr) -> None:
    """`X-Slack-Signature`: HMAC-SHA256 over version, timestamp and raw body.

    Raises:
        NotAllowed: it does not fit, or is older than five minutes.
    """
    stamp = post.headers.get("x-slack-request-timestamp", "")
    refuse_unless(stamp.isascii() and stamp.isdigit() and abs(post.at - float(stamp)) <= TOLERANCE_S)
    key = secret.get_secret_value().encode()
    expected = hmac.new(key, b"v0:" + stamp.encode() + b":" + post.body, hashlib.sha256).hexdigest()
    refuse_unless(bool(key) and same(post.headers.get("x-slack-signature", ""), f"v0={expected}"))


def parse(body: bytes) -> list[Incoming]:
    """A direct message to the bot, or its name called in a channel; interactions need no reply.

    Raises:
        ValueError: the body is neither event nor interaction.
    """
    if body.startswith(b"payload="):
        return []
    callback = _Callback.model_validate_json(tidied(body))
    event = callback.event
    if event is None or event.bot_id or event.subtype or not event.channel or not callback.event_id:
        return []
    if event.type != "app_mention" and event.channel_type != "im":
        return []
    return [Incoming(callback.event_id, event.channel, text=storable(event.text), notice=Notice.STAFF_ONLY)]


def acknowledge(body: bytes) -> Acknowledgement:
    """Empty, but for Slack's question whether this address is ours."""
    try:
        callback = _Callback.model_validate_json(tidied(body))
    except ValueError:
        return Acknowledgement()
    return Acknowledgement(callback.challenge if callback.type == "url_verification" else "")


def render(message: Message, *, to: str, access: Access) -> list[Call]:
    """One call for each part, with Slack's three special letters escaped."""
    headers = {"Authorization": f"Bearer {access.token.get_secret_value()}"}
    texts = parts(message, LIMITS, numbers=access.numbers)
    escaped = (text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") for text in texts)
    return [
        Call(f"{access.api_url}/chat.postMessage", headers=headers, json={"channel": to, "text": text, "mrkdwn": False})
        for text in escaped
    ]


def judge(answer: Answer) -> Verdict:
    """Slack answers 200 also when it refuses."""
    verdict = judge_by_status(answer)
    if verdict.fate is not Fate.SENT:
        return verdict
    try:
        result = _Result.model_validate_json(answer.body)
    except ValidationError:
        return Verdict(Fate.LATER)
    if result.ok:
        return verdict
    passing = result.error in ("ratelimited", "internal_error", "service_unavailable", "fatal_error")
    return Verdict(Fate.LATER if passing else Fate.REFUSED)
