"""What a conversation remembers from turn to turn: Rasa's slots, with names."""

from dataclasses import dataclass
from typing import Self

from rasa_sdk import Tracker

from bot.conversation.noted import Noted


@dataclass(frozen=True, slots=True)
class Memory:
    """What the conversation remembers.

    Attributes:
        topic: id of the topic that was shown last.
        level: at which level.
        question: the last question, in full words.
        goal: what the patient hopes for with children.
        noted: what they have said of themselves, as JSON.
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
