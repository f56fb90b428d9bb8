"""The intake: symptoms, treatment, hopes for children, tests, how to reach the patient; a summary to confirm; a ticket.

Every question can be skipped, answered by a button or in words, and changed before anything is passed on. What happens
with the answers stands in `actions.intake_summary`.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from rasa_sdk import Action, FormValidationAction, Tracker
from rasa_sdk.events import ActiveLoop, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.intake_summary import QUESTIONS, SKIPPED, Question, handed_over, on_symptoms, summary
from actions.memory import TEAM, Memory
from actions.shop import Shop, shop
from actions.turn import Answer, Part, Piece, Subject, merge, remembered, say
from bot.conversation.message import Kind, Offer

CONFIRM = "intake_confirm"
"""The slot of the last question: whether it may be passed on."""
CONTACT = "intake_contact"
"""The slot of how to reach the patient."""
CHANGE = "change"
"""Its answer that changes something first; with a question's name after it, that question."""
SLOTS = (*(one.slot for one in QUESTIONS), CONFIRM)
MOST_CHARACTERS = 1000

_NUMBER = re.compile(r"\d{3}|@")
_REACHED = re.compile(r"(?:\d[ -]?){7}|\S@\S")
_QUESTION = re.compile(  # not "when i started it", "may last year", which answer
    r"\?\s*$|^whats\b"
    r"|^(?:what|who|why|how|when|where|which)(?:\s+\w+){0,2}?\s+(?:is|are|was|do|does|did|can|could|will|would|should)\b"
    r"|^(?:do|does|is|are|can|could|should|would|will)\s+(?:i|you|it|that|this|they|we|the|my|he|she)\b",
    re.IGNORECASE,
)


class _Ask(Action, ABC):
    """Asks one question of the form; the first with its introduction."""

    @property
    @abstractmethod
    def question(self) -> Question:
        """The question."""

    def name(self) -> str:
        """As Rasa's forms call the action that asks for a slot."""
        return f"action_ask_{self.question.slot}"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[dict[str, Any]]:
        """Ask."""
        words, asked = shop().fixed.words, self.question
        offers = [
            *(_answer(words.phrase(f"{asked.slot}_{value}"), value) for value in asked.values),
            Offer(title=words.phrase("button_skip"), intent="skip_question"),
            Offer(title=words.phrase("button_stop"), intent="stop_intake"),
        ]
        pieces = [say(shop(), "intake_start", kind=Kind.FORM)] if asked is QUESTIONS[0] else []
        piece = say(shop(), f"intake_ask_{asked.slot.removeprefix('intake_')}", kind=Kind.FORM)
        reply = merge([*pieces, piece])
        dispatcher.utter_message(json_message=reply.model_copy(update={"offers": offers}).model_dump(mode="json"))
        return [SlotSet("offered", None)]  # what was offered before the intake is not any more


def _answer(title: str, value: str) -> Offer:
    return Offer(title=title, intent="inform_intake", entities={"answer": value})


def _asking(asked: Question) -> type[_Ask]:
    """The action that asks a question."""
    return type(f"Ask{asked.slot.title().replace('_', '')}", (_Ask,), {"question": asked, "__doc__": f"{asked.slot}."})


ASKING = [_asking(one) for one in QUESTIONS]
"""One action for each question; the action server finds them by their class."""


class AskConfirm(Action):
    """Shows what was answered, and asks whether to pass it on; or what to change."""

    def name(self) -> str:
        """As Rasa's forms call the action that asks for a slot."""
        return f"action_ask_{CONFIRM}"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[dict[str, Any]]:
        """Ask."""
        words = shop().fixed.words
        if _chosen(tracker) == CHANGE:
            piece = say(shop(), "intake_what_to_change", kind=Kind.FORM)
            offers = [_answer(words.phrase(one.slot), f"{CHANGE}:{one.slot}") for one in QUESTIONS]
        else:
            given = _given(tracker)
            piece = summary(given, Memory.of(tracker), shop())
            passing = [Offer(title=words.phrase("button_pass_on"), intent="affirm")] if given else []
            offers = [*passing, _answer(words.phrase("button_change"), CHANGE)]
        offers.append(Offer(title=words.phrase("button_stop"), intent="stop_intake"))
        reply = merge([piece]).model_copy(update={"offers": offers})
        dispatcher.utter_message(json_message=reply.model_dump(mode="json"))
        return []


def _given(tracker: Tracker) -> dict[str, str]:
    """What was answered, without what was skipped."""
    given = {one.slot: tracker.get_slot(one.slot) for one in QUESTIONS}
    return {slot: value for slot, value in given.items() if value and value != SKIPPED}


