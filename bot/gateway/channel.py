"""What the channels share: a provider's request, a patient's message in it, the calls that send a reply. Pure."""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any, Protocol

from pydantic import SecretStr

from bot.conversation.message import Message
from bot.errors import NotAllowed

_BUTTON = re.compile(r"[0-9a-f]{32}\.\d{1,3}")


class Notice(StrEnum):
    """Why a message is answered with fixed words only; each is the name of a text of data/<language>/replies.yml."""

    HELLO = "greet_again"
    ONLY_TEXT = "channel_only_text"
    EDITED = "channel_edited"
    GROUP = "channel_group"
    STAFF_ONLY = "channel_staff_only"


@dataclass(frozen=True, slots=True)
class Post:
    """A request as a provider sent it.

    Attributes:
        headers: names in lower case.
        body: the raw bytes, which the signature is over.
        url: the public address that the provider called, query included.
        at: seconds since 1970, when it came in.
    """

    headers: Mapping[str, str]
    body: bytes
    url: str
    at: float


@dataclass(frozen=True, slots=True)
class Incoming:
    """One message of a patient, as the provider handed it over.

    Attributes:
        message_id: the provider's id of it; the same again is the same message.
        contact: the provider's opaque id of who wrote; one conversation belongs to it.
        text: what was typed, or the words on the button.
        choice: the id of the button, if one of ours was pressed.
        notice: set if only fixed words may answer it.
        leaving: the provider says that this person wants no more messages.
        address: whom to answer, where that is not the contact's id.
    """

    message_id: str
    contact: str
    text: str = ""
    choice: str | None = None
    notice: Notice | None = None
    leaving: bool = False
    address: str = ""

    @property
    def to(self) -> str:
        """Whom to answer."""
        return self.address or self.contact


@dataclass(frozen=True, slots=True)
class Limits:
    """What one message of a provider may hold. Lengths are in UTF-16 units, which no provider counts more strictly.

    Attributes:
        text: of a message.
        buttons: how many; 0 if there are none.
        title: of a button's words.
        with_buttons: of a message that has buttons; 0 if that is no less.
    """

    text: int
    buttons: int = 0
    title: int = 0
    with_buttons: int = 0


@dataclass(frozen=True, slots=True)
class Access:
    """How one provider is reached.

    Attributes:
        api_url: where its API begins, without a slash at the end.
        token: what authorises a call.
        account: the account, or the id of the telephone number.
        sender: whom messages come from, where the provider wants it said.
        pick: the words on what opens a list of choices.
        numbers: the words before numbered choices.
    """

    api_url: str
    token: SecretStr
    account: str = ""
    sender: str = ""
    pick: str = ""
    numbers: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """One POST to a provider's API, with either a form or JSON."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] | None = None
    json: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider's API answered; header names in lower case; `at` is seconds since 1970."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    at: float


class Fate(StrEnum):
    """What became of a call."""

    SENT = "sent"
    LATER = "later"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a call, and how long the provider wants to be left alone."""

    fate: Fate
    wait_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """The body of the 200 that a provider gets."""

    body: str = ""
    media_type: str = "text/plain"


class Channel(Protocol):
    """What each module of `bot.gateway.channels` is."""

    @property
    def LIMITS(self) -> Limits:
        """What one of its messages may hold."""

    def verify(self, post: Post, *, secret: SecretStr) -> None:
        """Raise NotAllowed unless the provider sent this."""

    def parse(self, body: bytes) -> list[Incoming]:
        """The messages in a request: none, one or many. Raises ValueError if it cannot be read at all."""

    def acknowledge(self, body: bytes) -> Acknowledgement:
        """What the provider wants to hear at once."""

    def render(self, message: Message, *, to: str, access: Access) -> list[Call]:
        """The calls that send a message, in order; the last carries its closing and its buttons."""

    def judge(self, answer: Answer) -> Verdict:
        """What became of a call."""


def refuse_unless(fits: bool) -> None:
    """Raise if a signature does not fit.

    Raises:
        NotAllowed: it does not; nothing tells what was expected.
    """
    if not fits:
        raise NotAllowed("the signature does not fit")


def same(given: str, expected: str) -> bool:
    """Whether two secrets are equal, in a time that does not tell where they differ. An empty one never is."""
    return bool(expected) and hmac.compare_digest(given.encode(), expected.encode())


def verify_sha256(post: Post, *, secret: SecretStr) -> None:
    """Meta's signature: `X-Hub-Signature-256`, over the raw body with the app's secret.

    Raises:
        NotAllowed: it does not fit.
    """
    key = secret.get_secret_value().encode()
    expected = hmac.new(key, post.body, hashlib.sha256).hexdigest()
    refuse_unless(bool(key) and same(post.headers.get("x-hub-signature-256", ""), f"sha256={expected}"))


def pressed(payload: str | None) -> str | None:
    """The payload of a button, if it is an id that we made; anything else is not a choice."""
    return payload if payload and _BUTTON.fullmatch(payload) else None


def storable(text: str) -> str:
    """Lone surrogates and NUL, which no database takes, become the replacement character."""
    return text.encode("utf-8", "replace").decode().replace("\x00", "\ufffd")


def tidied(body: bytes) -> bytes:
    """JSON as it can be validated: what is no Unicode in it, also when escaped, is replaced.

    One such letter must not cost a whole batch.

    Raises:
        ValueError: it is no JSON.
    """
    try:
        found = json.loads(body.decode("utf-8", "replace"))
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return json.dumps(found, ensure_ascii=False).encode("utf-8", "replace")


def judge_by_status(answer: Answer) -> Verdict:
    """What the HTTP status says. A wrong credential (401) can be put right while the message waits."""
    if answer.status < 300:  # noqa: PLR2004 - HTTP
        return Verdict(Fate.SENT)
    if answer.status in (401, 408, 425, 429) or answer.status >= 500:  # noqa: PLR2004 - HTTP
        return Verdict(Fate.LATER, _retry_after(answer))
    return Verdict(Fate.REFUSED)


def _retry_after(answer: Answer) -> float:
    """Seconds of a Retry-After header, which may also be a date; 0 without one."""
    value = answer.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - answer.at)
    except (ValueError, OverflowError):
        return 0.0
