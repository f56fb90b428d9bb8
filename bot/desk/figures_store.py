"""What the figures count, by SQL: numbers only, within a period, each by an index."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Date, Index, cast, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from bot.conversation import feedback
from bot.conversation.message import Role
from bot.conversation.tables import ConversationRow, GapRow, MessageRow
from bot.desk.store import AuditRow
from bot.triage.tables import TicketRow

MOST_WAITS = 20_000
"""Tickets whose waiting is measured, the newest."""

INDEXES = (
    Index("ix_messages_created_at", MessageRow.created_at),
    Index("ix_conversations_created_at", ConversationRow.created_at),
    Index("ix_gaps_at", GapRow.at),
    Index("ix_tickets_opened_at", TicketRow.opened_at),
    Index("ix_audit_action_at", AuditRow.action, AuditRow.at),
)
"""What keeps a period's counting bounded; migration 0009 makes them."""


@dataclass(frozen=True, slots=True)
class Counts:
    """The numbers of one period.

    Attributes:
        conversations: by channel.
        messages: by who speaks.
        kinds: Axis's replies by kind.
        gaps: by kind.
        alarms: by rule; a kind of reply, such as emergency, where no rule but the second net found it.
        tickets: by urgency and state.
        days: conversations and patients' messages by day, as 2026-11-20.
        claimed_s: seconds from opening to the first claim, of each ticket that was claimed.
        resolved_s: the same until it was resolved.
        helped: how many replies helped, and how many did not, by those who said so.
    """

    conversations: Mapping[str, int]
    messages: Mapping[str, int]
    kinds: Mapping[str, int]
    gaps: Mapping[str, int]
    alarms: Mapping[str, int]
    tickets: Mapping[tuple[str, str], int]
    days: Mapping[str, tuple[int, int]]
    claimed_s: tuple[float, ...]
    resolved_s: tuple[float, ...]
    helped: tuple[int, int]


def count(session: Session, *, since: datetime) -> Counts:
    """Count what has happened since an instant.

    Args:
        session: a session that reads.
        since: the period's beginning.
    """
    recent = MessageRow.created_at >= since
    kind = MessageRow.body["kind"].as_string()
    by_axis = (recent, MessageRow.role == Role.ASSISTANT)
    found = Counter(_grouped(session, MessageRow.alarm, recent, MessageRow.alarm.is_not(None)))
    net = (*by_axis, MessageRow.alarm.is_(None), kind.in_(("emergency", "crisis")))
    found.update(_grouped(session, kind, *net))
    stages = select(TicketRow.urgency, TicketRow.state, func.count()).where(TicketRow.opened_at >= since)
    tickets = session.execute(stages.group_by(TicketRow.urgency, TicketRow.state))
    said = _by_day(session, MessageRow.created_at, since, MessageRow.role == Role.PATIENT)
    begun = _by_day(session, ConversationRow.created_at, since)
    return Counts(
        conversations=_grouped(session, ConversationRow.channel, ConversationRow.created_at >= since),
        messages=_grouped(session, MessageRow.role, recent),
        kinds=_grouped(session, kind, *by_axis),
        gaps=_grouped(session, GapRow.kind, GapRow.at >= since),
        alarms=found,
        tickets={(urgency, state): number for urgency, state, number in tickets},
        days={day: (begun.get(day, 0), said.get(day, 0)) for day in {*begun, *said}},
        claimed_s=_waits(session, "ticket.claimed", since),
        resolved_s=_waits(session, "ticket.resolved", since),
        helped=feedback.counts(session, since=since),
    )


def _grouped(session: Session, by: Any, *where: ColumnElement[bool]) -> dict[str, int]:
    rows = session.execute(select(by, func.count()).where(*where).group_by(by))
    return {str(name): number for name, number in rows if name is not None}


def _by_day(
    session: Session, at: InstrumentedAttribute[datetime], since: datetime, *where: ColumnElement[bool]
) -> dict[str, int]:
    """Counts by day in UTC."""
    if session.connection().dialect.name == "postgresql":
        day: ColumnElement[Any] = cast(func.timezone("UTC", at), Date)
    else:
        day = func.date(at)
    rows = session.execute(select(day, func.count()).where(at >= since, *where).group_by(day))
    return {str(name): number for name, number in rows}


def _waits(session: Session, action: str, since: datetime) -> tuple[float, ...]:
    """Seconds from the opening of each ticket of the period to its first move of a kind, as the audit has it."""
    first = (
        select(AuditRow.subject, func.min(AuditRow.id).label("line"))
        .where(AuditRow.action == action, AuditRow.at >= since)
        .group_by(AuditRow.subject)
        .subquery()
    )
    rows = session.execute(
        select(TicketRow.opened_at, AuditRow.at)
        .join(first, first.c.subject == TicketRow.id)
        .join(AuditRow, AuditRow.id == first.c.line)
        .where(TicketRow.opened_at >= since)
        .order_by(TicketRow.opened_at.desc())
        .limit(MOST_WAITS)
    )
    return tuple(max(0.0, (moved - opened).total_seconds()) for opened, moved in rows)
