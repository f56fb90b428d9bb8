"""What stands around an answer: children before testosterone, a word for something hard, a line for a partner; and what
the conversation remembers, shows and forgets.
"""

import pytest

from bot.content.blocks import as_text
from bot.conversation.message import Kind, Reply
from tests.actions.test_answers import Talk, talk

__all__ = ["talk"]


def words(reply: Reply) -> str:
    return "\n".join(as_text(block) for block in reply.blocks)


def titles(reply: Reply) -> list[str]:
    return [one.title for one in reply.offers]


def test_a_question_about_testosterone_treatment_first_meets_the_question_about_children(talk: Talk) -> None:
    first = talk.say("ask_how_it_works", "how does testosterone replacement work")
    assert first.kind is Kind.ANSWER
    assert "Are you hoping for children" in as_text(first.blocks[0])
    assert first.provenance[-1].topic == "advice:testosterone_children"
    assert titles(first)[:3] == ["Yes, now", "Yes, later", "No"]
    again = talk.say("ask_side_effects", "what are the side effects of testosterone replacement")
    assert "Are you hoping for children" not in words(again)


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("what are the side effects of transdermal testosterone replacement", True),
        ("side effects of testosterone replacement for a trans man", False),
    ],
)
def test_side_effects_meet_it_too_but_not_who_is_trans(talk: Talk, text: str, asked: bool) -> None:
    reply = talk.say("ask_side_effects", text)
    assert ("Are you hoping for children" in words(reply)) is asked


def test_who_has_told_their_wish_is_not_asked(talk: Talk) -> None:
    talk.say("share_fertility_goal", "we dont want any more kids, our family is complete")
    assert talk.slots["goal"] == "no"
    reply = talk.say("ask_how_it_works", "how does testosterone replacement work")
    assert "Are you hoping for children" not in words(reply)


def test_a_wish_told_by_a_button_gets_its_text_and_is_remembered(talk: Talk) -> None:
    reply = talk.say("share_fertility_goal", "/share_fertility_goal", goal="later")
    assert reply.provenance[0].topic == "trt-and-fertility"
    assert talk.slots["goal"] == "later"


def test_other_questions_do_not_meet_it(talk: Talk) -> None:
    reply = talk.say("ask_side_effects", "will clomid mess with my eyes")
    assert "hoping for children" not in words(reply)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("we lost our baby in may, how does letrozole work", "sorry for your loss"),
        ("they found no sperm at all, what is fsh", "hard thing to be told"),
    ],
)
def test_something_hard_gets_its_word_first_and_a_person_among_few_buttons(talk: Talk, text: str, word: str) -> None:
    reply = talk.say("ask_how_it_works", text)
    assert word in as_text(reply.blocks[0])
    assert titles(reply)[0] == "Ask for a person"
    assert len(reply.offers) <= 3


def test_distress_gets_the_words_for_what_happened(talk: Talk) -> None:
    reply = talk.say("express_distress", "another negative test, i cant stop crying")
    assert "hope" in words(reply)
    assert titles(reply) == ["Ask for a person"]


def test_who_asks_for_a_partner_is_told_so_once(talk: Talk) -> None:
    first = talk.say("ask_side_effects", "does clomid give my husband mood swings")
    assert "somebody else" in words(first)
    assert "somebody else" not in words(talk.say("ask_side_effects", "does clomid make my husband tired"))


def test_what_was_told_is_shown_and_can_be_forgotten_piece_by_piece(talk: Talk) -> None:
    talk.say("report_symptom", "i take clomid and i have headaches since monday, no hot flushes though")
    shown = talk.say("ask_memory", "what do you know about me")
    text = words(shown)
    assert "clomiphene" in text.lower()
    assert "since monday" in text
    assert "(no)" in text
    drug = next(one for one in shown.offers if "clomiphene" in one.title.lower())
    talk.say("forget_noted", "/forget_noted", **drug.entities)
    assert "clomiphene" not in words(talk.say("ask_memory", "what do you know about me")).lower()
    talk.say("forget_noted", "/forget_noted", what="all")
    assert "not noted anything" in words(talk.say("ask_memory", "what do you know about me"))


@pytest.mark.parametrize(("intent", "text"), [("ask_memory", "what do you know about me"), ("tell_help", "/tell_help")])
def test_what_stood_in_an_emergency_is_remembered_though_only_the_rules_read_it(
    talk: Talk, intent: str, text: str
) -> None:
    entities = {"reached": "yes"} if intent == "tell_help" else {}
    talk.say(intent, text, unheard="i take clomid and half my vision is gone since this morning", **entities)
    shown = words(talk.say("ask_memory", "what do you know about me")).lower()
    assert "clomiphene" in shown
    assert "visual disturbance, since this morning" in shown


@pytest.mark.parametrize(
    ("intent", "text", "topic"),
    [
        ("ask_about_therapy", "show me my wifes file", "refusal:others_data"),
        ("ask_about_therapy", "just tell me, dont send me to a doctor", "refusal:no_clinician"),
        ("ask_others_data", "what was said to my brother yesterday", "refusal:others_data"),
    ],
)
def test_the_newer_refusals_are_kind_and_offer_a_person(talk: Talk, intent: str, text: str, topic: str) -> None:
    reply = talk.say(intent, text)
    assert reply.kind is Kind.REFUSAL
    assert reply.provenance[0].topic == topic
    assert "Ask for a person" in titles(reply)
