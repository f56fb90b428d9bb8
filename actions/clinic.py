"""The clinic: hours, contact, booking, a person."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import ClassVar

from actions.shop import Shop, offer_person
from actions.turn import Answer, Part, Piece, Subject, say
from bot.content.blocks import Paragraph, Table
from bot.conversation.message import Handoff, Kind


def hours(part: Part, shop: Shop) -> Piece:
    """The opening hours as a table."""
    words = shop.fixed.words
    table = Table(
        caption=words.phrase("hours_caption"),
        columns=[words.phrase("hours_days"), words.phrase("hours_hours")],
        rows=[[line.days, line.hours] for line in shop.fixed.opening_hours(now=datetime.now(UTC))],
    )
    piece = say(shop, "hours", kind=Kind.ANSWER, offers=[offer_person(shop)])
    return replace(piece, blocks=[*piece.blocks, table])


def _tell(name: str) -> Answer:
    def answer(part: Part, shop: Shop) -> Piece:
        return say(shop, name, kind=Kind.ANSWER, offers=[offer_person(shop)])

    return answer


def person(part: Part, shop: Shop) -> Piece:
    """A request to the team: the gateway commits the ticket together with this reply."""
    handoff = Handoff(reason="asked_for_person", summary=part.memory.question or "")
    piece = say(shop, "handoff", kind=Kind.HANDOFF, handoff=handoff)
    opens = shop.fixed.opens(now=datetime.now(UTC))
    closed = shop.fixed.words.fill("handoff_closed", opens=opens) if opens else []
    return replace(piece, blocks=[*piece.blocks, *map(Paragraph, closed)])


class Clinic(Subject):
    """Answers what concerns the clinic itself."""

    answers: ClassVar[Mapping[str, Answer]] = {
        "ask_hours": hours,
        "ask_contact": _tell("contact"),
        "book_appointment": _tell("booking"),
        "ask_cost": _tell("cost"),
        "ask_results_delivery": _tell("results_delivery"),
        "ask_for_person": person,
    }

    def name(self) -> str:
        """As in domain.yml."""
        return "action_clinic"
