"""Conversations in the database: messages in order, Rasa's tracker beside them, erasing all of it at once.

Rasa's tracker events lie in the same database, so that erasing a conversation is one transaction and a tracker cannot
outlive its conversation (docs/decisions/0006-one-database.md).
"""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import JSON, ForeignKey, String, Text, UniqueConstraint, delete, func, insert, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.conversation.message import Message, Offer, Role, State, choice_ids
from bot.database import Base, Instant
from bot.errors import Conflict, NotFound, Unauthorized
from bot.triage import store as tickets

MORE_THAN_ENOUGH = 500
"""Messages that one page of the history holds."""


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
    created_at: Mapped[datetime] = mapped_column(Instant)


class TrackerTurnRow(Base):
    """The events that one turn added to Rasa's tracker, as JSON, in the order of `seq` and of no clock."""

    __tablename__ = "tracker_turns"
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    events: Mapped[str] = mapped_column(Text)


class ErasureRow(Base):
    """That something was erased: how much and when, nothing of what it was."""

    __tablename__ = "erasures"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    conversation_sha256: Mapped[str] = mapped_column(String(64), index=True)
    messages: Mapped[int]
    tracker_turns: Mapped[int]
    erased_at: Mapped[datetime] = mapped_column(Instant)


@dataclass(frozen=True, slots=True)
class Conversation:
    """What a turn needs to know of its conversation."""

    id: str
    state: State
    named_drugs: frozenset[str]
    alarmed: bool


