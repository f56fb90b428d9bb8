"""What becomes of the intake's answers: the summary that the patient confirms, and what the team is handed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from actions.memory import Memory
from actions.shop import Shop
from actions.turn import Piece, say
from bot.content.blocks import BulletList, Paragraph
from bot.conversation.message import Handoff, Kind
from bot.conversation.noted import Noted
from bot.triage import intake
from bot.triage.intake import Consent, Course, Goal, Symptom, Treatment

SKIPPED = "-"
"""Value of a slot whose question was skipped."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question of the form.

    Attributes:
        slot: that holds its answer; its words in replies.yml begin so.
        values: of its buttons.
        of_symptoms: whether it is asked only of who names something that they feel.
    """

    slot: str
    values: tuple[str, ...] = ()
    of_symptoms: bool = False


QUESTIONS = (
    Question("intake_concern"),
    Question("intake_since", of_symptoms=True),
    Question("intake_severity", ("mild", "moderate", "severe"), of_symptoms=True),
    Question("intake_course", ("better", "same", "worse"), of_symptoms=True),
    Question("intake_treatment"),
    Question("intake_goal", ("trying_now", "within_a_year", "later", "keep_option", "no")),
    Question("intake_tests"),
    Question("intake_contact"),
    Question("intake_time"),
)


def on_symptoms(told: str, shop: Shop) -> bool:
    """Whether somebody tells of a symptom, theirs or a partner's."""
    return any(one.term.kind == "symptoms" for one in shop.fixed.lexicon.find(told))


def summary(given: Mapping[str, str], memory: Memory, shop: Shop) -> Piece:
    """What was answered, line by line, with what was denied, to be confirmed."""
    words = shop.fixed.words
    lines = [f"{words.phrase(slot)}: {_in_words(slot, value, shop)}" for slot, value in given.items()]
    if denied := [one for one in _noted(given, memory, shop).symptoms if one.how == "denied"]:
        names = ", ".join(shop.fixed.lexicon[one.id].name for one in denied)
        lines.append(f"{words.phrase('intake_denied')}: {names}")
    if not lines:
        return say(shop, "intake_nothing_yet", kind=Kind.FORM)
    first, last = words.phrase("intake_summary"), words.phrase("intake_confirm")
    blocks = [Paragraph(first), BulletList(lines), Paragraph(last)]
    return Piece(kind=Kind.FORM, blocks=blocks, key="intake_summary")  # type: ignore[arg-type]


def handed_over(given: Mapping[str, str], memory: Memory, shop: Shop) -> Piece:
    """The thanks, with what the team gets; or that there is nothing to pass on."""
    if not given:
        return say(shop, "intake_empty", kind=Kind.FORM)
    noted, words = _noted(given, memory, shop), shop.fixed.words
    taken = _taken(given, noted, shop)
    handoff = Handoff(
        reason="intake",
        summary="\n".join(f"{words.phrase(slot)}: {_in_words(slot, value, shop)}" for slot, value in given.items()),
        answers=_answers(given, noted, shop),
        intake=intake.to_json(taken),
    )
    return say(shop, "intake_done", kind=Kind.HANDOFF, handoff=handoff)


def _in_words(slot: str, value: str, shop: Shop) -> str:
    """A button's words, or what was typed."""
    question = next(one for one in QUESTIONS if one.slot == slot)
    return shop.fixed.words.phrase(f"{slot}_{value}") if value in question.values else value


def _noted(given: Mapping[str, str], memory: Memory, shop: Shop) -> Noted:
    """What the patient has told, in the conversation and in the form."""
    noted = memory.self_told
    for slot in ("intake_concern", "intake_treatment"):
        noted = shop.fixed.ears.listen(noted, given.get(slot, ""), own=True)
    return noted


def _taken(given: Mapping[str, str], noted: Noted, shop: Shop) -> intake.Intake:
    """The answers in the order that staff and exports know."""
    severity, course = (_in_words(slot, given[slot], shop) if slot in given else "" for slot in _SCALES)
    way = _scale("intake_course", given["intake_course"], shop) if course else ""
    known = Course(way) if way in tuple(Course) else None
    symptoms = [
        Symptom(
            term=one.id, said=one.said, present=one.how == "present", since=one.when or given.get("intake_since", ""),
            severity=severity, course=known,
        )
        for one in noted.symptoms
    ]  # fmt: skip
    told = given.get("intake_concern", "")
    if told and not symptoms:
        symptoms = [Symptom(said=told, since=given.get("intake_since", ""), severity=severity or course, course=known)]
    drugs = [
        one.term.id for one in shop.fixed.lexicon.find(given.get("intake_treatment", "")) if one.term.kind == "drugs"
    ]
    treatments = [Treatment(drug=one, said=given["intake_treatment"]) for one in dict.fromkeys(drugs)]
    if given.get("intake_treatment") and not treatments:
        treatments = [Treatment(said=given["intake_treatment"])]
    goal = given.get("intake_goal", "")
    return intake.Intake(
        symptoms=tuple(symptoms), treatments=tuple(treatments), goal=_goal(goal, noted, shop),
        goal_said=_in_words("intake_goal", goal, shop) if goal else "", tests=given.get("intake_tests", ""),
        contact=given.get("intake_contact", ""), best_time=given.get("intake_time", ""),
        consent=Consent(given=True, at=datetime.now(UTC)), questions=(told,) if told else (),
    )  # fmt: skip


_SCALES = ("intake_severity", "intake_course")


def _goal(given: str, noted: Noted, shop: Shop) -> Goal:
    """What the patient hopes for: what they chose, or said in the form or before."""
    found = given if given in tuple(Goal) else shop.fixed.goals.find(given, asked=True) or noted.goal
    return Goal(found) if found in tuple(Goal) else Goal.UNSAID


def _answers(given: Mapping[str, str], noted: Noted, shop: Shop) -> dict[str, str | list[str]]:
    """What the rules of urgency look at; an answer in words counts where it names a button's."""
    answers: dict[str, str | list[str]] = {
        slot.removeprefix("intake_"): _scale(slot, given[slot], shop) for slot in _SCALES if slot in given
    }
    answers["symptoms"] = [one.id for one in noted.symptoms if one.how == "present"]
    if any(one.term.kind == "drugs" for one in shop.fixed.lexicon.find(given.get("intake_treatment", ""))):
        answers["on_treatment"] = "yes"
    return answers


def _scale(slot: str, value: str, shop: Shop) -> str:
    """The button that words come closest to, or the words."""
    question = next(one for one in QUESTIONS if one.slot == slot)
    lower = value.lower()
    for known in reversed(question.values):
        if any(word in lower for word in (known, *shop.fixed.words.paragraphs(f"{slot}_{known}_words"))):
            return known
    return value
