"""The intake through a running Axis: several symptoms at once, a question in between, a change, the summary."""

from typing import Any

import pytest

from evaluation.running import Patient, Running

pytestmark = pytest.mark.served


def text(message: dict[str, Any]) -> str:
    return str(message["text"])


def titles(message: dict[str, Any]) -> list[str]:
    return [one["title"] for one in message["choices"]]


def skipped(patient: Patient, asked: dict[str, Any]) -> dict[str, Any]:
    """What is said after every question that is left has been skipped."""
    for _ in range(12):
        if "Skip" not in titles(asked):
            break
        asked = patient.choose(asked, "Skip")
    return asked


@pytest.fixture
def patient(axis: Running) -> Patient:
    return Patient(axis.url)


def test_an_intake_is_taken_changed_confirmed_and_handed_over(patient: Patient) -> None:
    assert "use your own words" in text(patient.say("i want to leave my details for the team"))
    assert "Since when" in text(patient.say("hot flushes and headaches, no acne"))
    assert "How bad" in text(patient.say("three weeks"))
    asked = patient.say("quite bad really")
    assert "getting better" in text(asked)
    asked = patient.choose(asked, "Worse")
    assert "medicines" in text(asked)
    asked = patient.say("clomid since march")
    asked = patient.choose(asked, "Trying now")
    asked = patient.choose(asked, "Skip")
    asked = patient.say("0151 555 0100")
    shown = patient.say("after four")
    assert "You said that you do not have this, is that right: acne" in text(shown)
    for said in ("hot flushes and headaches", "Worse", "clomid since march", "Trying now", "after four"):
        assert said in text(shown)
    assert titles(shown)[:2] == ["Yes, pass it on", "Change something"]
    what = patient.choose(shown, "Change something")
    again = patient.choose(what, "Best time")
    assert "best time" in text(again)
    shown = patient.say("only on mondays")
    assert "only on mondays" in text(shown)
    assert "after four" not in text(shown)
    done = patient.choose(shown, "Yes, pass it on")
    assert done["kind"] == "handoff"


def test_a_question_in_between_is_answered_and_the_form_goes_on(patient: Patient) -> None:
    patient.say("i want to leave my details for the team")
    answered = patient.say("what is shbg")
    assert [one["topic"] for one in answered["provenance"]]
    assert "use your own words" in text(answered)
    assert "Since when" in text(patient.say("hot flushes all day"))


def test_a_red_flag_in_the_form_is_answered_first(patient: Patient) -> None:
    patient.say("i want to leave my details for the team")
    assert patient.say("i cant see out of my left eye since this morning")["kind"] == "emergency"


def test_what_stood_beside_an_alarm_in_the_form_is_in_its_summary(patient: Patient) -> None:
    patient.say("i want to leave my details for the team")
    said = patient.say("my sight is gone in one eye since this morning, no headache though")
    assert said["kind"] == "emergency"
    shown = skipped(patient, patient.say("i would like to know more about egg freezing"))
    assert "You said that you do not have this, is that right: headache" in text(shown)


def test_what_is_no_symptom_is_not_asked_how_bad_it_is(patient: Patient) -> None:
    patient.say("i want to leave my details for the team")
    assert "medicines" in text(patient.say("i would like to know more about egg freezing"))


def test_nothing_is_handed_over_when_everything_is_skipped(patient: Patient) -> None:
    asked = skipped(patient, patient.say("i want to leave my details for the team"))
    assert "nothing to pass on" in text(asked)
    assert patient.choose(asked, "Stop asking")["kind"] == "form"


def test_who_asks_for_a_person_within_the_form_gets_one_and_the_form_goes_on(patient: Patient) -> None:
    patient.say("i want to leave my details for the team")
    asked = patient.say("can i please talk to a real person")
    assert asked["kind"] == "handoff"
    assert patient.get().json()["state"] == "waiting_for_staff"
    assert "use your own words" in text(asked)


def confirming(patient: Patient) -> dict[str, Any]:
    """The summary that is to be passed on."""
    patient.say("i want to leave my details for the team")
    return skipped(patient, patient.say("hot flushes for three weeks"))


@pytest.mark.parametrize("said", ["AMH done", "no", "no wait", "dont"])
def test_only_a_plain_yes_passes_the_answers_on(patient: Patient, said: str) -> None:
    confirming(patient)
    kept = patient.say(said)
    assert kept["kind"] != "handoff"
    assert "passed nothing on" in text(kept) or "not passed these answers on" in text(kept)


def test_a_typed_yes_passes_the_answers_on(patient: Patient) -> None:
    confirming(patient)
    assert patient.say("yes please")["kind"] == "handoff"
    assert "sees this with your request" in text(patient.say("my number is 07700 900461"))


def test_a_question_is_not_kept_as_an_answer(patient: Patient) -> None:
    patient.say("i want to leave my details for the team")
    patient.say("hot flushes")
    asked = patient.say("is that from my thyroid?")
    assert "Since when" in text(asked)
    shown = skipped(patient, patient.say("may last year, when it got cold"))
    assert "may last year" in text(shown)
    assert "thyroid" not in text(shown)


def test_who_is_to_be_reached_needs_a_number_or_an_address(patient: Patient) -> None:
    patient.say("i want to leave my details for the team")
    asked = patient.say("hot flushes")
    while "reach you" not in text(asked):
        asked = patient.choose(asked, "Skip")
    assert "no telephone number" in text(patient.say("metformin"))
    assert "best time" in text(patient.say("kim@example.com"))


def test_who_may_read_it_is_answered_within_the_form(patient: Patient) -> None:
    patient.say("i want to leave my details for the team")
    patient.say("hot flushes")
    asked = patient.say("is this confidential?")
    assert "Staff of" in text(asked)
    assert "Since when" in text(asked)


def test_a_number_at_the_end_takes_the_place_of_the_one_before(patient: Patient) -> None:
    patient.say("i want to leave my details for the team")
    asked = patient.say("hot flushes")
    while "reach you" not in text(asked):
        asked = patient.choose(asked, "Skip")
    patient.say("0151 555 0100")
    patient.say("mornings")
    shown = patient.say("no, my number is 0151 555 0199")
    assert "0151 555 0199" in text(shown)
    assert "0151 555 0100" not in text(shown)
    assert patient.say("yes")["kind"] == "handoff"


def test_a_bare_stop_ends_it(patient: Patient) -> None:
    patient.say("i want to leave my details for the team")
    patient.say("hot flushes")
    assert "stopped asking" in text(patient.say("stop"))
