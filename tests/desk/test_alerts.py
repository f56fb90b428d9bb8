"""Alerts about urgent tickets that nobody claims: once on each channel, with two web processes, with real servers."""

import asyncio
import hashlib
import hmac
import json
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from fastapi import FastAPI, Request, Response
from pydantic import SecretStr

from bot.conversation.bell import Bell
from bot.conversation.fixed import Fixed
from bot.database import Database
from bot.desk import notify, watch
from bot.desk.screen import Desk
from bot.errors import DataError
from bot.roles import Role
from bot.settings import Security, Settings
from bot.triage import alerts, store
from bot.triage.ticket import State
from evaluation.running import free_port
from tests.desk.conftest import open_ticket
from tests.serving import serving

SAID = "canary-words of the patient"


class Mailbox:
    """A mail server's handler that keeps what comes."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        self.mails.append(envelope.content)
        return "250 OK"


class Receiver:
    """A web server that keeps what is posted, and refuses as often as it is told to."""

    def __init__(self) -> None:
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.refuse = 0

    def app(self) -> FastAPI:
        made = FastAPI()

        @made.post("/alert")
        async def take(request: Request) -> Response:
            if self.refuse:
                self.refuse -= 1
                return Response(status_code=503)
            self.requests.append((dict(request.headers), await request.body()))
            return Response(status_code=204)

        return made


@pytest.fixture
def mailbox() -> Any:
    handler = Mailbox()
    controller = Controller(handler, hostname="127.0.0.1", port=free_port())
    controller.start()
    handler.port = controller.port  # type: ignore[attr-defined]
    yield handler
    controller.stop()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    with serving(made.app()) as url:
        made.url = f"{url}/alert"  # type: ignore[attr-defined]
        yield made


@pytest.fixture
def desk(database: Database, fixed: Fixed, mailbox: Any, receiver: Any) -> Desk:
    settings = Settings(
        alert_after_s=60, alert_webhook_url=receiver.url, alert_webhook_secret=SecretStr("key"),
        alert_email="desk@clinic.example, lead@clinic.example", smtp_host="127.0.0.1", smtp_port=mailbox.port,
        smtp_security=Security.NONE, smtp_from="axis@clinic.example", public_url="https://clinic.example/",
    )  # fmt: skip
    return Desk(database=database, settings=settings, fixed=fixed, bell=Bell())


def age(database: Database, ticket: store.Ticket, seconds: int) -> None:
    since = datetime.now(UTC) - timedelta(seconds=seconds)
    with database.writing() as session:
        row = session.get(store.TicketRow, ticket.id)
        assert row
        row.waiting_since = since


async def look(desk: Desk) -> None:
    """What a web process does every two seconds."""
    await asyncio.to_thread(watch.tend, desk, datetime.now(UTC))
    await watch.deliver(desk)


def due_now(database: Database) -> None:
    with database.writing() as session:
        session.connection().exec_driver_sql("UPDATE alerts SET next_at = '2020-01-01 00:00:00.000000'")


async def test_one_alert_on_each_channel_with_two_web_processes(
    desk: Desk, database: Database, mailbox: Any, receiver: Any
) -> None:
    urgent, calm = open_ticket(database, said=SAID), open_ticket(database, by="asked_for_person", said=SAID)
    age(database, urgent, 61)
    age(database, calm, 61)
    other = replace(desk, database=Database(str(database.url)))
    for _ in range(3):
        await asyncio.gather(look(desk), look(other))
    other.database.close()
    [(headers, body)] = receiver.requests
    assert len(mailbox.mails) == 1
    content = json.loads(body)
    assert content["ticket"] == urgent.id
    assert content["urgency"] == "emergency"
    assert content["link"] == f"https://clinic.example/desk/tickets/{urgent.id}"
    signed = headers["axis-timestamp"].encode() + b"." + body
    assert headers["axis-signature"] == "v1=" + hmac.new(b"key", signed, hashlib.sha256).hexdigest()
    assert abs(int(headers["axis-timestamp"]) - datetime.now(UTC).timestamp()) < 60
    mail = message_from_bytes(mailbox.mails[0])
    assert mail["To"] == "desk@clinic.example, lead@clinic.example"
    assert f"/desk/tickets/{urgent.id}" in mail.get_payload()
    for sent in (body, mailbox.mails[0]):
        assert b"canary" not in sent
    with database.reading() as session:
        assert [one.ticket_id for one in alerts.shown(session)] == [urgent.id]


async def test_before_its_time_and_once_claimed_nothing_is_raised(
    desk: Desk, database: Database, receiver: Any
) -> None:
    early, claimed = open_ticket(database), open_ticket(database, by="urgent")
    age(database, early, 50)
    age(database, claimed, 500)
    with database.writing() as session:
        store.claim(
            session,
            claimed,
            actor="front_desk",
            role=Role.FRONT_DESK,
            now=datetime.now(UTC),
            lease=timedelta(minutes=15),
        )
    await look(desk)
    assert receiver.requests == []


async def test_a_receiver_that_is_down_is_tried_again_later_with_the_same_id(
    desk: Desk, database: Database, receiver: Any
) -> None:
    age(database, open_ticket(database), 61)
    receiver.refuse = 2
    await look(desk)
    await look(desk)
    assert receiver.refuse == 1  # not before the wait is over
    due_now(database)
    await look(desk)
    due_now(database)
    await look(desk)
    await look(desk)
    [(headers, body)] = receiver.requests
    assert headers["idempotency-key"] == json.loads(body)["id"]


async def test_after_the_last_try_an_alert_is_given_up(desk: Desk, database: Database, receiver: Any) -> None:
    age(database, open_ticket(database), 61)
    receiver.refuse = 100
    for _ in range(alerts.ATTEMPTS + 2):
        await look(desk)
        due_now(database)
    assert receiver.refuse == 100 - alerts.ATTEMPTS


async def test_a_ticket_that_waits_again_is_told_again_and_what_was_claimed_is_not_shown(
    desk: Desk, database: Database, receiver: Any
) -> None:
    ticket = open_ticket(database)
    age(database, ticket, 61)
    await look(desk)
    now, lease = datetime.now(UTC), timedelta(minutes=15)
    with database.writing() as session:
        mine = store.find(session, ticket.id)
        mine = store.claim(session, mine, actor="front_desk", role=Role.FRONT_DESK, now=now, lease=lease)
        assert alerts.shown(session) == []
        store.move(session, mine, State.NEW, actor="front_desk", role=Role.FRONT_DESK, now=now)
        assert alerts.shown(session) == []
    age(database, ticket, 61)
    await look(desk)
    assert len({json.loads(body)["id"] for _, body in receiver.requests}) == 2


async def test_a_mail_server_that_is_away_holds_nothing_up(desk: Desk, database: Database, receiver: Any) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: refused at once
        settings = desk.settings.model_copy(update={"smtp_port": taken.getsockname()[1]})
        age(database, open_ticket(database), 61)
        await look(replace(desk, settings=settings))
    assert len(receiver.requests) == 1


def test_the_desk_alone_is_told_unless_more_is_set(fixed: Fixed) -> None:
    assert notify.channels(Settings()) == ["desk"]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("AXIS_ALERT_WEBHOOK_URL", "https://x.example", "AXIS_ALERT_WEBHOOK_SECRET"),
        ("AXIS_ALERT_EMAIL", "a@b.example", "AXIS_SMTP_HOST"),
    ],
)
def test_half_a_setting_stops_the_start(monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(DataError, match=said):
        Settings.read()


async def test_a_step_that_breaks_keeps_no_alert_from_being_raised(
    desk: Desk, database: Database, receiver: Any
) -> None:
    age(database, open_ticket(database), 61)
    with database.writing() as session:
        session.connection().exec_driver_sql(
            "INSERT INTO clinic_hours (version, document, actor, at, note) "
            "VALUES (1, '{\"zone\": \"nowhere\"}', 'x', '2026-11-20 12:00:00.000000', '')"
        )
    await look(desk)
    assert len(receiver.requests) == 1
