"""An intake: to JSON and back, and as staff read it."""

import pytest
from hypothesis import given

from bot.errors import DataError
from bot.triage import intake
from bot.triage.intake import Intake, Symptom
from tests.triage.cases import INTAKE, INTAKES


@given(INTAKES)
def test_what_is_stored_is_what_is_read(one: Intake) -> None:
    assert intake.from_json(intake.to_json(one)) == one
    assert all("\n" not in line for line in intake.as_lines(one))


def test_a_ticket_without_an_intake_has_none() -> None:
    assert intake.to_json(None) is None
    assert intake.from_json(None) is None
    assert intake.as_lines(None) == ["No intake was taken."]


def test_staff_read_the_patients_words() -> None:
    assert intake.as_lines(INTAKE) == [
        "Symptom: “always knackered” (fatigue); since when: “last spring”; how bad: “can't work”; course: worse",
        "Symptom denied: “no headaches” (headache)",
        "Treatment now: “clomid 25” (clomiphene)",
        "Treatment in the past: testosterone",
        "Hoping for children: Within a year",
        "Tests done: “blood in May, no sperm test”",
        "How to reach the patient: “07700 900123”",
        "Best time: Not said",
        "Consent: given on 20 Nov 2026, 12:00 UTC",
        "Question for the clinician: “does it = a risk? really”",
    ]


def test_what_was_skipped_is_said_to_be() -> None:
    lines = intake.as_lines(Intake())
    assert len(lines) == 8
    assert all(line.endswith(": Not said") for line in lines)


def test_a_symptom_without_a_name_is_none() -> None:
    with pytest.raises(ValueError, match="needs an id"):
        Symptom(since="last week")


def test_what_does_not_fit_is_refused_without_its_words() -> None:
    with pytest.raises(DataError, match="goal") as refused:
        intake.from_json({"goal": "secret hope", "tests": 3})
    assert "secret hope" not in str(refused.value)
