"""The conversation itself: greetings, what Axis is and can do, what it remembers, feedback, erasing."""

from collections.abc import Mapping
from typing import ClassVar

from actions.shop import Shop
from actions.topics import offer
from actions.turn import Answer, Part, Piece, Subject, offer_person, say
from bot.content.blocks import BulletList, Paragraph
from bot.conversation.message import Kind


def _say(name: str, *, person: bool = False) -> Answer:
    def answer(part: Part, shop: Shop) -> Piece:
        return say(shop, name, offers=[offer_person(shop)] if person else [])

    return answer


def capabilities(part: Part, shop: Shop) -> Piece:
    """What Axis can do, with texts to begin with."""
    topics = (shop.topic(one) for one in shop.fixed.words.paragraphs("capability_topics"))
    return say(shop, "capabilities", offers=[*(offer(one) for one in topics if one), offer_person(shop)])


def memory(part: Part, shop: Shop) -> Piece:
    """What this conversation has noted about the patient."""
    words, lexicon = shop.fixed.words, shop.fixed.lexicon
    noted = []
    for slot in ("drug", "marker", "symptom"):
        value = getattr(part.memory, slot)
        if value and value in lexicon:
            noted.append(f"{words.phrase(f'memory_{slot}')}: {lexicon[value].name}")
    if part.memory.goal:
        noted.append(f"{words.phrase('memory_goal')}: {words.phrase(f'goal_{part.memory.goal}')}")
    if topic := shop.topic(part.memory.topic or ""):
        noted.append(f"{words.phrase('memory_topic')}: {topic.title}")
    if not noted:
        return say(shop, "memory_empty")
    first, note = words.phrase("memory"), words.phrase("memory_note")
    return Piece(kind=Kind.SMALLTALK, blocks=[Paragraph(first), BulletList(noted), Paragraph(note)], key="memory")


class Conversation(Subject):
    """Answers what concerns the conversation itself."""

    answers: ClassVar[Mapping[str, Answer]] = {
        "greet": _say("greet_again"),
        "goodbye": _say("goodbye"),
        "thank": _say("thanks"),
        "affirm": _say("no_topic_yet"),
        "deny": _say("no_topic_yet"),
        "skip_question": _say("no_topic_yet"),
        "stop_intake": _say("no_topic_yet"),
        "ask_is_bot": _say("is_bot", person=True),
        "ask_capabilities": capabilities,
        "ask_sources": _say("sources"),
        "ask_memory": memory,
        "ask_erase": _say("erase_how", person=True),
        "give_positive_feedback": _say("positive_feedback"),
        "give_negative_feedback": _say("negative_feedback", person=True),
        "abuse": _say("abuse", person=True),
    }

    def name(self) -> str:
        """As in domain.yml."""
        return "action_conversation"
