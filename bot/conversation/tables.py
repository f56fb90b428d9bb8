"""The tables of conversations: their messages, Rasa's tracker beside them, and what was erased."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, Text, UniqueConstraint
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
    state: Mapped[str] = mapped_column(String(20))
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


class ErasureRow(Base):
    """That something was erased: how much and when, nothing of what it was."""

    __tablename__ = "erasures"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    conversation_sha256: Mapped[str] = mapped_column(String(64), index=True)
    messages: Mapped[int]
    tracker_turns: Mapped[int]
    erased_at: Mapped[datetime] = mapped_column(Instant)
