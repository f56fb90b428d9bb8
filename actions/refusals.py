"""What Axis does not do: doses, diagnoses, prescriptions, judging results. Said kindly, with what it can give."""

from collections.abc import Callable, Mapping
from typing import ClassVar

from actions.shop import Shop, offer_person
from actions.topics import offer, question_of
from actions.turn import REFUSED_AS, Answer, Part, Piece, Subject
from bot.content.blocks import Block, Paragraph
from bot.content.search import POSSIBLE
from bot.conversation.message import Kind, Provenance

MOST_TEXTS = 2
"""Vetted texts that are offered beside a refusal."""


def refuse(name: str) -> Callable[[Part, Shop], Piece]:
    """The answer that refuses one sort of request.

    Args:
        name: id of the refusal in data/<language>/safety/refusals.yml.
    """

    def answer(part: Part, shop: Shop) -> Piece:
        text = shop.fixed.refusals.replies[name]
        paragraphs = shop.fixed.refusals.render(name, clinic_phone=shop.fixed.clinic.telephone)
        blocks: list[Block] = [Paragraph(one) for one in paragraphs]
        near = [one.topic for one in shop.rank(question_of(part, shop)) if one.likeness >= POSSIBLE]
        topic = f"refusal:{name}"
        revision = shop.fixed.revisions.get(topic, 0)
        provenance = Provenance(topic=topic, title=text.title, revision=revision, level="plain", sha256=text.sha256)
        return Piece(
            kind=Kind.REFUSAL,
            blocks=blocks,
            key=f"refusal:{name}",
            closing=text.closing,
            offers=[*(offer(one) for one in near[:MOST_TEXTS]), offer_person(shop)],
            provenance=[provenance],
        )

    return answer


class Refusals(Subject):
    """Refuses, and says who can help."""

    answers: ClassVar[Mapping[str, Answer]] = {intent: refuse(name) for name, intent in REFUSED_AS.items()}

    def name(self) -> str:
        """As in domain.yml."""
        return "action_refusals"
