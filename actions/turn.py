"""How an action answers: each question of the message becomes a piece, the pieces become one reply.

A subject (topics, symptoms, clinic, ...) is one module: a class with the intents that it answers. The rules choose the
subject of a message; a message with several questions gets each one answered by its own subject.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import structlog
from rasa_sdk import Action, Tracker
from rasa_sdk.events import FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.framing import asked_whether, framed
from actions.memory import Memory, Offered
from actions.shop import Shop, shop
from bot.content.blocks import Block, Paragraph
from bot.conversation.message import Gap, Handoff, Kind, Offer, Provenance, Reply, Term
from bot.conversation.redaction import redact
from bot.dialogue.parts import asks
from bot.encoder import packed
from bot.lexicon import Mention
from bot.safety.red_flags import Level

log = structlog.get_logger()

FAILED = {"failed": True}
"""What stands for an answer that could not be made: within a form its question alone would hide that."""

ASKING = frozenset({Kind.ANSWER, Kind.CLARIFICATION, Kind.REFUSAL, Kind.FALLBACK, Kind.SMALLTALK})
"""Replies that may also ask whether there is a danger; the others say what to do, or have passed it on."""

MOST_WORDS_OF_A_GOAL = 5
"""Of an answer to the question about children; more words ask or tell something else."""

MOST_OFFERS = 6
"""Buttons under one reply."""

CLOSINGS_BY_WEIGHT = (
    "crisis", "emergency", "prompt", "symptom", "results", "fertility", "women", "treatment", "general"
)  # fmt: skip
"""Of several pieces' closings the weightiest is said."""

