"""Questions about treatments, tests, conditions and the body: found in the vetted store, never made up."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from actions.memory import Memory, Offered
from actions.shop import Shop, offer_person
from actions.turn import Answer, Part, Piece, Subject, say
from bot.content.blocks import Block, Notice
from bot.content.catalogue import Served
from bot.content.search import Match, Question, Verdict, decide, worth_offering
from bot.content.topic import Level
from bot.conversation.message import Gap, Kind, Offer, Provenance, Term
from bot.encoder import unpacked

KINDS: dict[str, frozenset[str]] = {
    "ask_about_therapy": frozenset({"therapy"}),
    "ask_how_it_works": frozenset({"mechanism", "therapy"}),
    "ask_benefits": frozenset({"therapy", "suitability"}),
    "ask_side_effects": frozenset({"side_effects"}),
    "ask_comparison": frozenset({"comparison"}),
    "ask_suitability": frozenset({"suitability"}),
    "ask_treatment_course": frozenset({"therapy", "long_term"}),
    "ask_monitoring": frozenset({"monitoring"}),
    "ask_long_term": frozenset({"long_term"}),
    "ask_lab_marker": frozenset({"lab"}),
    "ask_recovery": frozenset({"recovery"}),
    "ask_condition": frozenset({"condition"}),
    "ask_body_basics": frozenset({"basics", "mechanism"}),
    "ask_definition": frozenset({"basics", "mechanism"}),
    "ask_fertility_effect": frozenset({"side_effects", "goal", "condition"}),
    "share_fertility_goal": frozenset({"goal"}),
    "ask_practical": frozenset({"practical"}),
    "report_symptom": frozenset({"symptom"}),
    "ask_symptom_cause": frozenset({"symptom"}),
}
"""The kinds of topic that an intent asks for."""

SHORT_WORDS = 7
"""A question of no more words, which names nothing, leans on the one before."""

_WOMEN = re.compile(r"\b(?:women|woman|female|females|wife|girlfriend|girls?|she|her|ladies)\b", re.IGNORECASE)
_NO_CIS_MAN = re.compile(
    r"\b(?:my (?:last |next )?periods?|before (?:my |a )?periods?|menses|menstrua\w*|(?:peri)?menopaus\w*|pms"
    r"|premenstrual|my (?:ovar(?:y|ies)|womb|uterus|vagina)|i(?:'m| am|m) (?:a )?(?:pregnant|woman|girl)|as a woman"
    r"|breastfeed\w*|egg (?:collection|retrieval)|utrogestan|mtf|ftm|trans(?:fem|masc)\w*|top surgery"
    r"|trans(?:gender)? ?(?:woman|girl|man|guy|boy)|spiro(?:nolactone)?"
    r"|o?estr(?:adiol|ogen) (?:patch|patches|gel|pills?|tablets?|week|month))\b",
    re.IGNORECASE,
)
"""What a woman or a transgender patient says of themselves; not what a man does, though his partner may."""
TESTICULAR_PAIN = "testicular_pain"
"""The one symptom of men that is for whoever has it: it may be a torsion."""
_LOOKS_BACK = re.compile(r"\b(?:it|its|it's|that|this|they|them|those|these|one)\b", re.IGNORECASE)
_LEADING = re.compile(
    r"^(?:no|nope|sorry|and|ok|but|so|i\s+meant?|i\s+said|what\s+about|how\s+about|actually)[\s,.:;]+", re.IGNORECASE
)

LADDER = (Level.PLAIN, Level.DETAIL, Level.SCIENCE)
BUTTONS = {Level.PLAIN: "button_simpler", Level.DETAIL: "button_detail", Level.SCIENCE: "button_science"}


def answer_question(part: Part, shop: Shop) -> Piece:
    """The vetted text for a question; a choice of the nearest; or an honest no."""
    word = shop.glossary.asked(part.text)
    if word and not word.related:
        return remembering(show(word, Level.PLAIN, shop), part)
    part, leaned = with_context(part, shop)
    question = question_of(part, shop)
    matches = [match for match in shop.rank(question) if is_for(match.topic, part.text)]
    if leaned and matches and _is_of_another_drug(question, matches[0]):
        matches = [match for match in matches if question.drugs & match.topic.drugs]
        return ask_back(matches, shop) if matches else nothing_found(shop)
    level = Level(part.memory.level) if leaned and part.memory.level else Level.PLAIN
    match decide(matches):
        case Verdict.ANSWER:
            return remembering(show(matches[0].topic, level, shop), part)
        case Verdict.ASK_BACK:
            return ask_back(matches, shop)
        case _:
            return nothing_found(shop)


def is_for(topic: Served, text: str) -> bool:
    """Whether a text on a symptom may be shown to who wrote this: what is true of men's breasts or muscles is not for a
    woman or a transgender patient. What needs help at once is for everybody.
    """
    of_men = topic.kind == "symptom" and topic.audience == {"men"} and TESTICULAR_PAIN not in topic.tags
    return not of_men or not _NO_CIS_MAN.search(text)


def nothing_found(shop: Shop) -> Piece:
    """That there is no text, and a person."""
    gap = Gap(kind="unanswered")
    return say(shop, "nothing_found", kind=Kind.FALLBACK, offers=[offer_person(shop)], gap=gap)


def _is_of_another_drug(question: Question, match: Match) -> bool:
    """Whether a text is about a medicine, and not about the one that the question names: "no, raloxifene"."""
    return bool(question.drugs and match.topic.drugs) and question.drugs.isdisjoint(match.topic.drugs)


def question_of(part: Part, shop: Shop) -> Question:
    """A part as the search takes it."""
    return Question(
        text=part.text,
        vector=unpacked(part.packed) if part.packed else shop.encoder.encode([part.text]),
        terms=frozenset(part.ids("drugs", "hormones", "labs", "symptoms", "conditions")),
        drugs=frozenset(part.ids("drugs")),
        kinds=KINDS.get(part.intent, frozenset()),
        audience=frozenset({"women"}) if _WOMEN.search(part.text) else frozenset(),
    )


def with_context(part: Part, shop: Shop) -> tuple[Part, bool]:
    """A part in full words: "and tamoxifen?" after a question about clomiphene is that question about tamoxifen.

    Returns:
        The part, and whether it leaned on what was said before.
    """
    memory = part.memory
    drugs = part.ids("drugs")
    if part.intent in ("follow_up", "correct_previous") and drugs and memory.question:
        return _rewrite(part, shop, _replace_drug(memory.question, drugs[0], shop)), True
    if part.named and not (_LOOKS_BACK.search(part.text) and not drugs):
        return part, False
    setting = sorted((one.term for one in part.before), key=lambda term: term.kind != "drugs")
    name = setting[0].name if setting else _remembered(memory, shop)
    leans = setting or part.intent == "follow_up" or _LOOKS_BACK.search(part.text) or _is_short(part.text)
    if not name or not leans:
        return part, False
    return _rewrite(part, shop, f"{_LEADING.sub('', part.text)} {name}"), True


def _is_short(text: str) -> bool:
    return len(text.split()) <= SHORT_WORDS


def _remembered(memory: Memory, shop: Shop) -> str | None:
    """The name of the drug or test that was spoken of last, or else the title of the text that was shown."""
    for slot in ("drug", "marker", "symptom"):
        term = getattr(memory, slot)
        if term and term in shop.fixed.lexicon:
            return shop.fixed.lexicon[term].name
    topic = shop.topic(memory.topic or "")
    return topic.title if topic else None


def _replace_drug(question: str, drug: str, shop: Shop) -> str:
    """The question with its first drug exchanged; where it has none, the drug is the question."""
    name = shop.fixed.lexicon[drug].name
    for found in shop.fixed.lexicon.find(question):
        if found.term.kind == "drugs":
            return question[: found.start] + name + question[found.end :]
    return name


def _rewrite(part: Part, shop: Shop, text: str) -> Part:
    intent = "follow_up" if part.intent == "correct_previous" else part.intent
    return replace(part, text=text, intent=intent, named=shop.fixed.lexicon.find(text), packed="")


def remembering(piece: Piece, part: Part) -> Piece:
    """The piece, with what the part named noted for the next turn."""
    noted: dict[str, str | None] = {"question": part.text}
    for slot, kinds in (("drug", ("drugs",)), ("marker", ("hormones", "labs")), ("symptom", ("symptoms",))):
        if found := part.ids(*kinds):
            noted[slot] = found[0]
    return replace(piece, remember={**noted, **piece.remember})


def show(topic: Served, level: Level, shop: Shop) -> Piece:
    """A topic's text at a level, with its provenance, the other levels and what belongs to it as buttons."""
    if topic.topic in shop.catalogue.withheld:
        held = Gap(kind="withheld", topic=topic.topic)
        return say(shop, "withheld", kind=Kind.FALLBACK, closing=topic.closing, offers=[offer_person(shop)], gap=held)
    blocks: list[Block] = list(topic.texts[level].blocks)
    if topic.reviewed_by is None:
        blocks += [Notice(text) for text in shop.fixed.words.paragraphs("unreviewed")]
    return Piece(
        kind=Kind.ANSWER,
        blocks=blocks,
        key=f"topic:{topic.topic}",
        closing=topic.closing,
        offers=[*_levels(topic, level, shop), *_related(topic, shop)],
        provenance=[provenance(topic, level)],
        terms=_terms(topic, level, shop),
        remember={"topic": topic.topic, "level": level} if topic.questions else {},
    )


