"""The conversation itself: greetings, what Axis is and can do, what it remembers, feedback, erasing."""

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from actions.clinic import person
from actions.memory import Offered
from actions.shop import Shop, offer_person
from actions.symptoms import alarm
from actions.topics import choose_topic, nothing_found, offer
from actions.turn import MOST_OFFERS, Answer, Part, Piece, Subject, say
from bot.content.blocks import Block, BulletList, Paragraph
from bot.conversation.message import Kind, Offer
from bot.conversation.noted import Noted
from bot.safety import red_flags

MOST_ON_A_BUTTON = 40


def affirm(part: Part, shop: Shop) -> Piece:
    """A yes to what the last reply offered; to what else, nobody knows."""
    offered, _, which = (part.memory.offered or "").partition(" ")
    match offered:
        case Offered.PERSON:
            piece = person(part, shop)
        case Offered.URGENT | Offered.CRISIS as level:
            piece = alarm(red_flags.Level(level), shop)
        case Offered.TOPIC:
            return choose_topic(replace(part, chosen={"topic": which}), shop)
        case _:
            return say(shop, "let_be")
    before = piece.handoff and piece.handoff.model_copy(update={"summary": "", "typed_before": True})
    return replace(piece, handoff=before)


def deny(part: Part, shop: Shop) -> Piece:
    """A no to the one text that may have been meant leaves none."""
    declined = (part.memory.offered or "").startswith(Offered.TOPIC)
    return nothing_found(shop) if declined else say(shop, "let_be")


def _say(name: str, *, person: bool = False) -> Answer:
    def answer(part: Part, shop: Shop) -> Piece:
        return say(shop, name, offers=[offer_person(shop)] if person else [])

    return answer


def capabilities(part: Part, shop: Shop) -> Piece:
    """What Axis can do, with texts to begin with."""
    topics = (shop.topic(one) for one in shop.fixed.words.paragraphs("capability_topics"))
    return say(shop, "capabilities", offers=[*(offer(one) for one in topics if one), offer_person(shop)])


def visit_sheet(part: Part, shop: Shop) -> Piece:
    """Where the notes for a visit are, and the text on what to ask there."""
    topic = shop.topic("questions-for-my-clinician")
    offers = [*([offer(topic)] if topic else []), offer_person(shop)]
    return say(shop, "visit_where", kind=Kind.ANSWER, offers=offers)


def memory(part: Part, shop: Shop) -> Piece:
    """What was noted about the patient, each thing with a button that forgets it; or who may read the conversation."""
    if shop.fixed.says("privacy_words", part.text):
        return say(shop, "privacy", offers=[offer_person(shop)])
    words, noted = shop.fixed.words, part.memory.self_told
    lines = _noted_lines(noted, shop)
    if topic := shop.topic(part.memory.topic or ""):
        lines.append(f"{words.phrase('memory_topic')}: {topic.title}")
    if not lines:
        return say(shop, "memory_empty")
    first, note = words.phrase("memory"), words.phrase("memory_note")
    named = [*((one, one) for one in (*noted.drugs, *noted.markers)), *((one.id, one.id) for one in noted.symptoms)]
    offers = [_forget(what, shop.fixed.lexicon[term].name, shop) for what, term in named if term in shop.fixed.lexicon]
    everything = Offer(title=words.phrase("button_forget_all"), intent="forget_noted", entities={"what": "all"})
    blocks: list[Block] = [Paragraph(first), BulletList(lines), Paragraph(note)]
    return Piece(kind=Kind.SMALLTALK, blocks=blocks, key="memory", offers=[*offers[: MOST_OFFERS - 1], everything])


def _noted_lines(noted: Noted, shop: Shop) -> list[str]:
    """What was noted, a line for each sort, in the clinic's names for things."""
    words, lexicon = shop.fixed.words, shop.fixed.lexicon
    lines = []
    for sort, ids in (("drug", noted.drugs), ("marker", noted.markers)):
        if names := [lexicon[one].name for one in ids if one in lexicon]:
            lines.append(f"{words.phrase(f'memory_{sort}')}: {', '.join(names)}")
    for one in noted.symptoms:
        how = "" if one.how == "present" else f" ({words.phrase(f'memory_{one.how}')})"
        when = f", {one.when}" if one.when else ""
        lines.append(f"{words.phrase('memory_symptom')}: {lexicon[one.id].name}{how}{when}")
    if noted.goal:
        lines.append(f"{words.phrase('memory_goal')}: {words.phrase(f'goal_{noted.goal}')}")
    return lines


def _forget(what: str, name: str, shop: Shop) -> Offer:
    title = f"{shop.fixed.words.phrase('button_forget')}: {name}"
    return Offer(title=title[:MOST_ON_A_BUTTON], intent="forget_noted", entities={"what": what})


def forget(part: Part, shop: Shop) -> Piece:
    """What was noted of the things that a button or a message names is forgotten; where it names none, all of it."""
    chosen = part.chosen.get("what")
    named = [chosen] if chosen else part.ids("drugs", "hormones", "labs", "symptoms")
    noted = part.memory.self_told
    for what in named or ["all"]:
        noted = noted.without(what)
    gone: dict[str, str | None] = {"noted": noted.model_dump_json()}
    if named in ([], ["all"]):
        gone |= dict.fromkeys(("drug", "marker", "symptom", "goal", "topic", "level", "question"))
        return say(shop, "forgotten_all", remember=gone)
    gone |= {slot: None for slot in ("drug", "marker", "symptom") if getattr(part.memory, slot) in named}
    return say(shop, "forgotten_one", remember=gone)


def tell_help(part: Part, shop: Shop) -> Piece:
    """Whether help was reached after an emergency."""
    reached = part.chosen.get("reached") == "yes"
    return say(shop, "help_reached" if reached else "help_not_reached", kind=Kind.ANSWER, closing="emergency")


class Conversation(Subject):
    """Answers what concerns the conversation itself."""

    answers: ClassVar[Mapping[str, Answer]] = {
        "greet": _say("greet_again"),
        "goodbye": _say("goodbye"),
        "thank": _say("thanks"),
        "make_small_talk": _say("small_talk"),
        "affirm": affirm,
        "deny": deny,
        "skip_question": _say("let_be"),
        "stop_intake": _say("let_be"),
        "let_be": _say("let_be"),
        "ask_is_bot": _say("is_bot", person=True),
        "ask_capabilities": capabilities,
        "ask_sources": _say("sources"),
        "ask_memory": memory,
        "ask_visit_sheet": visit_sheet,
        "write_other_language": _say("other_language", person=True),
        "forget_noted": forget,
        "tell_help": tell_help,
        "ask_erase": _say("erase_how", person=True),
        "give_positive_feedback": _say("positive_feedback"),
        "give_negative_feedback": _say("negative_feedback", person=True),
        "abuse": _say("abuse", person=True),
    }

    def name(self) -> str:
        """As in domain.yml."""
        return "action_conversation"
