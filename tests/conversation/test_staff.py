"""While staff own a conversation Axis is silent, but for an emergency."""

import pytest

from bot.conversation.message import Kind, State
from bot.conversation.turn import House
from tests.conversation.test_turn import DOUBTED, EMERGENCY, Dialogue, Patient, assert_closed, dialogue, house

__all__ = ["dialogue", "house"]


@pytest.fixture
def patient(house: House) -> Patient:
    """A patient whose conversation staff have taken over."""
    made = Patient(house)
    with house.database.writing() as session:
        session.connection().exec_driver_sql(f"UPDATE conversations SET state = '{State.STAFF}' WHERE id = '{made.id}'")
    return made


async def test_a_conversation_that_staff_own_is_not_answered_by_the_dialogue(
    patient: Patient,
    dialogue: Dialogue,
) -> None:
    outcome = await patient.say("what is clomid")
    assert dialogue.heard == []
    assert dialogue.begun == []
    assert outcome.state is State.STAFF
    assert "Your message has reached the team" in outcome.messages[0].text
    assert_closed(outcome)
    assert "what is clomid" in patient.history()


async def test_a_red_flag_is_answered_also_while_staff_own_the_conversation(patient: Patient) -> None:
    outcome = await patient.say(EMERGENCY)
    assert outcome.messages[0].kind is Kind.EMERGENCY
    assert outcome.state is State.STAFF
    assert_closed(outcome)


async def test_a_red_flag_that_the_spare_net_doubts_is_answered_so_too(patient: Patient, dialogue: Dialogue) -> None:
    """No dialogue is asked, so there is no second opinion."""
    assert patient.house.fixed.doubts(DOUBTED)
    assert (await patient.say(DOUBTED)).messages[0].kind is Kind.EMERGENCY
    assert dialogue.heard == []


async def test_what_only_the_net_takes_for_danger_is_answered_so_too(patient: Patient, dialogue: Dialogue) -> None:
    """Nobody knows whether the person who took the conversation over is looking just now."""
    text = "i keep a rope in the garage and i go and look at it every night"
    assert patient.house.fixed.alarm(text) is None
    outcome = await patient.say(text)
    assert outcome.messages[0].kind is Kind.CRISIS
    assert dialogue.heard == []
    assert outcome.state is State.STAFF
