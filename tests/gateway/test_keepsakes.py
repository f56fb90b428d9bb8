"""The sheet for a visit, and whether an answer helped: over HTTP, on a running Axis."""

from uuid import uuid4

import httpx2
import pytest

from evaluation.running import Patient, Running

pytestmark = pytest.mark.served


@pytest.fixture
def patient(axis: Running) -> Patient:
    return Patient(axis.url)


def put(patient: Patient, message: str, *, helpful: bool, headers: dict[str, str] | None = None) -> httpx2.Response:
    path = f"{patient.path}/messages/{message}/helpful"
    return patient._client.put(path, json={"helpful": helpful}, headers=headers or patient.headers)


def test_the_sheet_holds_what_was_told_asked_and_read_and_what_is_open(patient: Patient) -> None:
    patient.say("i have had hot flushes since march")
    patient.say("will clomid mess with my eyes")
    patient.say("how many mg of clomid should i take")
    sheet = patient.get("/visit-sheet").json()
    assert any("hot flushes" in line.lower() and "since march" in line for line in sheet["told"])
    assert any("mess with my eyes" in line for line in sheet["asked"])
    assert sheet["read"]
    assert any("how many mg" in line for line in sheet["questions"])
    assert len(sheet["questions"]) > 1
    for part in ("told", "asked", "read", "questions"):
        assert all(line in sheet["text"] for line in sheet[part])


def test_an_empty_conversation_has_a_sheet_with_questions_only(patient: Patient) -> None:
    sheet = patient.get("/visit-sheet").json()
    assert (sheet["told"], sheet["asked"], sheet["read"]) == ([], [], [])
    assert sheet["questions"]


def test_the_sheet_is_handed_over_with_a_ticket_and_the_patient_is_told(patient: Patient) -> None:
    patient.say("will clomid mess with my eyes")
    handed = patient._client.post(patient.path + "/visit-sheet", headers=patient.headers)
    assert handed.status_code == 201
    [said] = handed.json()["messages"]
    assert said["text"].endswith(said["closing"]["text"])
    assert patient.get().json()["state"] == "waiting_for_staff"


def test_whether_an_answer_helped_is_kept_and_can_be_said_again(patient: Patient) -> None:
    answer = patient.say("will clomid mess with my eyes")
    assert put(patient, answer["id"], helpful=True).json() == {"helpful": True}
    assert put(patient, answer["id"], helpful=False).status_code == 200


def test_nobody_speaks_of_anothers_answer_or_of_what_is_none(patient: Patient, axis: Running) -> None:
    answer = patient.say("will clomid mess with my eyes")
    stranger = Patient(axis.url)
    assert put(stranger, answer["id"], helpful=True).status_code == 404
    assert put(patient, uuid4().hex, helpful=True).status_code == 404
    assert put(patient, patient.greeting["id"], helpful=True).status_code == 404
    assert put(patient, answer["id"], helpful=True, headers={"Authorization": "Bearer wrong"}).status_code == 401
    emergency = patient.say("i cant see out of my left eye since this morning")
    assert put(patient, emergency["id"], helpful=True).status_code == 404
