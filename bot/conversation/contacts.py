"""People in messaging apps: one conversation for each, each message counted once, and none left without its turn."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from bot.conversation import outgoing, store
from bot.conversation.message import Message, Role, State
from bot.conversation.outgoing import key
from bot.conversation.tables import ArrivalRow, ContactRow, ConversationRow, MessageRow
from bot.database import one_at_a_time


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody in a messaging app.

    Attributes:
        token: of their conversation; the provider's signature stands for their knowing it.
        address: whom the provider gives messages to.
    """

    conversation_id: str
    token: str
    address: str
    consent_version: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message that is stored and waits for its reply.

    Attributes:
        client_id: under which the conversation has it.
        typed: its text, if it was typed and not a button.
    """

    channel: str
    client_id: str
    conversation_id: str
    token: str
    address: str
    typed: str | None


def note_arrival(session: Session, *, channel: str, contact: str, message_id: str, now: datetime) -> bool:
    """Count a provider's message; those of one contact take turns from here until the transaction ends.

    Returns:
        False if it has come before.
    """
    one_at_a_time(session, f"contact:{channel}:{key(contact)}")
    if session.get(ArrivalRow, (channel, key(message_id))):
        return False
    session.add(ArrivalRow(channel=channel, message_sha256=key(message_id), at=now))
    session.flush()
    return True


def find(session: Session, *, channel: str, contact: str, address: str) -> Contact | None:
    """The contact, if there is a conversation with them; a new address of theirs is noted.

    Args:
        session: a session that writes.
        channel: the provider.
        contact: its opaque id.
        address: whom it gives messages to.
    """
    row = session.get(ContactRow, (channel, key(contact)))
    if row is None:
        return None
    row.address = address
    version = session.scalars(select(ConversationRow.consent_version).where(ConversationRow.id == row.conversation_id))
    return Contact(row.conversation_id, row.token, address, version.one())


def welcome(
    session: Session,
    *,
    channel: str,
    contact: str,
    address: str,
    locale: str,
    consent_version: str,
    greeting: Message,
    now: datetime,
) -> Contact:
    """Open the conversation with a contact, and send its greeting.

    Args:
        session: a session that writes.
        channel: the provider.
        contact: its opaque id of who wrote.
        address: whom it gives messages to.
        locale: the language of the words.
        consent_version: of the consent in the greeting; to go on writing is to agree.
        greeting: the first message.
        now: the present instant.
    """
    conversation_id, token = store.open_conversation(
        session, channel=channel, locale=locale, consent_version=consent_version, greeting=greeting, now=now
    )
    session.add(
        ContactRow(
            channel=channel, contact_sha256=key(contact), address=address, conversation_id=conversation_id, token=token
        )
    )
    session.flush()
    outgoing.enqueue(session, conversation_id, greeting, now=now)
    return Contact(conversation_id, token, address, consent_version)


def renew_consent(session: Session, contact: Contact, *, consent_version: str, consent: Message, now: datetime) -> None:
    """Show a contact the consent as it stands now, and note that they go on with it."""
    store.tell(session, contact.conversation_id, consent)
    changed = update(ConversationRow).where(ConversationRow.id == contact.conversation_id)
    session.execute(changed.values(consent_version=consent_version))


def last_reply(session: Session, conversation_id: str) -> Message | None:
    """What Axis or the team said last."""
    row = session.scalars(
        select(MessageRow.body)
        .where(MessageRow.conversation_id == conversation_id, MessageRow.role != Role.PATIENT)
        .order_by(MessageRow.seq.desc())
        .limit(1)
    ).first()
    return Message(**row) if row else None


def receive(
    session: Session,
    contact: Contact,
    *,
    channel: str,
    message_id: str,
    text: str,
    choice: str | None,
    drugs: frozenset[str],
    now: datetime,
    answer_after: datetime,
) -> Arrival:
    """Store a contact's message, so that it is answered whatever happens to this process.

    Args:
        session: the transaction that has noted its arrival.
        contact: who wrote.
        channel: the provider.
        message_id: the provider's id of it.
        text: what was typed; or else
        choice: the id of a button that was offered in this conversation.
        drugs: ids of the drugs named in the text.
        now: the present instant.
        answer_after: when another process may answer it, if this one has not.

    Raises:
        Conflict: the button was never offered; nothing was stored.
    """
    if store.lock(session, contact.conversation_id) is State.CLOSED:  # an app has no button for a new conversation
        store.set_state(session, contact.conversation_id, State.BOT)
    client_id = key(message_id)
    received = store.receive(
        session,
        conversation_id=contact.conversation_id,
        token=contact.token,
        client_id=client_id,
        text=None if choice else text,
        choice=choice,
        drugs=drugs,
        now=now,
    )
    arrival = session.get_one(ArrivalRow, (channel, client_id))
    arrival.conversation_id, arrival.answer_after = contact.conversation_id, answer_after
    typed = None if received.offer else received.message.text
    return Arrival(channel, client_id, contact.conversation_id, contact.token, contact.address, typed)


def unanswered(
    session: Session, *, channels: Iterable[str], now: datetime, until: datetime, most: int
) -> list[Arrival]:
    """Take messages whose process did not answer them, the oldest first.

    Args:
        session: a session that writes.
        channels: those that are connected.
        now: the present instant.
        until: when others may take over.
        most: how many at the most.
    """
    rows = session.scalars(
        select(ArrivalRow)
        .where(ArrivalRow.answer_after < now, ArrivalRow.channel.in_(list(channels)))
        .order_by(ArrivalRow.at)
        .limit(most)
        .with_for_update(skip_locked=True)
    ).all()
    taken = [_arrival(session, row) for row in rows]
    for row, arrival in zip(rows, taken, strict=True):
        row.answer_after = until if arrival else None
    return [arrival for arrival in taken if arrival]


def _arrival(session: Session, row: ArrivalRow) -> Arrival | None:
    """A message as it waits; None if its conversation has no contact any more."""
    contact = session.scalars(select(ContactRow).where(ContactRow.conversation_id == row.conversation_id)).first()
    message = session.scalars(
        select(MessageRow).where(
            MessageRow.conversation_id == row.conversation_id, MessageRow.client_id == row.message_sha256
        )
    ).first()
    if contact is None or message is None:
        return None
    typed = None if message.offers else Message(**message.body).text
    return Arrival(row.channel, row.message_sha256, contact.conversation_id, contact.token, contact.address, typed)


def answered(session: Session, arrival: Arrival) -> None:
    """Note that a message has its reply, or needs none any more."""
    mine = (ArrivalRow.channel == arrival.channel, ArrivalRow.message_sha256 == arrival.client_id)
    session.execute(update(ArrivalRow).where(*mine).values(answer_after=None))


def forget_arrivals(session: Session, *, before: datetime) -> None:
    """Forget which messages came before an instant: no provider sends them again."""
    session.execute(delete(ArrivalRow).where(ArrivalRow.at < before, ArrivalRow.answer_after.is_(None)))
