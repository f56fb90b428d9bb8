"""What concerns conversation and clinic: details, a request taken back, what is remembered, notes for a visit."""

import pytest

from tests.actions.test_answers import Talk, talk
from tests.actions.test_framing import words as said

__all__ = ["talk"]


def test_details_are_offered_to_the_team_or_seen_with_a_request(talk: Talk) -> None:
    offered = talk.say("give_details", "my number is 07700 900123")
    assert "Shall I pass this on" in said(offered)
    assert talk.say("affirm", "yes").handoff
    assert "sees this with your request" in said(talk.say("give_details", "mornings are best"))


def test_who_wants_no_person_is_passed_on_to_none(talk: Talk) -> None:
    reply = talk.say("withdraw_request", "please dont call me")
    assert reply.handoff is None
    assert [offer.intent for offer in reply.offers] == ["ask_for_person"]


@pytest.mark.parametrize(
    ("text", "private"), [("can my wife read it, who sees this", True), ("what do you know of me", False)]
)
def test_what_is_remembered_and_who_may_read_it_are_two_questions(talk: Talk, text: str, private: bool) -> None:
    assert ("Staff of" in said(talk.say("ask_memory", text))) is private


def test_what_a_message_names_is_forgotten_and_all_where_it_names_nothing(talk: Talk) -> None:
    talk.say("report_symptom", "i have headaches and hot flushes")
    talk.say("forget_noted", "forget the headaches")
    memory = said(talk.say("ask_memory", "what do you remember"))
    assert "headache" not in memory
    assert "hot flushes" in memory
    talk.say("forget_noted", "forget it all")
    assert "not noted anything" in said(talk.say("ask_memory", "what do you remember"))


def test_notes_for_a_visit_are_where_the_reply_says(talk: Talk) -> None:
    assert "Notes for my visit" in said(talk.say("ask_visit_sheet", "prepare my visit"))
