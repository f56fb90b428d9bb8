"""kill -9 while tickets are opened: a reply that mentions a ticket is never there without it, nor it without that."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.conversation.tables import MessageRow
from bot.database import Database
from bot.settings import ROOT
from bot.triage import around
from bot.triage.tables import TicketRow

pytestmark = pytest.mark.fault

ROUNDS = 12

WRITER = """
import asyncio, sys
from bot.content.blocks import Paragraph
from bot.conversation.fixed import Fixed
from bot.conversation.message import Handoff, Kind, Reply
from bot.conversation.turn import House
from bot.database import Database
from bot.settings import Settings
from tests.conversation.test_turn import Patient

class Dialogue:
    def begin(self, text):
        return None

    async def answer(self, conversation_id, *, text, offer, unheard=None, begun=None):
        handed = Handoff(reason="asked_for_person", summary="asked")
        return Reply(kind=Kind.HANDOFF, blocks=[Paragraph("passed on")], handoff=handed)

async def main():
    house = House(database=Database(sys.argv[1]), dialogue=Dialogue(), fixed=Fixed.load(Settings()), reply_limit_s=5,
                  changed=lambda _: None)
    print("ready", flush=True)
    while True:
        patients = [Patient(house) for _ in range(4)]
        await asyncio.gather(*(patient.say("a person please") for patient in patients))
        print("told", flush=True)

asyncio.run(main())
"""


def test_a_ticket_is_committed_with_the_reply_that_mentions_it(database: Database, tmp_path: Path) -> None:
    script = tmp_path / "writer.py"
    script.write_text(WRITER)
    url = database.url.render_as_string(hide_password=False)
    chance = random.Random(1)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    told = 0
    for _ in range(ROUNDS if database.url.get_backend_name() == "sqlite" else ROUNDS // 2):
        command = [sys.executable, str(script), url]
        with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE) as writer:
            assert writer.stdout
            assert writer.stdout.readline() == b"ready\n"
            started = time.monotonic()
            for _ in range(chance.randint(1, 3)):
                assert any(line == b"told\n" for line in writer.stdout)  # the lines before are its log
                told += 4
            # Somewhere within the next replies, on a slow machine as on a fast one.
            time.sleep(chance.random() * (time.monotonic() - started))
            writer.send_signal(signal.SIGKILL)
    with database.reading() as session:
        mentioned = {
            row.conversation_id for row in session.scalars(select(MessageRow)) if row.body.get("kind") == "handoff"
        }
        tickets = {row.conversation_id: row.id for row in session.scalars(select(TicketRow))}
        histories = [around.history(session, ticket_id) for ticket_id in tickets.values()]
    assert mentioned == set(tickets)
    assert len(tickets) >= told
    assert all([event.what for event in history] == ["opened"] for history in histories)