def _terms(topic: Served, level: Level, shop: Shop) -> list[Term]:
    """The words of a text that the glossary explains, but for the one that the text itself is about."""
    words = (
        one for one in shop.glossary.used_in(str(topic.texts[level])) if topic.topic not in (one.topic, *one.related)
    )
    return [
        Term(topic=one.topic, term=one.title, text=str(one.texts[Level.PLAIN]), revision=one.revision) for one in words
    ]


def provenance(topic: Served, level: Level) -> Provenance:
    """Where a text comes from, as the reply records it."""
    return Provenance(
        topic=topic.topic,
        title=topic.title,
        revision=topic.revision,
        level=level,
        sha256=topic.hashes[level],
        reviewed_by=topic.reviewed_by,
        reviewed_on=topic.reviewed_on,
        review_due=topic.review_due,
        sources=list(topic.sources),
    )


def _levels(topic: Served, level: Level, shop: Shop) -> list[Offer]:
    words = shop.fixed.words
    return [
        Offer(title=words.phrase(BUTTONS[one]), intent="choose_topic", entities={"topic": topic.topic, "level": one})
        for one in LADDER
        if one is not level and one in topic.texts
    ]


def _related(topic: Served, shop: Shop) -> list[Offer]:
    found = (shop.topic(one) for one in topic.related)
    return [offer(one) for one in found if one]


