"""Whether an answer helped: kept for the clinic's figures, and erased with the conversation."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.conversation.message import Kind, Message, Role
from bot.conversation.tables import MessageRow
from bot.database import Base, Instant
from bot.errors import NotFound

HELPFUL_KINDS = frozenset({Kind.ANSWER, Kind.REFUSAL, Kind.CLARIFICATION, Kind.FALLBACK})
"""Replies that can help or not; nobody is asked after an emergency."""


class FeedbackRow(Base):
    """What a patient said of one reply."""

    __tablename__ = "feedback"
    message_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), index=True)
    helpful: Mapped[bool]
    kind: Mapped[str] = mapped_column(String(20))
    topic: Mapped[str] = mapped_column(String(120), default="")
    at: Mapped[datetime] = mapped_column(Instant, index=True)


def give(session: Session, conversation_id: str, message_id: str, *, helpful: bool, now: datetime) -> None:
    """Keep whether a reply helped; said again, the last word counts.

    Args:
        session: a session that writes.
        conversation_id: whose reply it is.
        message_id: the reply's.
        helpful: what the patient says.
        now: the present instant.

    Raises:
        NotFound: this conversation has no such reply, or it is none that can help.
    """
    row = session.get(MessageRow, message_id)
    message = Message(**row.body) if row and row.conversation_id == conversation_id else None
    if message is None or message.role is not Role.ASSISTANT or message.kind not in HELPFUL_KINDS:
        raise NotFound("no such answer in this conversation")
    session.execute(delete(FeedbackRow).where(FeedbackRow.message_id == message_id))
    topic = message.provenance[0].topic if message.provenance else ""
    session.add(
        FeedbackRow(
            message_id=message_id, conversation_id=conversation_id, helpful=helpful, kind=message.kind, topic=topic,
            at=now,
        )
    )  # fmt: skip


def counts(session: Session, *, since: datetime) -> tuple[int, int]:
    """How many replies helped, and how many did not, since an instant."""
    rows = session.execute(
        select(FeedbackRow.helpful, func.count()).where(FeedbackRow.at >= since).group_by(FeedbackRow.helpful)
    )
    found = {bool(helpful): number for helpful, number in rows}
    return found.get(True, 0), found.get(False, 0)
