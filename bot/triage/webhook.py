"""What another program is told about tickets: which events, in which words, signed how, and when to try again. Pure.

The body holds no word of a patient unless the clinic has asked for the whole (AXIS_WEBHOOK_FULL). Every notice has an
id that stays the same however often it is sent: it may arrive twice, and the receiver drops the second.
"""

import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import SecretStr

from bot.triage.ticket import State, Urgency

FIRST_WAIT_S, LONGEST_WAIT_S = 5.0, 3600.0
"""Between the first and the second try, and the most between two; each wait is about twice the one before."""

GIVE_UP_AFTER = timedelta(hours=24)
"""A ticket's news older than this helps nobody: the queue has it."""

GONE = 410
"""The receiver's word that it never wants this notice again."""

_ORDER = list(Urgency)


class Event(StrEnum):
    """What happened to a ticket."""

    OPENED = "ticket.opened"
    RAISED = "ticket.raised"
    RESOLVED = "ticket.resolved"
    REOPENED = "ticket.reopened"


@dataclass(frozen=True, slots=True)
class Standing:
    """How urgent a ticket is and where it stands."""

    urgency: Urgency
    state: str


@dataclass(frozen=True, slots=True)
class Notice:
    """One event that another program is to be told.

    Attributes:
        id: the same for every try.
        standing: the ticket's, when it happened.
        attempt: this try, counted from 1.
    """

    id: str
    ticket_id: str
    event: Event
    standing: Standing
    at: datetime
    attempt: int


def events(told: Standing | None, now: Standing) -> tuple[Event, ...]:
    """What there is to tell of a ticket.

    Args:
        told: what the receiver knows; None if it has not heard of the ticket.
        now: how it stands.
    """
    if told is None:
        return (Event.OPENED, Event.RESOLVED) if now.state == State.RESOLVED else (Event.OPENED,)
    found = [Event.RAISED] if _ORDER.index(now.urgency) < _ORDER.index(told.urgency) else []
    if now.state == State.RESOLVED and told.state != State.RESOLVED:
        found.append(Event.RESOLVED)
    if told.state == State.RESOLVED and now.state != State.RESOLVED:
        found.insert(0, Event.REOPENED)
    return tuple(found)


def body(notice: Notice, *, link: str, fhir: str = "") -> bytes:
    """A notice as it is sent.

    Args:
        notice: which.
        link: where staff find the ticket.
        fhir: the whole ticket as a bundle in JSON, if the clinic has asked for it.
    """
    said: dict[str, Any] = {
        "id": notice.id,
        "event": notice.event,
        "occurred_at": notice.at.isoformat(),
        "ticket": {
            "id": notice.ticket_id,
            "urgency": notice.standing.urgency,
            "state": notice.standing.state,
            "link": link,
        },
    }
    if fhir:
        said["fhir"] = json.loads(fhir)
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()


def headers(notice: Notice, sent: bytes, *, secret: SecretStr, at: datetime) -> dict[str, str]:
    """What goes with a notice: its id, and who sent it and when."""
    return {
        "Content-Type": "application/json",
        "Idempotency-Key": notice.id,
        "Axis-Signature": sign(sent, secret=secret, at=at),
    }


def sign(sent: bytes, *, secret: SecretStr, at: datetime) -> str:
    """`t=<seconds since 1970>,v1=<HMAC-SHA256 in hex>` over the time, a full stop and the body.

    The time is signed, too, so that what was overheard once cannot be sent again later.
    """
    time = str(int(at.timestamp()))
    signed = hmac.new(secret.get_secret_value().encode(), time.encode() + b"." + sent, hashlib.sha256)
    return f"t={time},v1={signed.hexdigest()}"


def wait_s(attempt: int, *, chance: float) -> float:
    """Seconds until the next try: doubling, at most an hour, and a part of it by chance so that not all come at once.

    Args:
        attempt: the try that failed, counted from 1.
        chance: from 0 to below 1.
    """
    longest: float = min(FIRST_WAIT_S * 2.0 ** (min(attempt, 30) - 1), LONGEST_WAIT_S)
    return longest * (0.5 + chance / 2)
