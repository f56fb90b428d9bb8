"""Erasing a conversation with everything that belongs to it, in one transaction, for a receipt."""

from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from bot.conversation import outgoing
from bot.conversation.store import token_hash
from bot.conversation.tables import ConversationRow, ErasureRow, GapRow, MessageRow, TrackerTurnRow
from bot.triage.tables import TicketRow


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof that a conversation was erased."""

    receipt_id: str
    erased_at: datetime
    messages: int
    tracker_turns: int


def erase(session: Session, conversation_id: str, *, now: datetime) -> Receipt:
    """Erase a conversation with everything that belongs to it: messages, tracker, tickets, contact, what is on its way.

    Returns:
        The receipt; of the conversation it keeps only a hash and two counts.
    """
    counts = []
    outgoing.erase(session, conversation_id)
    session.execute(delete(GapRow).where(GapRow.conversation_id == conversation_id))
    for table in (MessageRow, TrackerTurnRow):
        counts.append(session.execute(delete(table).where(table.conversation_id == conversation_id)).rowcount)  # type: ignore[attr-defined]
    session.execute(delete(TicketRow).where(TicketRow.conversation_id == conversation_id))
    session.execute(delete(ConversationRow).where(ConversationRow.id == conversation_id))
    receipt = Receipt(receipt_id=uuid4().hex, erased_at=now, messages=counts[0], tracker_turns=counts[1])
    session.add(
        ErasureRow(
            id=receipt.receipt_id, conversation_sha256=token_hash(conversation_id), messages=counts[0],
            tracker_turns=counts[1], erased_at=now,
        )
    )  # fmt: skip
    return receipt


def expired(session: Session, *, before: datetime) -> list[str]:
    """Ids of the conversations that began before an instant."""
    return list(session.scalars(select(ConversationRow.id).where(ConversationRow.created_at < before)))
