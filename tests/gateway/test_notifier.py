"""The webhook against a real server: signed, at least once, tried again, given up, with two processes at once."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from aiohttp import web
from fhir.resources.R4B.bundle import Bundle
from pydantic import SecretStr
from sqlalchemy import select

from bot.conversation import erasure
from bot.conversation import store as conversations
from bot.conversation.message import Message
from bot.conversation.message import Role as Speaker
from bot.database import Database
from bot.gateway import notifier
from bot.gateway.notifier import Notifier
from bot.roles import Role
from bot.settings import Settings
from bot.triage import notices, store, urgency, webhook
from bot.triage.fhir_read import from_bundle
from bot.triage.ticket import State
from tests.when import NOW

RULES = urgency.load(Settings().data_dir / "urgency.yml")
SECRET = SecretStr("a secret of some length")
SAID = "my secret trouble"


@dataclass
class Receiver:
    """Another program: what it got, and what it answers; 200 once the answers are used up."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    slow_s: float = 0.0
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        self.got.append((dict(request.headers), await request.read()))
        await asyncio.sleep(self.slow_s)
        status = self.answers.pop(0) if self.answers else 200
        return web.Response(status=status, headers={"Location": "/elsewhere"} if status == 302 else {})

    @property
    def bodies(self) -> list[dict[str, object]]:
        return [json.loads(body) for _, body in self.got]


@dataclass
class Clock:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    app = web.Application()
    app.router.add_post("/hook", made.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield made
    await runner.cleanup()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notifier, "LOOK_EVERY_S", 0.02)


@pytest.fixture
def clock() -> Clock:
    return Clock()


Make = Callable[..., Notifier]


@pytest.fixture
def make(database: Database, receiver: Receiver, clock: Clock) -> Make:
    def made(on: Database = database, **more: object) -> Notifier:
        settings = Settings(webhook_url=receiver.url, webhook_secret=SECRET, **more)  # type: ignore[arg-type]
        return Notifier(on, settings, clock=clock)

    return made


def opened(database: Database, by: str = "asked_for_person") -> store.Ticket:
    with database.writing() as session:
        one, _ = conversations.open_conversation(
            session, channel="web", locale="en", consent_version="1", now=NOW,
            greeting=Message(role=Speaker.ASSISTANT, text="Hello.", created_at=NOW),
        )  # fmt: skip
        return raised(session, one, by)


def raised(session: object, conversation_id: str, by: str, now: datetime = NOW) -> store.Ticket:
    return store.open_ticket(
        session,
        conversation_id=conversation_id,
        assessment=RULES.assess(by),
        matched=SAID,
        summary=SAID,
        now=now,  # type: ignore[arg-type]
    )


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not true():
            await asyncio.sleep(0.01)


def ended(database: Database) -> list[tuple[str, str, int]]:
    with database.reading() as session:
        rows = session.connection().exec_driver_sql("SELECT event, ended, attempts FROM ticket_notices ORDER BY id")
        return [(row[0], row[1], row[2]) for row in rows]


def put_off(database: Database, clock: Clock, tries: int = 1) -> bool:
    """Whether the first notice has failed so often, and waits for its next try."""
    with database.reading() as session:
        row = session.scalars(select(notices.NoticeRow).order_by(notices.NoticeRow.id)).first()
        lease = clock.now + timedelta(seconds=notifier.LEASE_S)
        return row is not None and row.attempts == tries and row.due_at < lease