def offer(topic: Served) -> Offer:
    """The button that opens a topic."""
    return Offer(title=topic.button, intent="choose_topic", entities={"topic": topic.topic, "level": Level.PLAIN})


def ask_back(matches: list[Match], shop: Shop) -> Piece:
    """The nearest topics as choices; of a single one it is asked whether it is meant, and a yes is enough."""
    near = [match.topic for match in worth_offering(matches)]
    only = {"offered": f"{Offered.TOPIC} {near[0].topic}"} if len(near) == 1 else {}
    offers = [*(offer(one) for one in near), offer_person(shop)]
    words, unsure = "ask_back_one" if only else "ask_back", Gap(kind="asked_back")
    return say(shop, words, kind=Kind.CLARIFICATION, offers=offers, remember=only, gap=unsure)


def choose_topic(part: Part, shop: Shop) -> Piece:
    """The topic that a button stands for."""
    topic = shop.known(part.chosen.get("topic", ""))
    if topic is None:
        return say(shop, "chosen_topic_gone", kind=Kind.FALLBACK, offers=[offer_person(shop)])
    piece = show(topic, Level(part.chosen.get("level", Level.PLAIN)), shop)
    drug = next(iter(sorted(topic.drugs)), None) if len(topic.drugs) == 1 else part.memory.drug
    return replace(piece, remember={**piece.remember, "question": topic.title, "drug": drug})