def _chosen(tracker: Tracker) -> str:
    """What a button of the form stands for; empty if the answer was typed."""
    if tracker.get_intent_of_latest_message() != "inform_intake":
        return ""
    return next((one["value"] for one in tracker.latest_message["entities"] if one["entity"] == "answer"), "")


class ValidateIntake(FormValidationAction):
    """Takes each answer as it is given; a skipped question counts as answered, and anything can be changed."""

    def name(self) -> str:
        """As Rasa's forms call their validation."""
        return "validate_intake_form"

    async def get_validation_events(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """The answer to the question that was asked, with what a red flag's text answered meanwhile."""
        noted = remembered(tracker, shop()).noted
        heard = [SlotSet("noted", noted)] if noted != tracker.get_slot("noted") else []
        return [*heard, *self._answered(dispatcher, tracker)]

    def _answered(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> list[dict[str, Any]]:
        """The answer to the question that was asked; a correction asks the one before again."""
        requested = tracker.get_slot("requested_slot")
        if requested not in tracker.slots_to_validate():
            return []
        text = tracker.latest_message.get("text") or ""
        typed = "" if text.startswith("/") else text
        if requested == CONFIRM and _REACHED.search(typed):  # the number was wrong, or is another one
            return [SlotSet(CONTACT, typed[:MOST_CHARACTERS]), SlotSet(CONFIRM, None)]
        if unclear := _unclear(requested, typed):
            dispatcher.utter_message(json_message=merge([say(shop(), unclear, kind=Kind.FORM)]).model_dump(mode="json"))
            return [SlotSet(requested, None)]
        if requested == CONFIRM:
            return _confirmed(tracker)
        asked = [one for one in SLOTS if tracker.get_slot(one) != SKIPPED or one == requested]
        if tracker.get_intent_of_latest_message() == "correct_previous" and requested in asked[1:]:
            return [SlotSet(asked[asked.index(requested) - 1], None), SlotSet(requested, None)]
        skipped = tracker.get_intent_of_latest_message() == "skip_question"
        said = SKIPPED if skipped else _chosen(tracker) or tracker.latest_message.get("text") or ""
        spared = [one.slot for one in QUESTIONS if one.of_symptoms and requested == SLOTS[0]]
        if on_symptoms(said, shop()):
            spared = []
        return [SlotSet(requested, said[:MOST_CHARACTERS]), *(SlotSet(slot, SKIPPED) for slot in spared)]


def _unclear(asked: str, typed: str) -> str:
    """The text that says why what was typed is no answer to a question; empty if it may be one.

    A question is never kept as an answer, except to the first, which may well be one. How to be reached needs a number,
    an address, or a word of where the clinic has it. What is passed on needs a plain yes: the classifier takes "AMH
    done" for one, and a wrong yes gives the answers away.
    """
    fixed = shop().fixed
    if not typed:
        return ""
    if asked == CONFIRM:
        return "" if fixed.says("yes_words", typed) and not fixed.says("no_words", typed) else "intake_kept"
    if asked != SLOTS[0] and _QUESTION.search(typed.strip()):
        return "intake_no_answer"
    reached = asked != CONTACT or _NUMBER.search(typed) or fixed.says("intake_contact_words", typed)
    return "" if reached else "intake_no_contact"


def _confirmed(tracker: Tracker) -> list[dict[str, Any]]:
    """Yes ends the form; a change asks one question again; whatever else shows the summary again."""
    chosen = _chosen(tracker)
    if chosen.startswith(f"{CHANGE}:"):
        return [SlotSet(chosen.removeprefix(f"{CHANGE}:"), None), SlotSet(CONFIRM, None)]
    if tracker.get_intent_of_latest_message() == "affirm":
        return [SlotSet(CONFIRM, "yes")]
    return [SlotSet(CONFIRM, None)]


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
        piece = handed_over(_given(tracker), Memory.of(tracker), shop())
        dispatcher.utter_message(json_message=merge([piece]).model_dump(mode="json"))
        told = [SlotSet("told", f"{tracker.get_slot('told') or ''} {TEAM}".strip())] if piece.handoff else []
        return [*told, *self.cleared()]


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
    offers = [Offer(title=with_shop.fixed.words.phrase("button_details"), intent="start_intake")]
    return say(with_shop, "intake_start", kind=Kind.FORM, offers=offers)


def outside(part: Part, with_shop: Shop) -> Piece:
    """An old button of a form that has ended."""
    return say(with_shop, "no_topic_yet", kind=Kind.CLARIFICATION)


class Intake(Subject):
    """Answers a wish to leave details when it is one part among others."""

    answers: ClassVar[Mapping[str, Answer]] = {"start_intake": start_again, "inform_intake": outside}

    def name(self) -> str:
        """As in domain.yml."""
        return "action_intake"
