"""Messages on their way to messaging apps: put there with the reply, leased to one worker, in order for each contact.

A row is delivered at least once. It is taken by compare-and-set with a lease, so that two processes do not send it
both; a process that dies loses its lease, and another goes on after the parts that were sent.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import uuid4

from sqlalchemy import and_, delete, exists, or_, select, update
from sqlalchemy.orm import Session, aliased

from bot.conversation.message import Kind, Message
from bot.conversation.tables import ArrivalRow, ContactRow, OutboxRow


class Standing(StrEnum):
    """Where a message stands on its way."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"


@dataclass(frozen=True, slots=True)
class Parcel:
    """A message that this worker may deliver.

    Attributes:
        address: whom the provider gives it to.
        sent_parts: how many parts it has taken before.
        attempts: how often it was tried, this time included.
        lease: proves that it is still ours.
    """

    id: int
    channel: str
    address: str
    message: Message
    sent_parts: int
    attempts: int
    lease: str


_OTHER = aliased(OutboxRow)
_HELD_BACK = exists().where(
    _OTHER.state == Standing.WAITING,
    _OTHER.channel == OutboxRow.channel,
    _OTHER.contact_sha256 == OutboxRow.contact_sha256,
    or_(_OTHER.rank < OutboxRow.rank, and_(_OTHER.rank == OutboxRow.rank, _OTHER.id < OutboxRow.id)),
)
"""Another message to the same contact goes first."""


def key(opaque_id: str) -> str:
    """Under which a provider's id of a contact or a message is stored: its SHA-256, 64 hexadecimal digits."""
    return hashlib.sha256(opaque_id.encode()).hexdigest()


def enqueue(session: Session, conversation_id: str, message: Message, *, now: datetime) -> None:
    """Send a message of a conversation to the messaging app it is held in; nothing happens if it is held on the web.

    Args:
        session: the transaction that stores the message.
        conversation_id: whose.
        message: what Axis or the team says.
        now: the present instant.
    """
    contact = session.scalars(select(ContactRow).where(ContactRow.conversation_id == conversation_id)).one_or_none()
    if contact is None:
        return
    whom = (contact.channel, contact.contact_sha256, contact.address)
    session.add(_row(*whom, message, conversation_id=conversation_id, now=now))


def send(session: Session, *, channel: str, contact: str, address: str, message: Message, now: datetime) -> None:
    """Send words that belong to no stored conversation.

    Args:
        session: a session that writes.
        channel: the provider.
        contact: its opaque id of the person, for the order.
        address: whom it gives the message to.
        message: what is said; nothing of it is kept once it is delivered.
        now: the present instant.
    """
    session.add(_row(channel, key(contact), address, message, conversation_id=None, now=now))


def _row(
    channel: str, contact_sha256: str, address: str, message: Message, *, conversation_id: str | None, now: datetime
) -> OutboxRow:
    rank = 0 if message.kind in (Kind.EMERGENCY, Kind.CRISIS) else 1
    return OutboxRow(
        channel=channel, contact_sha256=contact_sha256, address=address, conversation_id=conversation_id,
        body=message.model_dump(mode="json"), rank=rank, state=Standing.WAITING, due_at=now,
    )  # fmt: skip


def _ready(channels: Iterable[str], now: datetime) -> Any:
    return and_(
        OutboxRow.state == Standing.WAITING,
        OutboxRow.channel.in_(list(channels)),
        OutboxRow.due_at <= now,
        or_(OutboxRow.leased_until.is_(None), OutboxRow.leased_until < now),
        ~_HELD_BACK,
    )


def due(session: Session, *, channels: Iterable[str], now: datetime) -> bool:
    """Whether there is anything to deliver; looking does not hold up those who write."""
    return session.scalars(select(OutboxRow.id).where(_ready(channels, now)).limit(1)).first() is not None


def lease(session: Session, *, channels: Iterable[str], now: datetime, until: datetime, most: int) -> list[Parcel]:
    """Take the first message of each contact that is due, the emergencies before all.

    Args:
        session: a session that writes.
        channels: those that are connected.
        now: the present instant.
        until: when others may take over.
        most: how many at the most.
    """
    rows = session.scalars(
        select(OutboxRow)
        .where(_ready(channels, now))
        .order_by(OutboxRow.rank, OutboxRow.id)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    taken = []
    for row in rows:
        # An attempt counts when it begins: a message that kills the process is given up, too.
        row.lease, row.leased_until, row.attempts = uuid4().hex, until, row.attempts + 1
        taken.append(
            Parcel(
                row.id, row.channel, row.address, Message(**(row.body or {})), row.sent_parts, row.attempts, row.lease
            )
        )
    return taken


def sent(session: Session, parcel: Parcel, *, parts: int, until: datetime) -> bool:
    """Note how many parts the provider has taken, and keep the lease.

    Returns:
        False if it was lost, or the message erased; then nothing more of it must be sent.
    """
    return _change(session, parcel, sent_parts=parts, leased_until=until)


def postpone(session: Session, parcel: Parcel, *, due_at: datetime) -> None:
    """Try again later."""
    _change(session, parcel, due_at=due_at, lease=None, leased_until=None)


def finish(session: Session, parcel: Parcel, standing: Standing) -> None:
    """Note that a message was delivered or given up, and keep no word of it.

    Of what belongs to no conversation not even that is kept.
    """
    mine = and_(OutboxRow.id == parcel.id, OutboxRow.lease == parcel.lease)
    session.execute(delete(OutboxRow).where(mine, OutboxRow.conversation_id.is_(None)))
    _change(session, parcel, state=standing, body=None, address="", lease=None, leased_until=None)


def _change(session: Session, parcel: Parcel, **values: Any) -> bool:
    done = session.execute(
        update(OutboxRow).where(OutboxRow.id == parcel.id, OutboxRow.lease == parcel.lease).values(**values)
    )
    return bool(done.rowcount)  # type: ignore[attr-defined]


def standings(session: Session, conversation_id: str) -> list[Standing]:
    """Where the messages to a conversation's contact stand, in the order in which they were put there."""
    rows = select(OutboxRow.state).where(OutboxRow.conversation_id == conversation_id).order_by(OutboxRow.id)
    return [Standing(state) for state in session.scalars(rows)]


def erase(session: Session, conversation_id: str) -> None:
    """Erase who a conversation's contact is and what was on its way there; part of `store.erase`."""
    contact = session.scalars(select(ContactRow).where(ContactRow.conversation_id == conversation_id)).one_or_none()
    mine = OutboxRow.conversation_id == conversation_id
    if contact:
        to_them = and_(OutboxRow.channel == contact.channel, OutboxRow.contact_sha256 == contact.contact_sha256)
        mine = or_(mine, to_them)
    session.execute(delete(OutboxRow).where(mine))
    session.execute(delete(ContactRow).where(ContactRow.conversation_id == conversation_id))
    session.execute(
        update(ArrivalRow)
        .where(ArrivalRow.conversation_id == conversation_id)
        .values(conversation_id=None, answer_after=None)
    )
