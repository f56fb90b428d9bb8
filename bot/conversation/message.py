"""One message as the public HTTP contract has it, and the parts that it is made of.

Other programs build on this JSON: a field may be added, none may be renamed or left out.
"""

from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated, Literal
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field

from bot.content.blocks import Block


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
    """A request to a person, to be committed together with the reply that mentions it."""

    reason: str
    summary: str = ""


class Gap(_Public):
    """That the store had no sure answer: for those who look after the texts.

    Attributes:
        topic: the one that is held back, where that is the reason.
    """

    kind: Literal["unanswered", "asked_back", "withheld"]
    topic: str = ""


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