def _step(part: Part, shop: Shop, wanted: Level | None, *, by: int = 0) -> Piece:
    """The last topic again, at another level."""
    topic = shop.known(part.memory.topic or "")
    if topic is None:
        return say(shop, "no_topic_yet", kind=Kind.CLARIFICATION, offers=[offer_person(shop)])
    place = LADDER.index(Level(part.memory.level or Level.PLAIN))
    level = wanted or LADDER[min(max(place + by, 0), len(LADDER) - 1)]
    if by and level is LADDER[place]:
        name = "simplest" if by < 0 else "deepest"
        return say(shop, name, kind=Kind.CLARIFICATION, offers=[*_levels(topic, level, shop), offer_person(shop)])
    return show(topic, level, shop)


def simpler(part: Part, shop: Shop) -> Piece:
    """The last topic one level plainer."""
    return _step(part, shop, None, by=-1)


def more_detail(part: Part, shop: Shop) -> Piece:
    """The last topic one level deeper."""
    return _step(part, shop, None, by=1)


def science(part: Part, shop: Shop) -> Piece:
    """The last topic with its science."""
    return _step(part, shop, Level.SCIENCE)


def repeat(part: Part, shop: Shop) -> Piece:
    """The last topic again."""
    return _step(part, shop, Level(part.memory.level or Level.PLAIN))


def correct(part: Part, shop: Shop) -> Piece:
    """After "no, raloxifene": the last question about something else; without a name, what was meant is asked."""
    if part.named:
        return answer_question(part, shop)
    return say(shop, "correct_previous", kind=Kind.CLARIFICATION, offers=[offer_person(shop)])


def unsure(part: Part, shop: Shop) -> Piece:
    """A message whose intent is unclear: it may still ask for a topic in words that only the store knows."""
    piece = answer_question(part, shop)
    if piece.kind is Kind.FALLBACK and part.intent == "out_of_scope":
        return say(shop, "out_of_scope", kind=Kind.FALLBACK, offers=[offer_person(shop)])
    return piece


def out_of_scope(part: Part, shop: Shop) -> Piece:
    """A subject that is not ours; said so, unless the message names something that is."""
    if part.named:
        return unsure(part, shop)
    return say(shop, "out_of_scope", kind=Kind.FALLBACK, offers=[offer_person(shop)])


def goal(part: Part, shop: Shop) -> Piece:
    """A wish for children: remembered, and answered like any question; one told by a button gets its text."""
    if chosen := part.chosen.get("goal"):
        topic = shop.known(shop.fixed.goals.by_id[chosen].topic)
        piece = show(topic, Level.PLAIN, shop) if topic else say(shop, "goal_noted", offers=[offer_person(shop)])
        noted = part.memory.self_told.model_copy(update={"goal": chosen})
        return replace(piece, remember={**piece.remember, "goal": chosen, "noted": noted.model_dump_json()})
    return answer_question(part, shop)


class Topics(Subject):
    """Answers questions from the vetted store."""

    answers: ClassVar[Mapping[str, Answer]] = {
        **dict.fromkeys(
            (intent for intent in KINDS if intent.startswith("ask_") and intent != "ask_symptom_cause"),
            answer_question,
        ),
        "share_fertility_goal": goal,
        "choose_topic": choose_topic,
        "follow_up": answer_question,
        "correct_previous": correct,
        "ask_simpler": simpler,
        "ask_more_detail": more_detail,
        "ask_science": science,
        "ask_repeat": repeat,
        "out_of_scope": out_of_scope,
        "nlu_fallback": unsure,
    }

    def name(self) -> str:
        """As in domain.yml."""
        return "action_topics"
