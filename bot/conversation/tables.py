"""The tables of conversations: their messages, Rasa's tracker beside them, messaging apps, and what was erased."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from bot.database import Base, Instant


class ConversationRow(Base):
    """One conversation; of its token only the hash is stored."""

    __tablename__ = "conversations"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    token_sha256: Mapped[str] = mapped_column(String(64))
    channel: Mapped[str] = mapped_column(String(20))
    locale: Mapped[str] = mapped_column(String(20))
    consent_version: Mapped[str] = mapped_column(String(40))
    state: Mapped[str] = mapped_column(String(20), index=True)
    named_drugs: Mapped[list[str]] = mapped_column(JSON)
    alarmed_at: Mapped[datetime | None] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant)


class MessageRow(Base):
    """One message; `body` is its public JSON, `offers` what its buttons stand for."""

    __tablename__ = "messages"
    __table_args__ = (UniqueConstraint("conversation_id", "seq"), UniqueConstraint("conversation_id", "client_id"))
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"))
    seq: Mapped[int]
    role: Mapped[str] = mapped_column(String(20))
    client_id: Mapped[str | None] = mapped_column(String(64))
    reply_to: Mapped[str | None] = mapped_column(String(32), index=True)
    alarm: Mapped[str | None] = mapped_column(String(80))
    offers: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    body: Mapped[dict[str, Any]] = mapped_column(JSON)
    chain: Mapped[str] = mapped_column(String(64), default="")
    created_at: Mapped[datetime] = mapped_column(Instant)


class TrackerTurnRow(Base):
    """The events that one turn added to Rasa's tracker, as JSON, in the order of `seq` and of no clock."""

    __tablename__ = "tracker_turns"
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    events: Mapped[str] = mapped_column(Text)


class GapRow(Base):
    """A question without an answer, or only asked back about: redacted, and erased with its conversation."""

    __tablename__ = "gaps"
    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    text: Mapped[str] = mapped_column(String(1000))
    at: Mapped[datetime] = mapped_column(Instant)
    vector: Mapped[bytes | None] = mapped_column(LargeBinary)
    dismissed_by: Mapped[str | None] = mapped_column(String(100))
    dismissed_at: Mapped[datetime | None] = mapped_column(Instant)
    dismissed_why: Mapped[str | None] = mapped_column(String(1000))


class ErasureRow(Base):
    """That something was erased: how much and when, nothing of what it was."""

    __tablename__ = "erasures"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    conversation_sha256: Mapped[str] = mapped_column(String(64), index=True)
    messages: Mapped[int]
    tracker_turns: Mapped[int]
    erased_at: Mapped[datetime] = mapped_column(Instant)


class ContactRow(Base):
    """Somebody in a messaging app, and the one conversation with them.

    The token is in clear: who writes in an app proves it by the provider's signature, and Axis then speaks for them
    (docs/decisions/0014-channels.md).
    """

    __tablename__ = "contacts"
    channel: Mapped[str] = mapped_column(String(20), primary_key=True)
    contact_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    address: Mapped[str] = mapped_column(String(200))
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), unique=True)
    token: Mapped[str] = mapped_column(String(64))


class ArrivalRow(Base):
    """That a provider's message has arrived, so that it counts once; and, until it is answered, which of ours it is.

    Outlives its conversation as a mere hash: a message that a provider sends again days later must not bring back
    what was erased.
    """

    __tablename__ = "arrivals"
    channel: Mapped[str] = mapped_column(String(20), primary_key=True)
    message_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    conversation_id: Mapped[str | None] = mapped_column(ForeignKey("conversations.id", ondelete="SET NULL"), index=True)
    answer_after: Mapped[datetime | None] = mapped_column(Instant, index=True)
    at: Mapped[datetime] = mapped_column(Instant, index=True)


class OutboxRow(Base):
    """A message on its way to a messaging app. `body` and `address` are emptied when it was delivered or given up.

    Attributes:
        rank: 0 for an emergency, which overtakes; else 1.
        sent_parts: how many of its parts the provider has taken.
        lease: which worker is at it, until `leased_until`.
    """

    __tablename__ = "outbox"
    id: Mapped[int] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(String(20))
    contact_sha256: Mapped[str] = mapped_column(String(64), index=True)
    conversation_id: Mapped[str | None] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), index=True)
    address: Mapped[str] = mapped_column(String(200))
    body: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    rank: Mapped[int]
    state: Mapped[str] = mapped_column(String(20), index=True)
    sent_parts: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime] = mapped_column(Instant)
    lease: Mapped[str | None] = mapped_column(String(32))
    leased_until: Mapped[datetime | None] = mapped_column(Instant)
