"""The public contract, asked as a client would, with a real store and no Rasa: every answer closes with a referral."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from bot.app import create
from bot.content import governance, record
from bot.content.review import State
from bot.conversation.fixed import Fixed
from bot.database import Database
from bot.roles import Role
from bot.settings import Mode, Settings

EMERGENCY = "i have crushing chest pain right now"


@pytest.fixture
def client(stocked_settings: Settings) -> Iterator[TestClient]:
    with TestClient(create(stocked_settings), raise_server_exceptions=False) as made:
        yield made


class Patient:
    def __init__(self, client: TestClient) -> None:
        self.client = client
        version = client.get("/api/v1/clinic").json()["consent"]["version"]
        answer = client.post(
            "/api/v1/conversations", json={"channel": "web", "locale": "en", "consent_version": version}
        )
        assert answer.status_code == 201
        self.opened = answer.json()
        self.path = f"/api/v1/conversations/{self.opened['conversation_id']}"
        self.headers = {"Authorization": f"Bearer {self.opened['token']}"}

    def send(self, **said: Any) -> Any:
        body = {"client_message_id": str(uuid4()), **said}
        return self.client.post(self.path + "/messages", json=body, headers=self.headers)


@pytest.fixture
def patient(client: TestClient) -> Patient:
    return Patient(client)


def closes(text: str, fixed: Fixed) -> bool:
    return any(text.endswith(fixed.closing(name).text) for name in fixed.closings.ids)


def assert_problem(answer: Any, status: int, fixed: Fixed) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["status"] == status
    assert closes(body["text"], fixed)
    return body


def test_the_clinics_facts_are_public(client: TestClient) -> None:
    facts = client.get("/api/v1/clinic").json()
    assert set(facts) == {"name", "country", "telephone", "opening_hours", "emergency_numbers", "consent"}
    assert facts["emergency_numbers"]["emergency"] == "911"


def test_with_rasa_down_a_question_gets_the_safe_reply_and_is_stored(patient: Patient, fixed: Fixed) -> None:
    answer = patient.send(text="what is clomid")
    assert answer.status_code == 200
    [message] = answer.json()["messages"]
    assert (message["kind"], message["role"]) == ("fallback", "assistant")
    assert closes(message["text"], fixed)
    page = patient.client.get(patient.path + "/messages", headers=patient.headers).json()
    assert [one["role"] for one in page["messages"]] == ["assistant", "patient", "assistant"]
    assert page["messages"][-1] == message


def test_with_rasa_down_an_emergency_is_answered(patient: Patient, fixed: Fixed) -> None:
    body = patient.send(text=EMERGENCY).json()
    assert body["messages"][0]["kind"] == "emergency"
    assert "911" in body["messages"][0]["text"]
    assert body["state"] == "waiting_for_staff"
    assert closes(body["messages"][0]["text"], fixed)


def test_the_same_client_message_id_gives_the_same_reply(patient: Patient) -> None:
    same = str(uuid4())
    first, again = (patient.send(client_message_id=same, text="what is clomid").json() for _ in range(2))
    assert first == again
    page = patient.client.get(patient.path + "/messages", headers=patient.headers).json()
    assert len(page["messages"]) == 3


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"text": "x" * 4001}, 413),
        ({"text": ""}, 422),
        ({"text": "   \n"}, 422),
        ({}, 422),
        ({"text": "a", "choice": "b"}, 422),
        ({"text": 5}, 422),
        ({"text": "a", "client_message_id": "no uuid"}, 422),
        ({"text": "a", "nonsense": 1}, 422),
        ({"choice": "never offered"}, 409),
    ],
)
def test_what_does_not_fit_is_refused_in_words(
    patient: Patient, fixed: Fixed, said: dict[str, Any], status: int
) -> None:
    assert_problem(patient.send(**said), status, fixed)
    page = patient.client.get(patient.path + "/messages", headers=patient.headers).json()
    assert len(page["messages"]) == 1


@pytest.mark.parametrize(
    "text", ["x" * 4000, "👩🏽‍⚕️" * 200, "\u202e\u0000\ud83d", "<script>alert(1)</script>", "'; DROP TABLE messages;--"]
)
def test_odd_text_is_only_text(patient: Patient, fixed: Fixed, text: str) -> None:
    body = json.dumps({"client_message_id": str(uuid4()), "text": text})
    headers = {**patient.headers, "Content-Type": "application/json"}
    answer = patient.client.post(patient.path + "/messages", content=body, headers=headers)
    assert answer.status_code == 200
    assert closes(answer.json()["messages"][0]["text"], fixed)


def test_a_refused_message_with_a_red_flag_still_gets_the_emergency_text(patient: Patient, fixed: Fixed) -> None:
    body = assert_problem(patient.send(text=EMERGENCY + " " + "x" * 4000), 413, fixed)
    assert "911" in body["text"]
    body = assert_problem(patient.send(client_message_id="no uuid", text=EMERGENCY), 422, fixed)
    assert "911" in body["text"]


def test_a_megabyte_is_refused(patient: Patient, fixed: Fixed) -> None:
    assert_problem(patient.send(text="x" * 1_000_000), 413, fixed)
    body = {"consent_version": "x" * 1_000_000}
    assert_problem(patient.client.post("/api/v1/conversations", json=body), 413, fixed)


def test_secrets_open_only_their_own_conversation(client: TestClient, fixed: Fixed) -> None:
    mine, other = Patient(client), Patient(client)
    wrong = [
        {},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer nonsense"},
        other.headers,
        {"Authorization": "Basic x"},
    ]
    for headers in wrong:
        for method, what in (("GET", "/messages"), ("GET", "/events"), ("GET", "/transcript"), ("DELETE", "")):
            assert_problem(client.request(method, mine.path + what, headers=headers), 401, fixed)
        body = {"client_message_id": str(uuid4()), "text": "hello"}
        assert_problem(client.post(mine.path + "/messages", json=body, headers=headers), 401, fixed)
    assert_problem(client.get(f"/api/v1/conversations/{'0' * 32}/messages", headers=mine.headers), 404, fixed)


def test_only_the_hash_of_a_token_is_stored(patient: Patient, stocked_settings: Settings) -> None:
    stored = b"".join(path.read_bytes() for path in stocked_settings.var_dir.glob("axis.sqlite*"))
    assert patient.opened["conversation_id"].encode() in stored
    assert patient.opened["token"].encode() not in stored


def test_another_consent_is_answered_with_the_present_one(client: TestClient, fixed: Fixed) -> None:
    answer = client.post("/api/v1/conversations", json={"consent_version": "1999-01-01"})
    assert assert_problem(answer, 409, fixed)["consent"]["version"] == fixed.clinic.consent_version


def test_erasing_leaves_a_receipt_and_nothing_else(patient: Patient, fixed: Fixed, stocked_settings: Settings) -> None:
    marker = "a very particular sentence"
    patient.send(text=marker)
    receipt = patient.client.delete(patient.path, headers=patient.headers)
    assert receipt.status_code == 200
    assert receipt.json()["messages"] == 3
    assert_problem(patient.client.get(patient.path + "/messages", headers=patient.headers), 404, fixed)
    with Database(stocked_settings.resolved_database_url).reading() as session:
        connection = session.connection()
        tables = [row[0] for row in connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            rows = connection.exec_driver_sql(f"SELECT * FROM {table}").all()
            assert not any(marker in str(row) or patient.opened["conversation_id"] in str(row) for row in rows)


def test_the_transcript_holds_both_sides_as_text(patient: Patient) -> None:
    patient.send(text="what is clomid")
    answer = patient.client.get(patient.path + "/transcript", headers=patient.headers)
    assert answer.headers["content-type"].startswith("text/plain")
    assert "You:\nwhat is clomid" in answer.text
    assert "Axis:\n" in answer.text


def test_the_history_continues_at_its_cursor(patient: Patient) -> None:
    first = patient.client.get(patient.path + "/messages", headers=patient.headers).json()
    patient.send(text="what is clomid")
    rest = patient.client.get(f"{patient.path}/messages?after={first['cursor']}", headers=patient.headers).json()
    assert [one["role"] for one in rest["messages"]] == ["patient", "assistant"]


def test_too_many_messages_are_refused_but_never_an_emergency(stocked_settings: Settings, fixed: Fixed) -> None:
    settings = stocked_settings.model_copy(update={"messages_per_minute": 2})
    with TestClient(create(settings)) as client:
        patient = Patient(client)
        assert [patient.send(text="hello").status_code for _ in range(2)] == [200, 200]
        refused = patient.send(text="hello")
        assert_problem(refused, 429, fixed)
        assert 1 <= int(refused.headers["Retry-After"]) <= 60
        assert patient.send(text=EMERGENCY).json()["messages"][0]["kind"] == "emergency"


def test_the_store_is_probed_and_the_missing_dialogue_named(client: TestClient) -> None:
    assert client.get("/healthz").status_code == 200
    ready = client.get("/readyz")
    parts = {"store": True, "dialogue": False, "safety_texts": True}
    assert (ready.status_code, ready.json()) == (503, {"ready": False, "parts": parts})
    assert "axis_ready" in client.get("/metrics").text


def test_in_production_axis_is_not_ready_while_a_text_of_safety_is_not_approved(stocked_settings: Settings) -> None:
    settings = stocked_settings.model_copy(update={"mode": Mode.PRODUCTION})
    database = Database(settings.resolved_database_url)
    with TestClient(create(settings)) as client:
        assert client.get("/readyz").json()["parts"]["safety_texts"] is False
        now = datetime.now(UTC)
        with database.writing() as session:
            for row in record.list_latest(session):
                if ":" in row.topic and not row.topic.startswith("glossary:"):
                    for after, role in ((State.IN_REVIEW, Role.AUTHOR), (State.APPROVED, Role.REVIEWER)):
                        governance.move(session, row.revision_id, after, actor=f"A {role}", role=role, now=now)
        assert client.get("/readyz").json()["parts"]["safety_texts"] is True


def test_unknown_pages_and_methods_are_problems(client: TestClient, fixed: Fixed) -> None:
    assert_problem(client.get("/nonsense"), 404, fixed)
    assert_problem(client.put("/api/v1/clinic"), 405, fixed)
    assert_problem(client.get("/widget/../settings.py"), 404, fixed)
    assert_problem(client.get("/widget/fixtures"), 404, fixed)


@hypothesis_settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=st.text(min_size=1, max_size=200))
def test_any_text_gets_a_reply_that_closes(patient: Patient, fixed: Fixed, text: str) -> None:
    patient.client.app.state.api.rates._on = False  # type: ignore[attr-defined]
    answer = patient.send(text=text).json()
    said = answer["messages"][0]["text"] if "messages" in answer else answer["text"]
    assert closes(said, fixed)
