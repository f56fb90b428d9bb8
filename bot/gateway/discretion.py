"""What may be said in a messaging app that the clinic has not opened for medical texts.

An emergency is answered whole, and so is whatever hands the patient to a person. Of the rest only words that are on a
list (`channel_may_say` in data/<language>/replies.yml), so that a text nobody thought of is left out, not let through.
"""

from bot.content.blocks import Block, Table, as_text
from bot.conversation.dialogue import Begun, Dialogue
from bot.conversation.fixed import Fixed
from bot.conversation.message import Kind, Offer, Reply

TO_PEOPLE = frozenset({"ask_for_person", "start_intake", "skip_question", "stop_intake"})
"""Intents of the buttons that name no subject."""


class Discreet:
    """The dialogue, with a link to the clinic's page in the place of medical texts.

    Args:
        dialogue: what understands the message.
        fixed: has the list, and the words of the link.
    """

    def __init__(self, dialogue: Dialogue, fixed: Fixed) -> None:
        self._dialogue, self._fixed = dialogue, fixed
        names = fixed.words.paragraphs("channel_may_say")
        self._allowed = {text for name in names for text in fixed.words.paragraphs(name)}

    def begin(self, text: str) -> Begun | None:
        """Have the dialogue begin to read."""
        return self._dialogue.begin(text)

    async def answer(
        self,
        conversation_id: str,
        *,
        text: str,
        offer: Offer | None,
        unheard: str | None = None,
        begun: Begun | None = None,
    ) -> Reply:
        """The dialogue's reply, or the link.

        Raises:
            Unavailable: there is no whole reply.
        """
        reply = await self._dialogue.answer(conversation_id, text=text, offer=offer, unheard=unheard, begun=begun)
        if reply.handoff or reply.kind in (Kind.EMERGENCY, Kind.CRISIS):
            return reply
        if all(map(self._may_say, reply.blocks)):
            offers = [one for one in reply.offers if one.intent in TO_PEOPLE]
            return reply.model_copy(update={"offers": offers, "terms": []})
        return self._fixed.say("channel_page").model_copy(update={"gap": reply.gap})

    def _may_say(self, block: Block) -> bool:
        if isinstance(block, Table):
            return block.caption == self._fixed.words.phrase("hours_caption")
        return as_text(block) in self._allowed
