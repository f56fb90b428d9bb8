"""The clinic: hours, contact, booking, what its team alone can do, a person."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import ClassVar

from actions.memory import TEAM, Offered
from actions.shop import Shop, offer_person
from actions.turn import Answer, Part, Piece, Subject, say
from bot.content.blocks import Paragraph, Table
from bot.conversation.message import Handoff, Kind, Offer


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


def matter(part: Part, shop: Shop) -> Piece:
    """What only the team can do or knows, such as papers or a lost parcel: a button, or a yes, passes it on to them."""
    return _passed_on(shop, "clinic_matter")


def _passed_on(shop: Shop, name: str) -> Piece:
    """A text that offers to pass on what was typed."""
    pass_on = Offer(title=shop.fixed.words.phrase("button_pass_on"), intent="ask_for_person")
    return say(shop, name, kind=Kind.ANSWER, offers=[pass_on], remember={"offered": Offered.PERSON})


def person(part: Part, shop: Shop) -> Piece:
    """A request to the team: the gateway commits the ticket together with this reply.

    With a button pressed it is about what was typed last, which the gateway knows.
    """
    asked = "" if part.text.startswith("/") else part.memory.question or ""
    handoff = Handoff(reason="asked_for_person", summary=asked)
    piece = say(shop, "handoff", kind=Kind.HANDOFF, handoff=handoff)
    opens = shop.fixed.opens(now=datetime.now(UTC))
    closed = shop.fixed.words.fill("handoff_closed", opens=opens) if opens else []
    return replace(piece, blocks=[*piece.blocks, *map(Paragraph, closed)])


def withdraw(part: Part, shop: Shop) -> Piece:
    """Who wants no person is passed on to none; the button stays, in case it was meant otherwise."""
    return say(shop, "no_person", kind=Kind.ANSWER, offers=[offer_person(shop)])


def details(part: Part, shop: Shop) -> Piece:
    """A name, a number or a time to call: the team sees it with a request that was made; without one it is offered."""
    return say(shop, "details_seen", kind=Kind.ANSWER) if part.memory.was_told(TEAM) else _passed_on(shop, "details")


class Clinic(Subject):
    """Answers what concerns the clinic itself."""

    answers: ClassVar[Mapping[str, Answer]] = {
        "ask_hours": hours,
        "ask_contact": _tell("contact"),
        "book_appointment": _tell("booking"),
        "ask_cost": _tell("cost"),
        "ask_results_delivery": _tell("results_delivery"),
        "ask_clinic_matter": matter,
        "ask_for_person": person,
        "withdraw_request": withdraw,
        "give_details": details,
    }

    def name(self) -> str:
        """As in domain.yml."""
        return "action_clinic"
