"""What a patient can take along or have erased, and how long anything is kept. Pure, but for `enforce_retention`."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from bot.conversation import contacts, erasure
from bot.conversation.message import Message, Role
from bot.database import Database

SENT_AGAIN_WITHIN = timedelta(days=30)
"""Providers send a message again for days, none for a month."""

SPEAKERS = {Role.PATIENT: "You", Role.ASSISTANT: "Axis", Role.STAFF: "Clinic team", Role.SYSTEM: "Note"}


def transcript(clinic: str, messages: Iterable[Message]) -> str:
    """A conversation as plain text that a patient can keep or print.

    Args:
        clinic: its name, for the heading.
        messages: in order.
    """
    parts = [f"Conversation with Axis, the information service of {clinic}", "Times are in UTC."]
    for message in messages:
        when = message.created_at.strftime("%Y-%m-%d %H:%M")
        parts.append(f"[{when}] {SPEAKERS[message.role]}:\n{message.text}")
        for text in message.provenance:
            reviewed = f"reviewed by {text.reviewed_by}" if text.reviewed_by else "not yet reviewed by this clinic"
            parts.append(f"(Text: {text.title}, revision {text.revision}, {text.level}; {reviewed}.)")
    return "\n\n".join(parts) + "\n"


def enforce_retention(database: Database, *, keep: timedelta, now: datetime) -> int:
    """Erase the conversations that are older than the clinic keeps them.

    Returns:
        How many were erased.
    """
    with database.reading() as session:
        old = erasure.expired(session, before=now - keep)
    for conversation_id in old:
        with database.writing() as session:
            erasure.erase(session, conversation_id, now=now)
    with database.writing() as session:
        contacts.forget_arrivals(session, before=now - SENT_AGAIN_WITHIN)
    return len(old)
