"""The short intake: what it is about, since when, how to reach the patient; then a ticket. All can be skipped."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from rasa_sdk import Action, FormValidationAction, Tracker
from rasa_sdk.events import ActiveLoop, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.shop import Shop, shop
from actions.turn import Answer, Part, Piece, Subject, merge, say
from bot.conversation.message import Handoff, Kind, Offer

SKIPPED = "-"
"""Value of a slot whose question was skipped."""

SLOTS = ("intake_concern", "intake_since", "intake_contact")
MOST_CHARACTERS = 500


class _Ask(Action, ABC):
    """Asks one question of the form; the first with its introduction."""

    @property
    @abstractmethod
    def slot(self) -> str:
        """The slot that is asked for."""

    def name(self) -> str:
        """As Rasa's forms call the action that asks for a slot."""
        return f"action_ask_{self.slot}"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[dict[str, Any]]:
        """Ask."""
        words = shop().fixed.words
        offers = [
            Offer(title=words.phrase("button_skip"), intent="skip_question"),
            Offer(title=words.phrase("button_stop"), intent="stop_intake"),
        ]
        pieces = [say(shop(), "intake_start", kind=Kind.FORM)] if self.slot == SLOTS[0] else []
        pieces.append(say(shop(), f"intake_ask_{self.slot.removeprefix('intake_')}", kind=Kind.FORM, offers=offers))
        dispatcher.utter_message(json_message=merge(pieces).model_dump(mode="json"))
        return []


class AskConcern(_Ask):
    """What it is about."""

    slot = "intake_concern"


class AskSince(_Ask):
    """Since when."""

    slot = "intake_since"


class AskContact(_Ask):
    """How to reach the patient."""

    slot = "intake_contact"


class ValidateIntake(FormValidationAction):
    """Takes what was typed as it is; a skipped question counts as answered."""

    def name(self) -> str:
        """As Rasa's forms call their validation."""
        return "validate_intake_form"

    def _value(self, value: str, tracker: Tracker) -> str:
        return SKIPPED if tracker.get_intent_of_latest_message() == "skip_question" else value[:MOST_CHARACTERS]

    def validate_intake_concern(self, value: str, _: Any, tracker: Tracker, __: Any) -> dict[str, str]:
        """The concern."""
        return {"intake_concern": self._value(value, tracker)}

    def validate_intake_since(self, value: str, _: Any, tracker: Tracker, __: Any) -> dict[str, str]:
        """Since when."""
        return {"intake_since": self._value(value, tracker)}

    def validate_intake_contact(self, value: str, _: Any, tracker: Tracker, __: Any) -> dict[str, str]:
        """How to reach the patient."""
        return {"intake_contact": self._value(value, tracker)}


class _FormEnd(Action, ABC):
    """Ends the form and clears its slots."""

    @abstractmethod
    def name(self) -> str:
        """As in domain.yml."""

    def cleared(self) -> list[dict[str, Any]]:
        return [ActiveLoop(None), SlotSet("requested_slot", None), *(SlotSet(slot, None) for slot in SLOTS)]


class SubmitIntake(_FormEnd):
    """Passes on what was answered: the gateway commits the ticket together with this reply."""

    def name(self) -> str:
        """As in domain.yml."""
        return "action_submit_intake"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[dict[str, Any]]:
        """Hand over."""
        dispatcher.utter_message(json_message=merge([_submitted(tracker, shop())]).model_dump(mode="json"))
        return self.cleared()


def _submitted(tracker: Tracker, with_shop: Shop) -> Piece:
    words = with_shop.fixed.words
    given = {slot: tracker.get_slot(slot) for slot in SLOTS}
    lines = [f"{words.phrase(slot)}: {value}" for slot, value in given.items() if value and value != SKIPPED]
    if not lines:
        return say(with_shop, "intake_empty", kind=Kind.FORM)
    handoff = Handoff(reason="intake", summary="\n".join(lines))
    return say(with_shop, "intake_done", kind=Kind.HANDOFF, handoff=handoff)


class StopIntake(_FormEnd):
    """Ends the form without passing anything on."""

    def name(self) -> str:
        """As in domain.yml."""
        return "action_stop_intake"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[dict[str, Any]]:
        """Stop."""
        piece = say(shop(), "intake_stopped", kind=Kind.FORM)
        dispatcher.utter_message(json_message=merge([piece]).model_dump(mode="json"))
        return self.cleared()


def start_again(part: Part, with_shop: Shop) -> Piece:
    """A wish to leave details, within a longer message: the button that begins."""
    offers = [Offer(title=with_shop.fixed.words.phrase("button_person"), intent="start_intake")]
    return say(with_shop, "intake_start", kind=Kind.FORM, offers=offers)


class Intake(Subject):
    """Answers a wish to leave details when it is one part among others."""

    answers: ClassVar[Mapping[str, Answer]] = {"start_intake": start_again}

    def name(self) -> str:
        """As in domain.yml."""
        return "action_intake"
