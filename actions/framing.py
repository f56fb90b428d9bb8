"""What stands before and after an answer: a word for something hard that was said, the question about children before
testosterone, a line for who asks for somebody else (all but the word once in a conversation), and the question whether
there is a danger that the nets were not sure of.
"""

import re

from actions.memory import TEAM, Memory, Offered
from actions.shop import Shop, offer_person
from bot.content.blocks import Block, Paragraph
from bot.conversation.message import Kind, Offer, Provenance, Reply
from bot.safety.red_flags import Level

CHILDREN = "testosterone_children"
"""The advice that a question about testosterone treatment meets first."""

FEW = 2
"""Buttons beside the person's where something hard was said."""

_TESTOSTERONE = "testosterone"
_TREATMENT = frozenset({"therapy", "mechanism", "side_effects", "comparison", "suitability", "monitoring", "long_term"})
_NOT_ASKED = re.compile(
    r"\b(?:trans|transgender\w*|transmasc\w*|transfem\w*|ftm|mtf|non-?binary|menopaus\w*|pregnant)\b", re.IGNORECASE
)
_SOFTENED = frozenset({Kind.ANSWER, Kind.CLARIFICATION, Kind.REFUSAL, Kind.FALLBACK})
_PARTNER = re.compile(
    r"\bmy (?:husband|wife|partner|boyfriend|girlfriend|fianc\w+|mrs|bf|gf|son|daughter|brother|sister|m[uo]m|dad)\b",
    re.IGNORECASE,
)
_OWN = re.compile(r"\b(?:i|im|ive|me|myself|my fault)\b", re.IGNORECASE)


def framed(reply: Reply, text: str, memory: Memory, shop: Shop) -> tuple[Reply, dict[str, str | None]]:
    """A reply with what belongs around it.

    Args:
        reply: the answer.
        text: what was typed; empty for a button.
        memory: what the conversation remembers.
        shop: has the words.

    Returns:
        The reply, and the slots to set.
    """
    told = (memory.told or "").split()
    if reply.handoff and TEAM not in told:
        told.append(TEAM)
    slots: dict[str, str | None] = {}
    if _meets_children_first(reply, text, memory, shop):
        reply = _children_first(reply, shop)
        told.append(CHILDREN)
        slots["offered"] = Offered.CHILDREN
    if reply.kind is Kind.ANSWER and _asks_for_another(text) and not memory.was_told("partner"):
        line: list[Block] = [Paragraph(one) for one in shop.fixed.words.paragraphs("for_partner")]
        reply = reply.model_copy(update={"blocks": [*reply.blocks, *line]})
        told.append("partner")
    reply = _softened(reply, text, shop)
    slots["told"] = " ".join(told)
    if not text:
        return reply, {**slots, "noted": memory.noted}
    noted = shop.fixed.ears.listen(memory.self_told, text)
    return reply, {**slots, "noted": noted.model_dump_json(), "goal": noted.goal or memory.goal}


def _asks_for_another(text: str) -> bool:
    """Whether somebody asks on another's behalf; who speaks of themselves, too, asks for themselves."""
    return bool(_PARTNER.search(text)) and not _OWN.search(text)


def asked_whether(level: Level, reply: Reply, shop: Shop) -> Reply:
    """A reply that also asks whether there is a crisis, or an urgent sign: the second net took the message for half of
    one. The answer is not kept back for it; a button, or a yes, brings what one gets.
    """
    lines: list[Block] = [Paragraph(one) for one in shop.fixed.words.paragraphs(f"whether_{level}")]
    now = Offer(title=shop.fixed.words.phrase(f"button_{level}"), intent=f"report_{level}")
    return reply.model_copy(update={"blocks": [*reply.blocks, *lines], "offers": [now, *reply.offers]})


def _meets_children_first(reply: Reply, text: str, memory: Memory, shop: Shop) -> bool:
    """Whether the answer is about testosterone, and nobody knows yet whether the patient hopes for children."""
    known = memory.goal or memory.was_told(CHILDREN) or shop.fixed.goals.find(text)
    if reply.kind is not Kind.ANSWER or known or _NOT_ASKED.search(text):
        return False
    topics = [found for one in reply.provenance if (found := shop.topic(one.topic))]
    return bool(topics) and all(
        any(drug.startswith(_TESTOSTERONE) for drug in topic.drugs)
        and topic.kind in _TREATMENT
        and topic.closing != "fertility"
        and topic.audience != {"women"}
        for topic in topics
    )


def _children_first(reply: Reply, shop: Shop) -> Reply:
    advice, words = shop.fixed.moments.advice[CHILDREN], shop.fixed.words
    name = f"advice:{CHILDREN}"
    source = Provenance(
        topic=name, title=advice.title, revision=shop.fixed.revisions.get(name, 0), level="plain", sha256=advice.sha256
    )
    first: list[Block] = [Paragraph(one) for one in advice.paragraphs]
    goals = (("now", "trying_now"), ("later", "later"), ("no", "no"))
    offers = [
        Offer(title=words.phrase(f"button_children_{word}"), intent="share_fertility_goal", entities={"goal": goal})
        for word, goal in goals
    ]
    return reply.model_copy(
        update={
            "blocks": [*first, *reply.blocks],
            "offers": [*offers, *reply.offers],
            "provenance": [*reply.provenance, source],
        }
    )


def _softened(reply: Reply, text: str, shop: Shop) -> Reply:
    """A word for something hard before anything else, a person first among few buttons."""
    moment = shop.fixed.moments.check(text) if text and reply.kind in _SOFTENED else None
    if moment is None:
        return reply
    said = {block.text for block in reply.blocks if isinstance(block, Paragraph)}
    alone = shop.fixed.words.paragraphs(f"moment_{moment.id}")
    line = shop.fixed.words.paragraphs(f"moment_{moment.id}_line")
    first: list[Block] = [] if said & set(alone) else [Paragraph(one) for one in line]
    person = offer_person(shop)
    others = [one for one in reply.offers if one != person]
    return reply.model_copy(update={"blocks": [*first, *reply.blocks], "offers": [person, *others[:FEW]]})
