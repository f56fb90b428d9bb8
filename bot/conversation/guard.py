"""The closing guard: whatever the dialogue gave, the patient gets whole words that end with a referral. Pure."""

from bot.content.blocks import Paragraph, Text
from bot.conversation.message import Choice, Closing, Message, Reply, Role, choice_ids


def close(reply: Reply, closing: Closing, *, role: Role = Role.ASSISTANT) -> Message:
    """The reply as the message that is stored and sent: its blocks, its buttons, and its closing.

    Args:
        reply: what is said.
        closing: the referral that ends it.
        role: who says it.

    Raises:
        ValueError: the closing or the reply is empty; the caller then sends the safe reply.
    """
    body = str(Text(blocks=reply.blocks)).strip()
    if not body or not closing.text.strip():
        raise ValueError("a reply needs words and a closing")
    message = Message(
        role=role,
        text=f"{body}\n\n{closing.text}",
        blocks=reply.blocks,
        provenance=reply.provenance,
        terms=reply.terms,
        kind=reply.kind,
        closing=closing,
    )
    ids = choice_ids(message.id, len(reply.offers))
    choices = [Choice(id=one, title=offer.title) for one, offer in zip(ids, reply.offers, strict=True)]
    return message.model_copy(update={"choices": choices})


def notice(paragraphs: list[str]) -> Message:
    """A line that says who speaks now; it answers nothing, and so needs no referral.

    Args:
        paragraphs: of the words that are not medical.
    """
    blocks = [Paragraph(part) for part in paragraphs]
    return Message(role=Role.SYSTEM, text="\n\n".join(paragraphs), blocks=list(blocks))


def is_closed(message: Message) -> bool:
    """Whether a message ends with its referral, in `text`, as every channel shows it."""
    return message.closing is not None and message.text.endswith(message.closing.text) and bool(message.closing.text)
