"""One message as the public HTTP contract has it, and the parts that it is made of.

Other programs build on this JSON: a field may be added, none may be renamed or left out.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field

from bot.content.blocks import Block

MOST_JOINED_OFFERS = 8
"""Buttons under an answer and a form's question together."""


class Role(StrEnum):
    """Who speaks."""

    PATIENT = "patient"
    ASSISTANT = "assistant"
    STAFF = "staff"
    SYSTEM = "system"


class Kind(StrEnum):
    """What sort of reply it is."""

    ANSWER = "answer"
    EMERGENCY = "emergency"
    CRISIS = "crisis"
    REFUSAL = "refusal"
    CLARIFICATION = "clarification"
    FORM = "form"
    HANDOFF = "handoff"
    SMALLTALK = "smalltalk"
    FALLBACK = "fallback"


class State(StrEnum):
    """Who is to speak next in a conversation."""

    BOT = "bot"
    WAITING_FOR_STAFF = "waiting_for_staff"
    STAFF = "staff"
    CLOSED = "closed"


class _Public(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Choice(_Public):
    """A button. The id is the server's; what it does stays on the server."""

    id: str
    title: str


class Provenance(_Public):
    """Where the words of a reply come from, and who stands for them."""

    topic: str
    title: str
    revision: int
    level: str
    sha256: str = Field(description="of the text at this level")
    reviewed_by: str | None = None
    reviewed_on: date | None = None
    review_due: date | None = None
    sources: list[str] = []


class Term(_Public):
    """A word of a reply, explained for whoever wants it."""

    topic: str = Field(description="id of the explanation in the store")
    term: str
    text: str
    revision: int


class Closing(_Public):
    """The referral to a clinician that ends every reply."""

    id: str
    text: str


class Offer(_Public):
    """A button on its way from an action to the store: what it says, and the intent that it stands for."""

    title: str
    intent: str
    entities: dict[str, str] = {}


class Handoff(_Public):
    """A request to a person, to be committed together with the reply that mentions it.

    Attributes:
        answers: the intake's structured answers: a question's id to the value chosen, or to several.
        typed_before: it is about what the patient typed before this message, which says no more than yes.
        intake: the whole intake, as `bot.triage.intake.to_json` has it.
    """

    reason: str
    summary: str = ""
    typed_before: bool = False
    answers: dict[str, str | list[str]] = {}
    intake: dict[str, Any] | None = None


class Gap(_Public):
    """That the store had no sure answer: for those who look after the texts.

    Attributes:
        topic: the one that is held back, where that is the reason.
        vector: of the question without what tells who asked, as `bot.encoder.packed`; empty if it was not made.
    """

    kind: Literal["unanswered", "asked_back", "withheld"]
    topic: str = ""
    vector: str = Field(default="", pattern=r"^([A-Za-z0-9+/]{1024})?$")


class Reply(_Public):
    """What the dialogue answers: everything but ids and times.

    Attributes:
        closing: id of the closing; the guard adds its text.
        handoff: a ticket to open together with this reply.
        gap: what the store was missing for it.
    """

    kind: Kind
    blocks: list[Annotated[Block, Field(discriminator="type")]]
    offers: list[Offer] = []
    provenance: list[Provenance] = []
    terms: list[Term] = []
    closing: str = "general"
    handoff: Handoff | None = None
    gap: Gap | None = None


def joined(replies: Sequence[Reply]) -> Reply:
    """Several replies of one turn as one: an answer in the middle of a form, and the form's question after it.

    Args:
        replies: at least one, in order; the first says what sort it is, the last one's buttons come first.
    """
    first, *rest = replies
    if not rest:
        return first
    closing = next((one.closing for one in replies if one.closing != "general"), "general")
    return first.model_copy(
        update={
            "blocks": [block for one in replies for block in one.blocks],
            "offers": [offer for one in reversed(replies) for offer in one.offers][:MOST_JOINED_OFFERS],
            "provenance": [source for one in replies for source in one.provenance],
            "terms": [term for one in replies for term in one.terms],
            "closing": closing,
            "handoff": next((one.handoff for one in replies if one.handoff), None),
            "gap": next((one.gap for one in replies if one.gap), None),
        }
    )


class Message(_Public):
    """One message of a conversation; `text` is the whole of it, the closing included."""

    id: str = Field(default_factory=lambda: uuid4().hex)
    role: Role
    text: str
    blocks: list[Annotated[Block, Field(discriminator="type")]] = []
    choices: list[Choice] = []
    provenance: list[Provenance] = []
    terms: list[Term] = []
    kind: Kind | None = None
    closing: Closing | None = None
    created_at: datetime = Field(default_factory=lambda: datetime.now(UTC))


def choice_ids(message_id: str, count: int) -> list[str]:
    """Ids of a message's buttons; they tell which message offered them."""
    return [f"{message_id}.{number}" for number in range(count)]
