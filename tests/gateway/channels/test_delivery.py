"""The outbox, delivering to a real server: retried, in order, by one worker at a time, and given up in the end."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text as sql
from sqlalchemy import update

from bot.content.blocks import Paragraph
from bot.conversation import contacts, guard, outgoing, store
from bot.conversation.fixed import Fixed
from bot.conversation.message import Kind, Message, Reply, Role
from bot.conversation.outgoing import Standing
from bot.conversation.tables import OutboxRow
from bot.database import Database
from bot.gateway.connected import connected
from bot.gateway.outbox import Outbox
from bot.settings import Settings
from tests.gateway.channels.providers import Town
from tests.when import NOW

WORDS = "zanzibar-quokka"


@pytest.fixture
def make(connected_settings: Settings, database: Database, fixed: Fixed) -> Callable[[], Outbox]:
    def outbox() -> Outbox:
        return Outbox(database, connected(connected_settings, fixed.words), attempts=4, first_wait_s=0.01)

    return outbox


@asynccontextmanager
async def running(*boxes: Outbox) -> AsyncIterator[None]:
    tasks = []
    for box in boxes:
        await box.__aenter__()
        tasks.append(asyncio.create_task(box.run()))
    yield
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for box in boxes:
        await box.__aexit__(None, None, None)


class Writer:
    """Puts messages into the outbox, as the spine does."""

    def __init__(self, database: Database, fixed: Fixed) -> None:
        self.database, self.fixed = database, fixed

    def message(self, text: str, kind: Kind = Kind.ANSWER) -> Message:
        return guard.close(Reply(kind=kind, blocks=[Paragraph(text)]), self.fixed.closing("general"))

    def contact(self, number: int = 1, channel: str = "telegram") -> str:
        with self.database.writing() as session:
            found = contacts.welcome(
                session, channel=channel, contact=str(number), address=str(number), locale="en",
                consent_version="1", greeting=self.message(f"greeting {number}"), now=NOW,
            )  # fmt: skip
        return found.conversation_id

    def put(self, conversation_id: str, text: str, kind: Kind = Kind.ANSWER) -> None:
        with self.database.writing() as session:
            store.tell(session, conversation_id, self.message(text, kind))

    def standings(self, conversation_id: str) -> list[Standing]:
        with self.database.reading() as session:
            return outgoing.standings(session, conversation_id)


@pytest.fixture
def writer(database: Database, fixed: Fixed) -> Writer:
    return Writer(database, fixed)


async def until(condition: Callable[[], bool], *, within_s: float = 10.0) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


def heads(town: Town, contact: str = "") -> list[str]:
    return [text.split("\n")[0] for text in town.texts(contact)]


async def test_what_the_provider_refuses_for_now_is_tried_again_in_order(
    make: Callable[[], Outbox], writer: Writer, town: Town
) -> None:
    town.troubles = [(500, {}, b""), (429, {"Retry-After": "1"}, b""), (503, {}, b"<html>")]
    patient = writer.contact()
    for number in range(3):
        writer.put(patient, f"message {number}")
    began = time.monotonic()
    async with running(make()):
        await until(lambda: len(town.calls) == 4)
        assert time.monotonic() - began >= 1.0  # as Retry-After asked
        await until(lambda: writer.standings(patient) == [Standing.DELIVERED] * 4)
    assert heads(town) == ["greeting 1", "message 0", "message 1", "message 2"]
    assert len(town.refused) == 3


async def test_nothing_of_a_delivered_message_stays_in_the_outbox(
    make: Callable[[], Outbox], writer: Writer, town: Town, database: Database
) -> None:
    patient = writer.contact()
    writer.put(patient, WORDS)
    with database.writing() as session:
        outgoing.send(session, channel="slack", contact="9", address="9", message=writer.message(WORDS), now=NOW)
    async with running(make()):
        await until(lambda: len(town.calls) == 3)
        await until(lambda: writer.standings(patient) == [Standing.DELIVERED] * 2)
        await asyncio.sleep(0.1)
    with database.reading() as session:
        rows = session.execute(sql("SELECT * FROM outbox")).mappings().all()
    assert [(row["body"], row["address"]) for row in rows] == [(None, ""), (None, "")]


async def test_after_some_tries_a_message_is_given_up_and_the_next_goes(
    make: Callable[[], Outbox], writer: Writer, town: Town, logged: Callable[[], str]
) -> None:
    town.troubles = [(500, {}, b"")] * 4
    patient = writer.contact()
    writer.put(patient, WORDS)
    async with running(make()):
        await until(lambda: writer.standings(patient) == [Standing.GIVEN_UP, Standing.DELIVERED])
    assert heads(town) == [WORDS]
    assert "outbox.given_up" in logged()
    assert "telegram" in logged()
    assert not any(secret in logged() for secret in (WORDS, "greeting 1", "1:token", "sendMessage"))


async def test_what_the_provider_refuses_for_good_is_not_tried_again(
    make: Callable[[], Outbox], writer: Writer, town: Town
) -> None:
    town.troubles = [(403, {}, b'{"description": "bot was blocked by the user"}')]
    patient = writer.contact()
    async with running(make()):
        await until(lambda: writer.standings(patient) == [Standing.GIVEN_UP])
    assert len(town.refused) == 1


async def test_a_provider_that_cannot_be_reached_is_tried_again(
    make: Callable[[], Outbox], writer: Writer, connected_settings: Settings, town: Town
) -> None:
    database, fixed = writer.database, writer.fixed
    nowhere = connected_settings.model_copy(update={"telegram_api_url": "http://127.0.0.1:9"})
    patient = writer.contact()
    lost = Outbox(database, connected(nowhere, fixed.words), attempts=3, first_wait_s=30)
    async with running(lost):
        await until(lambda: bool(attempts(database)[0]))
        await asyncio.sleep(0.2)
    assert writer.standings(patient) == [Standing.WAITING]
    with database.writing() as session:
        session.execute(update(OutboxRow).values(due_at=NOW - timedelta(days=1)))
    async with running(make()):
        await until(lambda: heads(town) == ["greeting 1"])


def attempts(database: Database) -> list[int]:
    with database.reading() as session:
        return list(session.scalars(sql("SELECT attempts FROM outbox ORDER BY id")))


async def test_two_processes_deliver_each_message_once_and_in_order(
    make: Callable[[], Outbox], writer: Writer, town: Town
) -> None:
    patients = {str(number): writer.contact(number) for number in range(4)}
    for turn in range(6):
        for patient in patients.values():
            writer.put(patient, f"message {turn}")
    async with running(make(), make()):
        await until(lambda: len(town.calls) >= 28, within_s=30)
        await asyncio.sleep(0.3)
    for number in patients:
        calls = [call for call in town.calls if call.to == number]
        firsts = [str(call.body["text"]).split("\n")[0] for call in calls]
        assert firsts == [f"greeting {number}", *(f"message {turn}" for turn in range(6))]


async def test_the_parts_that_were_taken_are_not_sent_again(
    make: Callable[[], Outbox], writer: Writer, town: Town
) -> None:
    patient = writer.contact()
    async with running(make()):
        await until(lambda: len(town.calls) == 1)
        sentences = " ".join(f"This is sentence number {number}." for number in range(300))
        writer.put(patient, sentences)
        await until(lambda: len(town.calls) >= 2)
        await until(lambda: writer.standings(patient) == [Standing.DELIVERED] * 2)
        parts = len(town.calls) - 1
        town.calls.clear()
        town.troubles = [(200, {}, b'{"ok": true}'), (500, {}, b"")]  # the first part is taken, the second refused
        writer.put(patient, sentences)
        await until(lambda: len(town.calls) == parts - 1)
        await until(lambda: writer.standings(patient) == [Standing.DELIVERED] * 3)
    assert town.texts()[0].startswith("This is sentence") is True
    assert not town.texts()[0].startswith("This is sentence number 0.")
    assert town.texts()[-1].endswith(writer.fixed.closing("general").text)


async def test_an_emergency_overtakes_what_waits(make: Callable[[], Outbox], writer: Writer, town: Town) -> None:
    patient = writer.contact()
    writer.put(patient, "an answer")
    writer.put(patient, "call now", Kind.EMERGENCY)
    async with running(make()):
        await until(lambda: len(town.calls) == 3)
    assert heads(town) == ["call now", "greeting 1", "an answer"]


async def test_what_a_dead_process_held_is_taken_over_when_its_lease_ends(
    make: Callable[[], Outbox], writer: Writer, town: Town, database: Database
) -> None:
    patient = writer.contact()
    now = datetime.now(UTC)
    with database.writing() as session:
        [dead] = outgoing.lease(session, channels=["telegram"], now=now, until=now + timedelta(seconds=1), most=5)
    async with running(make()):
        await asyncio.sleep(0.5)
        assert town.calls == []
        await until(lambda: heads(town) == ["greeting 1"])
        await until(lambda: writer.standings(patient) == [Standing.DELIVERED])
    with database.writing() as session:  # and if it was not dead, it changes nothing any more
        assert outgoing.sent(session, dead, parts=1, until=now) is False
        outgoing.postpone(session, dead, due_at=now)
    assert writer.standings(patient) == [Standing.DELIVERED]


async def test_a_message_that_kills_the_process_is_given_up(
    make: Callable[[], Outbox], writer: Writer, town: Town, database: Database
) -> None:
    patient = writer.contact()
    with database.writing() as session:
        session.execute(sql("UPDATE outbox SET attempts = 4"))
    async with running(make()):
        await until(lambda: writer.standings(patient) == [Standing.GIVEN_UP])
    assert town.calls == []


async def test_a_slow_provider_holds_up_no_other(make: Callable[[], Outbox], writer: Writer, town: Town) -> None:
    waits = [(429, {"Retry-After": "60"}, b"")] * 3
    town.troubles = list(waits)
    for number in range(3):
        writer.contact(number, channel="messenger")
    async with running(make()):
        await until(lambda: len(town.refused) == 3)
        writer.contact(9, channel="telegram")
        await until(lambda: heads(town, "9") == ["greeting 9"])


def test_a_conversation_of_the_web_puts_nothing_into_the_outbox(writer: Writer, database: Database) -> None:
    with database.writing() as session:
        conversation_id, _ = store.open_conversation(
            session, channel="web", locale="en", consent_version="1", greeting=writer.message("hello"), now=NOW
        )
        outgoing.enqueue(session, conversation_id, writer.message("hello again"), now=NOW)
        store.tell(session, conversation_id, Message(role=Role.STAFF, text="Bea here"))
    with database.reading() as session:
        assert session.execute(sql("SELECT count(*) FROM outbox")).scalar_one() == 0
        assert [message.text for _, message in store.history(session, conversation_id)][1:] == ["Bea here"]


async def test_what_the_team_says_goes_to_the_app(make: Callable[[], Outbox], writer: Writer, town: Town) -> None:
    patient = writer.contact(channel="whatsapp", number=12025550187)
    with writer.database.writing() as session:
        store.tell(session, patient, Message(role=Role.STAFF, text="Bea here, what can I do?"))
    async with running(make()):
        await until(lambda: heads(town) == ["greeting 12025550187", "Bea here, what can I do?"])
