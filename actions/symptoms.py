"""Symptoms, distress, and the emergencies that reached Rasa: each symptom named gets its text."""

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from actions.shop import Shop, offer_person
from actions.topics import answer_question, is_for, remembering, show
from actions.turn import Answer, Part, Piece, Subject, say
from bot.content.topic import Level
from bot.conversation.message import Kind
from bot.safety import red_flags

LEVELS = {
    "report_emergency": red_flags.Level.EMERGENCY, "report_crisis": red_flags.Level.CRISIS,
    "report_urgent": red_flags.Level.URGENT,
}  # fmt: skip
"""Whose general text is said to what no rule could name."""

MOST_SYMPTOMS = 3
"""Symptoms of one message that each get their text; a list of more is for a person."""


def answer_symptoms(part: Part, shop: Shop) -> Piece:
    """The text of each symptom that is named; without one, whatever the store finds."""
    topics = []
    for symptom in part.ids("symptoms")[:MOST_SYMPTOMS]:
        about = [one for one in shop.catalogue.served.values() if one.kind == "symptom" and symptom in one.tags]
        topics += [one for one in about if one not in topics and is_for(one, part.text)]
    if len(topics) < 2:  # noqa: PLR2004 - a single symptom is a question like any other
        found = answer_question(part, shop)
        return (
            remembering(show(topics[0], Level.PLAIN, shop), part) if topics and found.kind is Kind.FALLBACK else found
        )
    pieces = [show(topic, Level.PLAIN, shop) for topic in topics[:MOST_SYMPTOMS]]
    whole = replace(
        pieces[0],
        key="+".join(piece.key for piece in pieces),
        blocks=[block for piece in pieces for block in piece.blocks],
        provenance=[one for piece in pieces for one in piece.provenance],
        offers=[offer_person(shop), *(one for piece in pieces for one in piece.offers if "level" not in one.title)][:4],
    )
    return remembering(whole, part)


def emergency(part: Part, shop: Shop) -> Piece:
    """An emergency, crisis or urgent sign that no rule matched but the second net did: the general text."""
    return alarm(LEVELS[part.intent], shop)


def alarm(level: red_flags.Level, shop: Shop) -> Piece:
    """The general text of a level, with its ticket."""
    reply = shop.fixed.general_alarm(level)
    return Piece(
        kind=reply.kind, blocks=list(reply.blocks), key=f"alarm:{level}", closing=reply.closing,
        provenance=reply.provenance, handoff=reply.handoff,
    )  # fmt: skip


def distress(part: Part, shop: Shop) -> Piece:
    """Somebody for whom it is hard: a person first, no cheer, no list."""
    moment = shop.fixed.moments.check(part.text)
    name = f"moment_{moment.id}" if moment else "distress"
    return say(shop, name, kind=Kind.ANSWER, offers=[offer_person(shop)])


class Symptoms(Subject):
    """Answers what a patient feels."""

    answers: ClassVar[Mapping[str, Answer]] = {
        "report_symptom": answer_symptoms,
        "ask_symptom_cause": answer_symptoms,
        "report_emergency": emergency,
        "report_crisis": emergency,
        "report_urgent": emergency,
        "express_distress": distress,
    }

    def name(self) -> str:
        """As in domain.yml."""
        return "action_symptoms"
