"""The tables of tickets: what was asked, its history, its labels, who looks at it, and the alerts about it."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from bot.database import Base, Instant


class TicketRow(Base):
    """A request to a person, from one conversation.

    Attributes:
        version: counted up by each change of state, owner or urgency: what is compared before it is set.
        shelf: follows the state, so that each list of the queue is one stretch of an index.
        rank: follows the urgency.
        spell: counts the times that it began to wait for somebody; an alert belongs to one of them.
        waiting_since: since when it waits for somebody, in this spell.
        active_at: when its owner last did something on its page; the lease counts from here.
        due_at: until when somebody should have taken it on; empty until it is reckoned anew.
        patient_at: when the patient wrote last, while the ticket was open.
        staff_at: when somebody of the team wrote last.
        risen_at: when it became more urgent while somebody had it.
    """

    __tablename__ = "tickets"
    __table_args__ = (
        Index("ix_tickets_shelf_order", "shelf", "rank", "opened_at", "id"),
        Index("ix_tickets_shelf_due", "shelf", "due_at", "id"),
        Index("ix_tickets_shelf_changed", "shelf", "changed_at", "id"),
        Index("ix_tickets_owner", "claimed_by", "shelf", "rank", "opened_at", "id"),
        Index("ix_tickets_state_urgency", "state", "rank", "waiting_since"),
    )
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), index=True)
    state: Mapped[str] = mapped_column(String(20), index=True)
    urgency: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str] = mapped_column(String(500))
    rule: Mapped[str] = mapped_column(String(80))
    rule_version: Mapped[int]
    matched: Mapped[str] = mapped_column(String(500))
    summary: Mapped[str] = mapped_column(String(5000))
    claimed_by: Mapped[str | None] = mapped_column(String(200))
    outcome: Mapped[str] = mapped_column(String(1000), default="")
    opened_at: Mapped[datetime] = mapped_column(Instant)
    changed_at: Mapped[datetime] = mapped_column(Instant, index=True)
    version: Mapped[int] = mapped_column(default=1)
    shelf: Mapped[str] = mapped_column(String(10))
    rank: Mapped[int]
    spell: Mapped[int] = mapped_column(default=1)
    waiting_since: Mapped[datetime] = mapped_column(Instant)
    outcome_code: Mapped[str] = mapped_column(String(30), default="")
    answers: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    intake: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    active_at: Mapped[datetime | None] = mapped_column(Instant)
    snoozed_until: Mapped[datetime | None] = mapped_column(Instant)
    due_at: Mapped[datetime | None] = mapped_column(Instant)
    patient_at: Mapped[datetime | None] = mapped_column(Instant)
    staff_at: Mapped[datetime | None] = mapped_column(Instant)
    risen_at: Mapped[datetime | None] = mapped_column(Instant)


class TicketEventRow(Base):
    """A line of a ticket's history, or a note; erased with its conversation."""

    __tablename__ = "ticket_events"
    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[str] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime] = mapped_column(Instant)
    actor: Mapped[str] = mapped_column(String(200))
    what: Mapped[str] = mapped_column(String(30))
    words: Mapped[str] = mapped_column(String(2000), default="")


class TicketLabelRow(Base):
    """A label of a ticket."""

    __tablename__ = "ticket_labels"
    __table_args__ = (Index("ix_ticket_labels_label", "label", "ticket_id"),)
    ticket_id: Mapped[str] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True)
    label: Mapped[str] = mapped_column(String(30), primary_key=True)


class TicketViewerRow(Base):
    """Somebody who has a ticket open, until they have not been seen for a minute."""

    __tablename__ = "ticket_viewers"
    ticket_id: Mapped[str] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    seen_at: Mapped[datetime] = mapped_column(Instant)


class AlertRow(Base):
    """That one spell of waiting is to be told on one channel, and how far that has come."""

    __tablename__ = "alerts"
    __table_args__ = (Index("ix_alerts_next", "done_at", "next_at"),)
    ticket_id: Mapped[str] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True)
    spell: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    channel: Mapped[str] = mapped_column(String(20), primary_key=True)
    id: Mapped[str] = mapped_column(String(32), unique=True)
    urgency: Mapped[str] = mapped_column(String(20))
    raised_at: Mapped[datetime] = mapped_column(Instant)
    attempts: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime] = mapped_column(Instant)
    done_at: Mapped[datetime | None] = mapped_column(Instant)
    failed: Mapped[bool] = mapped_column(default=False)


class HoursRow(Base):
    """A version of the opening hours, as an admin saved or restored it; never changed."""

    __tablename__ = "clinic_hours"
    version: Mapped[int] = mapped_column(primary_key=True)
    document: Mapped[dict[str, Any]] = mapped_column(JSON)
    actor: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime] = mapped_column(Instant)
    note: Mapped[str] = mapped_column(String(200), default="")
