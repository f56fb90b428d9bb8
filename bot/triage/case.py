"""One ticket with all that leaves the clinic's Axis together with it: what was said, and the intake."""

from dataclasses import dataclass
from datetime import datetime

from bot.triage.intake import Intake
from bot.triage.store import Ticket


@dataclass(frozen=True, slots=True)
class TextUsed:
    """Which text of the store a reply showed; `sha256` is of its words at this level."""

    topic: str
    revision: int
    level: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Spoken:
    """One message of the ticket's conversation, as far as it is handed on.

    Attributes:
        role: patient, assistant, staff or system.
        text: the whole of it, the closing included.
        at: when it was said.
        kind: what sort of reply; empty for all but Axis's own.
        texts: where its words come from.
    """

    id: str
    role: str
    text: str
    at: datetime
    kind: str = ""
    texts: tuple[TextUsed, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """A ticket, its conversation in order, its intake, and until when the team means to see to it."""

    ticket: Ticket
    spoken: tuple[Spoken, ...] = ()
    intake: Intake | None = None
    due: datetime | None = None
