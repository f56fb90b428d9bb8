"""Messages from messaging apps while parts are missing: answered, and none is lost."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from bot.app import create
from bot.conversation.fixed import Fixed
from bot.database import Database
from bot.gateway.arrivals import Arrivals
from bot.gateway.connected import connected
from bot.gateway.limits import Rates
from bot.settings import ROOT, Settings
from tests.gateway.channels.conftest import App, eventually, table
from tests.gateway.channels.providers import (
    MODULES,
    Town,
    body_of,
    offering,
    signed,
    written,
)

EMERGENCY = "i have crushing chest pain right now"


@pytest.fixture
def blocked(settings: Settings, town: Town, tmp_path: Path) -> Settings:
    """Settings of a SQLite database that a test can lock."""
    made = town.settings(settings, database_url=f"sqlite:///{tmp_path / 'axis.sqlite'}", store_limit_s=0.3)
    Database(made.resolved_database_url).migrate()
    return made


def test_without_the_database_an_emergency_is_answered_and_the_message_wanted_again(
    blocked: Settings, town: Town, tmp_path: Path
) -> None:
    with TestClient(create(blocked), raise_server_exceptions=False) as client:
        app = App(client)
        lock = sqlite3.connect(tmp_path / "axis.sqlite", isolation_level=None)
        lock.execute("BEGIN IMMEDIATE")
        asked, urgent = written("telegram", "what is clomid", number=1), written("telegram", EMERGENCY, number=2)
        began = time.monotonic()
        assert app.post("telegram", urgent).status_code == 503
        assert "911" in (town.wait_for(1) and town.texts())[0]
        assert time.monotonic() - began < 1.0
        assert [app.post("telegram", asked).status_code for _ in range(2)] == [503, 503]
        town.wait_for(2)
        assert [text.startswith("I am sorry, I cannot record") for text in town.quiet() and town.texts()] == [
            False,
            True,
        ]
        lock.execute("ROLLBACK")
        assert [app.post("telegram", one).status_code for one in (asked, urgent)] == [200, 200]
        town.wait_for(5)
    assert sum("911" in text.split("\n")[0] for text in town.texts()) == 2
    assert any(text.startswith("about what is clomid") for text in town.texts())


def test_a_message_left_without_its_turn_is_answered_at_the_next_start(
    connected_settings: Settings, database: Database, town: Town
) -> None:
    fixed = Fixed.load(connected_settings)
    channels = connected(connected_settings, fixed.words)
    arrivals = Arrivals(fixed, Rates(connected_settings), language="en", patience=timedelta(0))
    town.dialogue = offering("Simpler", "Ask for a person")
    for text in ("what is clomid", EMERGENCY):
        [incoming] = MODULES["telegram"].parse(body_of("telegram", written("telegram", text, number=len(text))))
        with database.writing() as session:
            now = datetime.now(UTC) - timedelta(seconds=1)
            assert arrivals.take(session, channels["telegram"], incoming, alarm=None, now=now)
    for _ in range(2):  # a second start finds nothing more to do
        with TestClient(create(connected_settings)):
            town.wait_for(3)
            town.quiet()
    heads = sorted(text.split("\n")[0][:20] for text in town.texts())
    assert len(heads) == 3
    assert "about what is clomid" in heads
    assert len(table(database, "tickets")) == 1


def test_a_process_that_is_killed_loses_no_message(blocked: Settings, town: Town) -> None:
    town.delay_s = 1.0
    values = blocked.model_copy(update={"port": free_port(), "reply_limit_s": 2.0}).model_dump(exclude_unset=True)
    environ = {
        f"AXIS_{name.upper()}": str(value.get_secret_value() if isinstance(value, SecretStr) else value)
        for name, value in values.items()
    }
    body = body_of("whatsapp", written("whatsapp", "what is clomid", number=1))
    for _ in range(2):
        process = subprocess.Popen(
            [sys.executable, "-m", "bot.app"], cwd=ROOT, env=os.environ | environ, stdout=subprocess.DEVNULL
        )
        try:
            address = f"http://127.0.0.1:{values['port']}"
            answer = knock(f"{address}/webhooks/whatsapp", body)
            assert answer == 200
            if not town.heard:
                eventually(lambda: bool(town.heard))
                continue
            eventually(lambda: any(text.startswith("about what is clomid") for text in town.texts()), within_s=40)
            town.quiet()
        finally:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
    assert sum(text.startswith("about what is clomid") for text in town.texts()) == 1


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def knock(url: str, body: bytes) -> int:
    """Post, once the process is up."""
    deadline = time.monotonic() + 30
    while True:
        try:
            return httpx2.post(url, content=body, headers=signed("whatsapp", body)).status_code
        except httpx2.TransportError:
            assert time.monotonic() < deadline
            time.sleep(0.1)
