"""The message after an emergency: Axis asks whether help was reached, once, and hears what is said of it."""

import pytest

from bot.conversation.fixed import Fixed
from bot.conversation.message import Kind, Provenance
from bot.safety.red_flags import Level
from evaluation.running import Patient, Running

pytestmark = pytest.mark.served

EMERGENCY = "i cant see out of my left eye since this morning, on clomid"
ASKED = "have you reached help"


@pytest.fixture
def patient(axis: Running) -> Patient:
    made = Patient(axis.url)
    assert made.say(EMERGENCY)["kind"] == "emergency"
    return made


def test_a_question_is_answered_after_the_question_about_help_and_only_once(patient: Patient) -> None:
    first = patient.say("what is shbg")
    assert ASKED in first["blocks"][0]["text"]
    assert first["provenance"]
    assert [one["title"] for one in first["choices"]][:2] == ["Yes, I have help", "Not yet"]
    assert ASKED not in patient.say("what is fsh")["text"]


@pytest.mark.parametrize(
    "text",
    [
        "yes called them",
        "paramedics are here",
        "ive called them",
        "im on the phone to them now",
        "yes the ambulance is on its way",
        "im in the ambulance now",
        "my husband is driving me to the hospital",
    ],
)
def test_who_has_help_is_not_asked_again(patient: Patient, text: str) -> None:
    assert "The team can see this conversation" in patient.say(text)["text"]


def test_who_has_no_help_is_told_whom_to_call(patient: Patient) -> None:
    assert "Do not wait for an answer here" in patient.say("no one answers")["text"]


@pytest.mark.parametrize(
    ("title", "said"), [("Yes, I have help", "glad that you have help"), ("Not yet", "Please call")]
)
def test_the_buttons_say_the_same(patient: Patient, title: str, said: str) -> None:
    assert said in patient.choose(patient.say("what is shbg"), title)["text"]


def test_an_emergency_that_goes_on_is_answered_as_one(patient: Patient) -> None:
    assert patient.say("now my chest hurts and i cant breathe")["kind"] == "emergency"


def test_a_wish_that_tells_of_help_is_kept(fixed: Fixed) -> None:
    """Whatever the classifier makes of "ive called them", no request is lost."""
    wish = fixed.say("handoff", kind=Kind.HANDOFF)
    told = fixed.after_alarm(wish, "ive called them, please ring me").blocks
    assert told == [*fixed.say("help_reached").blocks, *wish.blocks]
    asked = fixed.after_alarm(wish, "can one of you ring me").blocks
    assert ASKED in str(asked[0]) and asked[-len(wish.blocks) :] == wish.blocks


@pytest.mark.parametrize(
    ("text", "told"), [("ive called them", True), ("yes clomid 50mg", False), ("who have they called it after", False)]
)
def test_a_text_gives_way_to_help_that_was_told_and_to_nothing_less(fixed: Fixed, text: str, told: bool) -> None:
    """The classifier may take "them" for the medicine that was named before."""
    source = Provenance(topic="clomiphene", title="Clomiphene", revision=1, level="plain", sha256="0" * 64)
    answer = fixed.say("greeting", kind=Kind.ANSWER).model_copy(update={"provenance": [source]})
    said = fixed.after_alarm(answer, text)
    assert (said.blocks == fixed.say("help_reached").blocks) == told
    assert (ASKED in str(said.blocks[0])) != told


def test_a_yes_does_not_silence_an_alarm(fixed: Fixed) -> None:
    alarm = fixed.general_alarm(Level.EMERGENCY)
    assert fixed.after_alarm(alarm, "yes and it is getting worse") == alarm
