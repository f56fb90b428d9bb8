"""Conversations in the database: messages in order, Rasa's tracker beside them, erasing all of it at once.

Rasa's tracker events lie in the same database, so that erasing a conversation is one transaction and a tracker cannot
outlive its conversation (docs/decisions/0006-one-database.md).
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Table, bindparam, func, select, update
from sqlalchemy.orm import Session

from bot.chain import link
from bot.conversation import outgoing
from bot.conversation.message import Message, Offer, Role, State, choice_ids
from bot.conversation.tables import ConversationRow, MessageRow
from bot.errors import Conflict, NotFound, Unauthorized
from bot.triage import store as tickets
from bot.triage.tables import TicketRow

MORE_THAN_ENOUGH = 500
LATELY = 8  # places of a conversation
"""Messages that one page of the history holds."""

WEB = "web"
"""The channel of the widget; of all others a contact may be known."""


# The statements of every turn, built once: they go to the tables themselves, since the ORM's bookkeeping of rows that
# are written once and never changed took most of a turn's time in the store.
_conversations: Table = ConversationRow.__table__  # type: ignore[assignment]
_messages: Table = MessageRow.__table__  # type: ignore[assignment]
_tickets: Table = TicketRow.__table__  # type: ignore[assignment]
_UNLOCKED = select(_conversations).where(_conversations.c.id == bindparam("it"))
_LOCKED = _UNLOCKED.with_for_update()
_OWN = _messages.c.conversation_id == bindparam("it")
_LAST = select(_messages).where(_OWN).order_by(_messages.c.seq.desc()).limit(1).subquery()
"""The last message; there always is one, since a conversation begins with its greeting."""
_ARRIVING = select(
    select(_messages.c.id).where(_OWN, _messages.c.client_id == bindparam("client")).scalar_subquery(),
    select(func.count()).where(_tickets.c.conversation_id == bindparam("it")).scalar_subquery(),
    *_LAST.c["seq", "chain", "role", "reply_to", "alarm"],
)
_AT_END = select(_LAST.c.seq, _LAST.c.chain)
_ANSWERING = select(
    select(func.count()).where(_messages.c.reply_to == bindparam("message")).scalar_subquery(),
    _LAST.c.seq,
    _LAST.c.chain,
)


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
        after_alarm: whether the reply before it was an emergency's or a crisis's text.
        unheard: what they wrote since the dialogue last replied; None where the last word was the dialogue's.
        lately: what they wrote just before, where this message names a medicine for the first time.
    """

    message: Message
    seq: int
    offer: Offer | None
    replies: tuple[Message, ...]
    conversation: Conversation
    new: bool
    after_alarm: bool = False
    unheard: str | None = None
    lately: str = ""


def token_hash(token: str) -> str:
    """What is stored of a secret that is itself 256 random bits: its SHA-256."""
    return hashlib.sha256(token.encode()).hexdigest()


def open_conversation(
    session: Session,
    *,
    channel: str,
    locale: str,
    consent_version: str,
    greeting: Message,
    now: datetime,
    own_id: str = "",
) -> tuple[str, str]:
    """Begin a conversation with its greeting; `own_id` is the id that the caller wants for it.

    Returns:
        Its id and its token. The token is shown this once.
    """
    conversation_id, token = own_id or uuid4().hex, secrets.token_urlsafe(32)
    session.add(
        ConversationRow(
            id=conversation_id, token_sha256=token_hash(token), channel=channel, locale=locale,
            consent_version=consent_version, state=State.BOT, named_drugs=[], alarmed_at=None, created_at=now,
        )
    )  # fmt: skip
    session.flush()
    _insert(session, conversation_id, 1, "", greeting)
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
    row = _conversation(session, conversation_id, lock=lock)
    if not hmac.compare_digest(row.token_sha256, token_hash(token)):
        raise Unauthorized("this token does not open this conversation")
    return Conversation(row.id, State(row.state), frozenset(row.named_drugs), row.alarmed_at is not None)


def _conversation(session: Session, conversation_id: str, *, lock: bool) -> Any:
    """A conversation's row.

    Raises:
        NotFound: there is none, or it was erased.
    """
    row = session.connection().execute(_LOCKED if lock else _UNLOCKED, {"it": conversation_id}).one_or_none()
    if row is None:
        raise NotFound("no such conversation")
    return row


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
    accepted: Callable[[], None] | None = None,
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
        accepted: called before anything is written, if the message is new and no person has the conversation.

    Raises:
        NotFound, Unauthorized: see `authorise`.
        Conflict: the conversation is closed, or the button was never offered.
    """
    conversation = authorise(session, conversation_id, token, lock=True)
    said = {"it": conversation_id, "client": client_id}
    known, requests, last, chain, role, reply_to, alarm = session.connection().execute(_ARRIVING, said).one()
    if known is not None:
        return _received_before(session, known, conversation)
    if conversation.state is State.CLOSED:
        raise Conflict("this conversation is closed")
    if accepted and conversation.state is not State.STAFF:
        accepted()
    offer = _offered(session, conversation_id, choice) if choice is not None else None
    message = Message(role=Role.PATIENT, text=offer.title if offer else text or "", created_at=now)
    seq = last + 1
    _insert(session, conversation_id, seq, chain, message, offers=[offer] if offer else [], client_id=client_id)
    if new := drugs - conversation.named_drugs:
        _set(session, conversation_id, named_drugs=sorted(conversation.named_drugs | new))
    if requests:
        tickets.patient_wrote(session, conversation_id, now=now)
    by_another = alarm is not None or (role != Role.PATIENT and reply_to is None)
    unheard = _unheard(session, conversation_id, before=seq) if by_another else None
    lately = _typed(session, conversation_id, after=seq - LATELY, before=seq) if new and not alarm else ""
    return Received(message, seq, offer, (), conversation, True, alarm is not None, unheard, lately)


def _unheard(session: Session, conversation_id: str, *, before: int) -> str:
    """What the patient wrote since the last reply that was no red flag's text."""
    own = MessageRow.conversation_id == conversation_id
    other = select(func.max(MessageRow.seq)).where(own, MessageRow.reply_to.is_not(None), MessageRow.alarm.is_(None))
    return _typed(session, conversation_id, after=session.scalar(other) or 0, before=before)


