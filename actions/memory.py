"""What a conversation remembers from turn to turn: Rasa's slots, with names."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from rasa_sdk import Tracker

from bot.conversation.noted import Noted


class Offered(StrEnum):
    """What the last reply offers or asks, so that a word or two are enough for an answer."""

    PERSON = "person"
    """To pass on to the team what was written."""
    URGENT = "urgent"
    """To be told what to do, and the team too, if it is happening now."""
    CRISIS = "crisis"
    """To be told whom to call, and the team too, if they are not safe or think of dying."""
    CHILDREN = "children"
    """Whether there are hopes for children, now or later."""
    TOPIC = "topic"
    """To be shown the one text that may be meant; its id follows, after a space."""


TEAM = "team"
"""What was told once something was passed on to the team."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What the conversation remembers.

    Attributes:
        topic: id of the topic that was shown last.
        level: at which level.
        question: the last question, in full words.
        goal: what the patient hopes for with children.
        noted: what they have said of themselves, as JSON.
        offered: see Offered; of the last reply.
        told: ids of what was said once and need not be said again, separated by spaces.
    """

    drug: str | None = None
    marker: str | None = None
    symptom: str | None = None
    goal: str | None = None
    topic: str | None = None
    level: str | None = None
    question: str | None = None
    noted: str | None = None
    told: str | None = None
    offered: str | None = None

    @classmethod
    def of(cls, tracker: Tracker) -> Self:
        """The memory that a tracker holds."""
        return cls(**{name: tracker.get_slot(name) for name in cls.__slots__})

    @property
    def self_told(self) -> Noted:
        """What the patient has said of themselves."""
        return Noted.model_validate_json(self.noted) if self.noted else Noted()

    def was_told(self, what: str) -> bool:
        """Whether this was said before in the conversation."""
        return what in (self.told or "").split()