@dataclass(frozen=True, slots=True)
class Received:
    """A patient's message, stored.

    Attributes:
        message: as it was stored.
        seq: its place in the conversation, counted from 1.
        offer: what the button stands for, if it was one.
        replies: what was answered already, when this message was sent before; else empty.
        conversation: as it was before this message.
        new: whether it was stored just now, and not found from before.
    """

    message: Message
    seq: int
    offer: Offer | None
    replies: tuple[Message, ...]
    conversation: Conversation
    new: bool


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof that a conversation was erased."""

    receipt_id: str
    erased_at: datetime
    messages: int
    tracker_turns: int


def token_hash(token: str) -> str:
    """What is stored of a secret that is itself 256 random bits: its SHA-256."""
    return hashlib.sha256(token.encode()).hexdigest()


def open_conversation(
    session: Session, *, channel: str, locale: str, consent_version: str, greeting: Message, now: datetime
) -> tuple[str, str]:
    """Begin a conversation with its greeting.

    Returns:
        Its id and its token. The token is shown this once.
    """
    conversation_id, token = uuid4().hex, secrets.token_urlsafe(32)
    session.add(
        ConversationRow(
            id=conversation_id, token_sha256=token_hash(token), channel=channel, locale=locale,
            consent_version=consent_version, state=State.BOT, named_drugs=[], alarmed_at=None, created_at=now,
        )
    )  # fmt: skip
    session.flush()
    session.add(_message_row(conversation_id, 1, greeting))
    return conversation_id, token


def authorise(session: Session, conversation_id: str, token: str, *, lock: bool = False) -> Conversation:
    """The conversation, if the token is its own.

    Args:
        session: any session.
        conversation_id: which.
        token: its secret.
        lock: hold it until the transaction ends; PostgreSQL's writers then take turns, as SQLite's always do.

    Raises:
        NotFound: there is no such conversation, or it was erased.
        Unauthorized: the token is another's.
    """
    row = session.get(ConversationRow, conversation_id, with_for_update=lock)
    if row is None:
        raise NotFound("no such conversation")
    if not hmac.compare_digest(row.token_sha256, token_hash(token)):
        raise Unauthorized("this token does not open this conversation")
    return Conversation(row.id, State(row.state), frozenset(row.named_drugs), row.alarmed_at is not None)


def state(session: Session, conversation_id: str) -> State:
    """Who is to speak next in a conversation.

    Raises:
        NotFound: there is no such conversation, or it was erased.
    """
    found = session.scalar(select(ConversationRow.state).where(ConversationRow.id == conversation_id))
    if found is None:
        raise NotFound("no such conversation")
    return State(found)


def receive(
    session: Session,
    *,
    conversation_id: str,
    token: str,
    client_id: str,
    text: str | None,
    choice: str | None,
    drugs: frozenset[str],
    now: datetime,
) -> Received:
    """Store a patient's message, once.

    Args:
        session: a session that writes.
        conversation_id: where it goes.
        token: the conversation's secret.
        client_id: the sender's own id of the message; the same again finds what was stored before.
        text: what was typed; or else
        choice: the id of a button that was offered in this conversation.
        drugs: ids of the drugs named in the text.
        now: the present instant.

    Raises:
        NotFound, Unauthorized: see `authorise`.
        Conflict: the conversation is closed, or the button was never offered.
    """
    conversation = authorise(session, conversation_id, token, lock=True)
    before = session.scalars(
        select(MessageRow).where(MessageRow.conversation_id == conversation_id, MessageRow.client_id == client_id)
    ).first()
    if before is not None:
        offer = Offer(**before.offers[0]) if before.offers else None
        replies = replies_to(session, before.id)
        return Received(Message(**before.body), before.seq, offer, replies, conversation, new=False)
    if conversation.state is State.CLOSED:
        raise Conflict("this conversation is closed")
    offer = _offered(session, conversation_id, choice) if choice is not None else None
    message = Message(role=Role.PATIENT, text=offer.title if offer else text or "", created_at=now)
    seq = _next_seq(session, conversation_id)
    row = _message_row(conversation_id, seq, message, offers=[offer] if offer else [])
    row.client_id = client_id
    session.add(row)
    if new := drugs - conversation.named_drugs:
        stored = session.get_one(ConversationRow, conversation_id)
        stored.named_drugs = sorted(conversation.named_drugs | new)
    return Received(message, seq, offer, (), conversation, new=True)


def replies_to(session: Session, message_id: str) -> tuple[Message, ...]:
    """What was answered to a message, in order."""
    rows = session.scalars(select(MessageRow).where(MessageRow.reply_to == message_id).order_by(MessageRow.seq))
    return tuple(Message(**row.body) for row in rows)


def answer(
    session: Session,
    received: Received,
    message: Message,
    *,
    offers: Sequence[Offer] = (),
    alarm: str | None = None,
    now: datetime,
) -> State:
    """Store the reply to a message, and in which state it leaves the conversation.

    Args:
        session: the transaction that also opens the ticket, if the reply mentions one.
        received: the patient's message.
        message: the reply; its choices' ids were made by `with_choices`.
        offers: what the choices stand for, in the same order.
        alarm: id of the red flag that was answered.
        now: the present instant.

    Raises:
        NotFound: the conversation was erased meanwhile.
        Conflict: the message has its reply already.
    """
    conversation = session.get(ConversationRow, received.conversation.id, with_for_update=True)
    if conversation is None:
        raise NotFound("the conversation was erased")
    if replies_to(session, received.message.id):
        raise Conflict("this message has its reply already")
    row = _message_row(conversation.id, _next_seq(session, conversation.id), message, offers=offers)
    row.reply_to, row.alarm = received.message.id, alarm
    session.add(row)
    if alarm and conversation.alarmed_at is None:
        conversation.alarmed_at = now
    if conversation.state == State.BOT and tickets.waiting(session, conversation.id):
        conversation.state = State.WAITING_FOR_STAFF
    return State(conversation.state)


def _message_row(conversation_id: str, seq: int, message: Message, *, offers: Sequence[Offer] = ()) -> MessageRow:
    return MessageRow(
        id=message.id, conversation_id=conversation_id, seq=seq, role=message.role, client_id=None, reply_to=None,
        alarm=None, offers=[offer.model_dump() for offer in offers], body=message.model_dump(mode="json"),
        created_at=message.created_at,
    )  # fmt: skip


def _next_seq(session: Session, conversation_id: str) -> int:
    last = session.scalar(select(func.max(MessageRow.seq)).where(MessageRow.conversation_id == conversation_id))
    return (last or 0) + 1


def _offered(session: Session, conversation_id: str, choice: str) -> Offer:
    """What a button stands for.

    Raises:
        Conflict: it was not offered in this conversation.
    """
    message_id, _, number = choice.partition(".")
    row = session.get(MessageRow, message_id)
    if row is None or row.conversation_id != conversation_id or choice not in choice_ids(row.id, len(row.offers)):
        raise Conflict("this choice was not offered in this conversation")
    return Offer(**row.offers[int(number)])


def history(session: Session, conversation_id: str, *, after: int = 0) -> list[tuple[int, Message]]:
    """Messages with their places, in order.

    Args:
        session: a session that reads.
        conversation_id: whose.
        after: the place after which to begin; 0 is the beginning.
    """
    rows = session.scalars(
        select(MessageRow)
        .where(MessageRow.conversation_id == conversation_id, MessageRow.seq > after)
        .order_by(MessageRow.seq)
        .limit(MORE_THAN_ENOUGH)
    )
    return [(row.seq, Message(**row.body)) for row in rows]


def erase(session: Session, conversation_id: str, *, now: datetime) -> Receipt:
    """Erase a conversation with everything that belongs to it: messages, tracker, tickets.

    Returns:
        The receipt; of the conversation it keeps only a hash and two counts.
    """
    counts = []
    for table in (MessageRow, TrackerTurnRow):
        counts.append(session.execute(delete(table).where(table.conversation_id == conversation_id)).rowcount)  # type: ignore[attr-defined]
    session.execute(delete(tickets.TicketRow).where(tickets.TicketRow.conversation_id == conversation_id))
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


def tracker_turns(session: Session, conversation_id: str, *, last: int) -> tuple[int, list[str]]:
    """How many turns a tracker has, and the events of the last of them, in order.

    Args:
        session: a session that reads.
        conversation_id: whose tracker.
        last: how many turns at the most.

    Returns:
        The number of the last turn, 0 if there is none; and for each turn a JSON list of events.
    """
    rows = session.execute(
        select(TrackerTurnRow.seq, TrackerTurnRow.events)
        .where(TrackerTurnRow.conversation_id == conversation_id)
        .order_by(TrackerTurnRow.seq.desc())
        .limit(last)
    ).all()
    return (rows[0].seq if rows else 0), [row.events for row in reversed(rows)]


def append_tracker_turn(session: Session, conversation_id: str, events: str, *, expected: int) -> None:
    """Append a turn to a tracker, if it is as long as it was when it was read.

    Args:
        session: a session that writes.
        conversation_id: whose tracker; a conversation that was erased meanwhile gets nothing.
        events: a JSON list.
        expected: number of the tracker's last turn when it was read.

    Raises:
        Conflict: somebody else has appended meanwhile.
    """
    row = session.execute(
        select(ConversationRow.id, func.max(TrackerTurnRow.seq).label("last"))
        .outerjoin(TrackerTurnRow, TrackerTurnRow.conversation_id == ConversationRow.id)
        .where(ConversationRow.id == conversation_id)
        .group_by(ConversationRow.id)
    ).one_or_none()
    if row is None:
        return
    if (row.last or 0) != expected:
        raise Conflict(f"the tracker has {row.last} turns and not {expected}")
    session.execute(insert(TrackerTurnRow).values(conversation_id=conversation_id, seq=expected + 1, events=events))