def _typed(session: Session, conversation_id: str, *, after: int, before: int) -> str:
    """What the patient wrote between two places of a conversation, a line for each message."""
    own = MessageRow.conversation_id == conversation_id
    between = own, MessageRow.role == Role.PATIENT, MessageRow.seq > after, MessageRow.seq < before
    rows = session.scalars(select(MessageRow).where(*between).order_by(MessageRow.seq))
    return "\n".join(Message(**row.body).text for row in rows)


def _received_before(session: Session, message_id: str, conversation: Conversation) -> Received:
    """A message that was sent before, with what was answered."""
    row = session.get_one(MessageRow, message_id)
    offer = Offer(**row.offers[0]) if row.offers else None
    return Received(Message(**row.body), row.seq, offer, replies_to(session, row.id), conversation, new=False)


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
    conversation = _conversation(session, received.conversation.id, lock=True)
    about = {"it": conversation.id, "message": received.message.id}
    answered, last, chain = session.connection().execute(_ANSWERING, about).one()
    if answered:
        raise Conflict("this message has its reply already")
    _insert(
        session, conversation.id, last + 1, chain, message, offers=offers, reply_to=received.message.id, alarm=alarm
    )
    state = _settle(session, conversation, alarm=alarm, now=now)
    _pass_on(session, conversation, message, now=now)
    return state


def tell(
    session: Session, conversation_id: str, message: Message, *, alarm: str | None = None, state: State | None = None
) -> None:
    """Add what answers no message, said by Axis, by the team or in a call; it also goes to the app of a contact.

    Args:
        session: a session that writes.
        conversation_id: where it is said.
        message: what is said.
        alarm: id of the red flag that it holds.
        state: who is to speak from now on, if that changes.

    Raises:
        NotFound: there is no such conversation, or it was erased.
    """
    conversation = _conversation(session, conversation_id, lock=True)
    last, chain = session.connection().execute(_AT_END, {"it": conversation_id}).one()
    _insert(session, conversation_id, last + 1, chain, message, alarm=alarm)
    if state:
        set_state(session, conversation_id, state)
    else:
        _settle(session, conversation, alarm=alarm, now=message.created_at)
    _pass_on(session, conversation, message, now=message.created_at)


def _settle(session: Session, conversation: Any, *, alarm: str | None, now: datetime) -> State:
    """Mark a conversation with its first alarm, and as waiting for the team if it has a ticket; the state it is in."""
    changes: dict[str, Any] = {}
    if alarm and conversation.alarmed_at is None:
        changes["alarmed_at"] = now
    if conversation.state == State.BOT and tickets.waiting(session, conversation.id):
        changes["state"] = State.WAITING_FOR_STAFF
    if changes:
        _set(session, conversation.id, **changes)
    return State(changes.get("state", conversation.state))


def _pass_on(session: Session, conversation: Any, message: Message, *, now: datetime) -> None:
    if conversation.channel != WEB:  # most are on the web, and need not be looked up
        outgoing.enqueue(session, conversation.id, message, now=now)


def lock(session: Session, conversation_id: str) -> State:
    """Hold a conversation until the transaction ends; who is to speak in it.

    Raises:
        NotFound: there is none, or it was erased.
    """
    return State(_conversation(session, conversation_id, lock=True).state)


def set_state(session: Session, conversation_id: str, after: State) -> None:
    """Who is to speak next in a conversation from now on."""
    _set(session, conversation_id, state=after)


def _insert(
    session: Session,
    conversation_id: str,
    seq: int,
    chain: str | None,
    message: Message,
    *,
    offers: Sequence[Offer] = (),
    **more: str | None,
) -> None:
    """Add a message with its link to the one before; what is not given stays empty."""
    row = {
        "id": message.id, "conversation_id": conversation_id, "seq": seq, "role": message.role, "client_id": None,
        "reply_to": None, "alarm": None, "offers": [offer.model_dump() for offer in offers],
        "body": message.model_dump(mode="json"), "created_at": message.created_at, **more,
    }  # fmt: skip
    row["chain"] = link(chain or conversation_id, linked(row))
    session.connection().execute(_messages.insert(), row)


def linked(row: Mapping[str, Any]) -> dict[str, Any]:
    """What of a message's row its link holds; a conversation's first row is linked to the conversation's id."""
    return {name: row[name] for name in ("seq", "role", "client_id", "reply_to", "alarm", "offers", "body")}


def _set(session: Session, conversation_id: str, **values: Any) -> None:
    session.execute(update(_conversations).where(_conversations.c.id == conversation_id).values(**values))


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