KINDS_BY_WEIGHT = (
    Kind.CRISIS, Kind.EMERGENCY, Kind.HANDOFF, Kind.REFUSAL, Kind.ANSWER, Kind.CLARIFICATION, Kind.FORM, Kind.FALLBACK,
    Kind.SMALLTALK,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Part:
    """One question, or the whole message if it asks one.

    Attributes:
        chosen: what a button carried with it.
        named: what it names, with offsets into `text`.
        before: what the message named before this part: its setting.
        alone: whether it is the whole message.
        packed: its vector as Rasa made it; empty where the text was changed since.
    """

    text: str
    intent: str
    memory: Memory
    chosen: Mapping[str, str] = field(default_factory=dict)
    named: tuple[Mention, ...] = ()
    before: tuple[Mention, ...] = ()
    alone: bool = True
    packed: str = ""

    def ids(self, *kinds: str) -> list[str]:
        """Ids of the terms of these kinds that it names, in order, each once."""
        return list(dict.fromkeys(one.term.id for one in self.named if one.term.kind in kinds))


@dataclass(frozen=True, slots=True)
class Piece:
    """What is said to one part.

    Attributes:
        key: two pieces with the same key say the same; the second is left out.
        remember: slots to set; None forgets.
    """

    kind: Kind
    blocks: list[Block]
    key: str
    closing: str = "general"
    offers: list[Offer] = field(default_factory=list)
    provenance: list[Provenance] = field(default_factory=list)
    handoff: Handoff | None = None
    remember: dict[str, str | None] = field(default_factory=dict)
    gap: Gap | None = None
    terms: list[Term] = field(default_factory=list)


Answer = Callable[[Part, Shop], Piece]


class Subject(Action, ABC):
    """A Rasa action that answers the intents of one subject."""

    answers: ClassVar[Mapping[str, Answer]]

    @abstractmethod
    def name(self) -> str:
        """The action's name in domain.yml."""

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[dict[str, Any]]:
        """Answer the latest message; whatever breaks is logged by its kind and answered by the gateway."""
        try:
            shop().refresh()
            pieces = [_answer(part, shop()) for part in parts_of(tracker, shop())]
            reply, noted = framed(merge(pieces), *_said(tracker), shop())
            asked = {}
            if reply.kind in ASKING and not reply.handoff and (level := _in_doubt_of(tracker)):
                reply, asked = asked_whether(level, reply, shop()), {"offered": Offered(level)}
            reply = _with_vector(reply, tracker.latest_message, shop())
            dispatcher.utter_message(json_message=reply.model_dump(mode="json"))
            said = {name: value for piece in pieces for name, value in piece.remember.items()}
            remembered = _offered_before(tracker) | noted | said | asked
            events = [SlotSet(name, value) for name, value in remembered.items()]
            # After its answer Axis listens; saying so saves Rasa from predicting it. A form goes on by itself.
            return events if tracker.active_loop.get("name") else [*events, FollowupAction("action_listen")]
        except Exception as error:
            # rasa_sdk would answer with the whole request, which Rasa then writes to its log.
            log.error("action.failed", action=self.name(), error=type(error).__name__)
            dispatcher.utter_message(json_message=FAILED)
            return []


def _offered_before(tracker: Tracker) -> dict[str, None]:
    """What was offered by the reply before is not any more: a yes is one to the last."""
    return {"offered": None} if tracker.get_slot("offered") else {}


def _in_doubt_of(tracker: Tracker) -> Level | None:
    """Of which level the second net is in doubt; within a form the next question would hide that it was asked about."""
    level = tracker.latest_message.get("in_doubt_of")
    return Level(level) if level and not tracker.active_loop.get("name") else None


def _said(tracker: Tracker) -> tuple[str, Memory]:
    """What was typed, empty for a button; and what the conversation remembers."""
    text = tracker.latest_message.get("text") or ""
    return "" if text.startswith("/") else text, remembered(tracker, shop())


def remembered(tracker: Tracker, with_shop: Shop) -> Memory:
    """What the conversation remembers, with what the patient told where a red flag or a person answered instead."""
    memory = Memory.of(tracker)
    unheard = (tracker.latest_message.get("metadata") or {}).get("unheard")
    if unheard is None:
        return memory
    noted = with_shop.fixed.ears.listen(memory.self_told, unheard).model_dump_json()
    return replace(memory, noted=noted, offered=None)  # a yes after them is one to them


def answers() -> dict[str, Answer]:
    """Each intent that some subject answers."""
    return {intent: answer for subject in Subject.__subclasses__() for intent, answer in subject.answers.items()}


def parts_of(tracker: Tracker, with_shop: Shop) -> list[Part]:
    """The latest message as parts, each with its intent and what it names."""
    message = tracker.latest_message
    memory = remembered(tracker, with_shop)
    found = message.get("parts") or []
    intent = message["intent"]["name"]
    if intent in OVERRIDING or not found:
        # An alarm of the second net stands whatever the classifier thought that the words meant.
        intent = intent if intent in OVERRIDING else message.get("meant") or intent
        found = [{**message, "text": message.get("text") or "", "intent": intent}]
    chosen = {one["entity"]: one["value"] for one in message.get("entities", [])}
    before = with_shop.fixed.lexicon.find(message.get("text") or "") if len(found) > 1 else ()
    return [
        Part(
            text=one["text"],
            intent=one["intent"],
            memory=memory,
            alone=len(found) == 1,
            chosen=chosen if (message.get("text") or "").startswith("/") else {},
            named=() if one["text"].startswith("/") else with_shop.fixed.lexicon.find(one["text"]),
            before=before,
            packed=one.get("vector", ""),
        )
        for one in found
    ]


REFUSED_AS = {
    "dose": "ask_dose",
    "diagnosis": "ask_diagnosis",
    "prescription": "ask_prescription",
    "stopping": "ask_stopping",
    "buying": "ask_buying",
    "result_judgement": "ask_result_judgement",
    "steroid_cycle": "ask_steroid_cycle",
    "others_data": "ask_others_data",
    "no_clinician": "ask_without_clinician",
}
"""The intent that answers each refusal."""

ONLY_GUESSED = frozenset(REFUSED_AS.values()) - {"ask_dose"}
"""Refusals that give way to a sure text when only the classifier thinks of them, and no word of the message does: texts
hold no dose, no diagnosis and no verdict, and "is it normal that my testes shrink" deserves its answer.
"""

OVERRIDING = frozenset({"report_emergency", "report_crisis", "report_urgent", "abuse"})
"""Intents of a whole message that leave no room for anything else in it."""


def _answer(part: Part, with_shop: Shop) -> Piece:
    """A part's piece; what must be refused by its words is, whatever the classifier thought."""
    table = answers()
    if goal := _goal_told(part, with_shop):
        return table["share_fertility_goal"](replace(part, chosen={"goal": goal}), with_shop)
    refused = None if part.intent in OVERRIDING or part.chosen else with_shop.fixed.refusals.check(part.text)
    if refused is None and part.intent in ONLY_GUESSED:
        found = table["nlu_fallback"](part, with_shop)
        if found.kind is Kind.ANSWER:
            return found
    intent = REFUSED_AS[refused.id] if refused else part.intent
    return table.get(intent, table["nlu_fallback"])(part, with_shop)


def _goal_told(part: Part, with_shop: Shop) -> str | None:
    """The goal that a word or two name, where the last reply asked about children: "later", "yes", "no"."""
    asked = part.memory.offered == Offered.CHILDREN and part.intent not in OVERRIDING and not part.chosen
    if not asked or part.text.startswith("/") or len(part.text.split()) > MOST_WORDS_OF_A_GOAL or asks(part.text):
        return None
    return with_shop.fixed.goals.find(part.text, asked=True) or ("no" if part.intent == "deny" else None)


def _with_vector(reply: Reply, message: Mapping[str, Any], with_shop: Shop) -> Reply:
    """A reply that tells of a gap with the question's vector, so that a process without an encoder can group it."""
    text = message.get("text") or ""
    if reply.gap is None or text.startswith("/"):
        return reply
    hidden = redact(text)
    vector = message.get("vector") if hidden == text else None  # as Rasa made it
    vector = vector or packed(with_shop.encoder.encode([hidden]))
    return reply.model_copy(update={"gap": reply.gap.model_copy(update={"vector": vector})})


def merge(pieces: list[Piece]) -> Reply:
    """Pieces as one reply: all that is said, once, with the weightiest kind and closing.

    Args:
        pieces: at least one.
    """
    unique = list({piece.key: piece for piece in reversed(pieces)}.values())[::-1]
    solid = [piece for piece in unique if piece.kind not in (Kind.FALLBACK, Kind.CLARIFICATION)] or unique[:1]
    if len(solid) < len(unique) and all(piece.kind is Kind.ANSWER for piece in solid):
        extra: list[Block] = [Paragraph(text) for text in shop().fixed.words.paragraphs("partly")]
    else:
        extra = []
    offers = {(one.title, one.intent): one for piece in solid for one in piece.offers}
    return Reply(
        kind=min((piece.kind for piece in solid), key=KINDS_BY_WEIGHT.index),
        blocks=[block for piece in solid for block in _headed(piece, several=len(solid) > 1)] + extra,
        offers=list(offers.values())[:MOST_OFFERS],
        provenance=[one for piece in solid for one in piece.provenance],
        terms=list({one.topic: one for piece in solid for one in piece.terms}.values()),
        closing=min((piece.closing for piece in solid), key=_weight),
        handoff=next((piece.handoff for piece in solid if piece.handoff), None),
        gap=next((piece.gap for piece in unique if piece.gap), None),
    )


def _headed(piece: Piece, *, several: bool) -> list[Block]:
    """A piece's blocks, under the text's title where several texts are shown."""
    if several and piece.provenance:
        return [Paragraph(piece.provenance[0].title), *piece.blocks]
    return piece.blocks


def _weight(closing: str) -> int:
    known = closing in CLOSINGS_BY_WEIGHT
    return CLOSINGS_BY_WEIGHT.index(closing) if known else len(CLOSINGS_BY_WEIGHT)


def say(with_shop: Shop, name: str, *, kind: Kind = Kind.SMALLTALK, closing: str = "general", **more: Any) -> Piece:
    """A piece of words that are not medical.

    Args:
        with_shop: has the words.
        name: of the reply in data/<language>/replies.yml.
        kind: of the piece.
        closing: its closing's id.
        **more: further fields of the piece.
    """
    blocks: list[Block] = [Paragraph(text) for text in with_shop.fixed.words.paragraphs(name)]
    return Piece(kind=kind, blocks=blocks, key=name, closing=closing, **more)