async def test_each_event_is_told_once_signed_and_without_a_word_of_the_patient(
    database: Database, receiver: Receiver, make: Make, clock: Clock
) -> None:
    ticket = opened(database)
    async with make(public_url="https://axis.example.org/"):
        await until(lambda: len(receiver.got) == 1)
        with database.writing() as session:
            raised(session, ticket.conversation_id, "emergency")
        await until(lambda: len(receiver.got) == 2)
        for after in (State.CLAIMED, State.RESOLVED):
            with database.writing() as session:
                found = store.find(session, ticket.id)
                store.move(session, found, after, actor="Ann", role=Role.FRONT_DESK, now=NOW, outcome="Called.")
        await until(lambda: [how for _, how, _ in ended(database)] == ["delivered"] * 3)
        await asyncio.sleep(0.2)
    assert [body["event"] for body in receiver.bodies] == ["ticket.opened", "ticket.raised", "ticket.resolved"]
    assert receiver.bodies[1]["ticket"] == {
        "id": ticket.id, "urgency": "emergency", "state": "new",
        "link": f"https://axis.example.org/desk/tickets/{ticket.id}",
    }  # fmt: skip
    for headers, body in receiver.got:
        assert headers["Axis-Signature"] == webhook.sign(body, secret=SECRET, at=clock.now)
        assert headers["Idempotency-Key"] == json.loads(body)["id"]
        assert SAID.encode() not in body
    assert [(how, tries) for _, how, tries in ended(database)] == [("delivered", 1)] * 3


async def test_the_whole_ticket_goes_only_where_the_clinic_asked_for_it(
    database: Database, receiver: Receiver, make: Make
) -> None:
    ticket = opened(database)
    async with make(webhook_full=True):
        await until(lambda: receiver.got)
    back = from_bundle(Bundle.model_validate(receiver.bodies[0]["fhir"]))
    assert back.ticket == ticket
    assert [spoken.text for spoken in back.spoken] == ["Hello."]


@pytest.mark.parametrize("answer", [500, 503, 404, 302, 429])
async def test_what_was_not_taken_is_sent_again_under_the_same_id(
    database: Database, receiver: Receiver, make: Make, clock: Clock, answer: int
) -> None:
    receiver.answers = [answer, answer]
    opened(database)
    async with make():
        await until(lambda: put_off(database, clock))
        await asyncio.sleep(0.2)
        assert len(receiver.got) == 1  # not before its time
        clock.now += timedelta(seconds=5)
        await until(lambda: put_off(database, clock, tries=2))
        clock.now += timedelta(seconds=10)
        await until(lambda: ended(database)[0][1])
    assert ended(database) == [("ticket.opened", "delivered", 3)]
    assert len({body["id"] for body in receiver.bodies}) == 1
    signatures = {headers["Axis-Signature"] for headers, _ in receiver.got}
    assert len(signatures) == 3  # each try is signed with its own time


async def test_a_receiver_that_hangs_is_left_and_asked_again(
    database: Database, receiver: Receiver, make: Make, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifier, "LIMIT_S", 0.2)
    receiver.slow_s = 5
    opened(database)
    async with make():
        await until(lambda: put_off(database, clock))
        assert ended(database) == [("ticket.opened", "", 1)]
        receiver.slow_s = 0
        clock.now += timedelta(seconds=6)
        await until(lambda: ended(database)[0][1])
    assert ended(database) == [("ticket.opened", "delivered", 2)]


async def test_gone_ends_this_notice_and_no_other(database: Database, receiver: Receiver, make: Make) -> None:
    receiver.answers = [410]
    ticket = opened(database)
    async with make():
        await until(lambda: ended(database) and ended(database)[0][1])
        with database.writing() as session:
            raised(session, ticket.conversation_id, "emergency")
        await until(lambda: [how for _, how, _ in ended(database)] == ["gone", "delivered"])
    assert len(receiver.got) == 2


async def test_a_tickets_later_news_waits_for_its_earlier(
    database: Database, receiver: Receiver, make: Make, clock: Clock
) -> None:
    receiver.answers = [500]
    ticket, other = opened(database), opened(database)
    async with make():
        await until(
            lambda: put_off(database, clock) and len(receiver.got) == 2
        )  # the first fails; the other ticket's turn comes at the next look
        refused = receiver.bodies[0]["ticket"]["id"]  # type: ignore[index]
        if refused == other.id:  # both were opened at one instant: either may come first
            ticket, other = other, ticket
        with database.writing() as session:
            raised(session, ticket.conversation_id, "emergency")
        await asyncio.sleep(0.2)
        assert len(receiver.got) == 2
        clock.now += timedelta(seconds=6)
        await until(lambda: len(receiver.got) == 4)
    told = [(body["event"], body["ticket"]["id"]) for body in receiver.bodies]  # type: ignore[index]
    assert told[2:] == [("ticket.opened", ticket.id), ("ticket.raised", ticket.id)]
    assert {one for _, one in told[:2]} == {ticket.id, other.id}


