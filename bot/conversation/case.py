"""A ticket read together with its conversation, for what is handed on: exports, print and webhook."""

from bot.conversation import store
from bot.conversation.message import Message
from bot.database import SESSION
from bot.triage import intake
from bot.triage import store as tickets
from bot.triage.case import Case, Spoken, TextUsed


def read(session: SESSION, ticket_id: str) -> Case:
    """One ticket with all that belongs to it.

    Args:
        session: a session that reads.
        ticket_id: which.

    Raises:
        NotFound: there is none of this id.
    """
    ticket = tickets.find(session, ticket_id)
    spoken = tuple(_spoken(message) for message in whole(session, ticket.conversation_id))
    return Case(ticket, spoken, intake.from_json(ticket.intake), due=ticket.due_at)


def whole(session: SESSION, conversation_id: str) -> list[Message]:
    """All messages of a conversation in order, however many pages they fill."""
    messages: list[Message] = []
    after = 0
    while page := store.history(session, conversation_id, after=after):
        messages += [message for _, message in page]
        after = page[-1][0]
    return messages


def _spoken(message: Message) -> Spoken:
    texts = tuple(TextUsed(one.topic, one.revision, one.level, one.sha256) for one in message.provenance)
    return Spoken(message.id, message.role, message.text, message.created_at, message.kind or "", texts)