async def test_after_a_day_it_is_given_up_and_after_a_week_forgotten(
    database: Database, receiver: Receiver, make: Make, clock: Clock
) -> None:
    receiver.answers = [500] * 10
    ticket = opened(database)
    async with make():
        await until(lambda: put_off(database, clock))
        clock.now += timedelta(hours=25)
        await until(lambda: ended(database)[0][1] == "expired")
        clock.now += timedelta(days=8)
        receiver.answers = []
        with database.writing() as session:
            raised(session, ticket.conversation_id, "emergency", now=clock.now)
        await until(lambda: ended(database) == [("ticket.raised", "delivered", 1)])
    assert receiver.bodies[-1]["event"] == "ticket.raised"


async def test_two_processes_send_each_notice_once(
    database: Database, receiver: Receiver, make: Make, clock: Clock
) -> None:
    receiver.slow_s = 0.02
    made = {opened(database).id for _ in range(12)}
    second = Database(database.url.render_as_string(hide_password=False))
    async with make(), make(second):
        await until(lambda: len(receiver.got) >= 12)
        await until(lambda: all(how for _, how, _ in ended(database)))
        await asyncio.sleep(0.2)
    second.close()
    assert sorted(body["ticket"]["id"] for body in receiver.bodies) == sorted(made)  # type: ignore[index]


async def test_what_a_dead_process_had_in_hand_is_sent_after_its_lease(
    database: Database, receiver: Receiver, make: Make, clock: Clock
) -> None:
    opened(database)
    with database.writing() as session:
        notices.note_changes(session, now=NOW)
        dead = notices.take(session, now=NOW, lease_s=notifier.LEASE_S)
        assert dead is not None
        assert notices.take(session, now=NOW, lease_s=notifier.LEASE_S) is None
    async with make():
        await asyncio.sleep(0.2)
        assert receiver.got == []
        clock.now += timedelta(seconds=61)
        await until(lambda: ended(database) == [("ticket.opened", "delivered", 2)])
    assert receiver.bodies[0]["id"] == dead.id
    with database.writing() as session:  # had it only been slow: it does not undo the other's success
        notices.postpone(session, dead, until=NOW)
    assert ended(database) == [("ticket.opened", "delivered", 2)]


async def test_what_was_erased_is_not_told(database: Database, receiver: Receiver, make: Make, clock: Clock) -> None:
    receiver.answers = [500]
    ticket = opened(database)
    async with make():
        await until(lambda: put_off(database, clock))
        with database.writing() as session:
            erasure.erase(session, ticket.conversation_id, now=NOW)
        clock.now += timedelta(hours=1)
        await asyncio.sleep(0.2)
    assert len(receiver.got) == 1
    assert ended(database) == []


async def test_without_a_webhook_nothing_is_kept(database: Database) -> None:
    opened(database)
    async with Notifier(database, Settings()):
        await asyncio.sleep(0.1)
    assert ended(database) == []


async def test_old_tickets_are_no_news_when_the_webhook_is_switched_on(
    database: Database, receiver: Receiver, make: Make, clock: Clock
) -> None:
    opened(database)
    clock.now += timedelta(hours=25)
    async with make():
        await asyncio.sleep(0.2)
    assert ended(database) == []


async def test_a_fault_of_the_database_does_not_end_the_notices(
    database: Database, receiver: Receiver, make: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    with database.writing() as session:
        session.connection().exec_driver_sql("ALTER TABLE ticket_told RENAME TO elsewhere")
    opened(database)
    async with make():
        await asyncio.sleep(0.2)
        with database.writing() as session:
            session.connection().exec_driver_sql("ALTER TABLE elsewhere RENAME TO ticket_told")
        await until(lambda: receiver.got)
    logged = capsys.readouterr().out
    assert "webhook.look_failed" in logged
    assert SAID not in logged
    assert SECRET.get_secret_value() not in logged
