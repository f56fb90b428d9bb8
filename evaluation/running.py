"""A whole Axis of its own: started by `axis run`, on free ports, with its own database. For tests and measuring."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2

from bot.settings import ROOT


@dataclass(frozen=True)
class Running:
    """A running Axis.

    Attributes:
        url: of its web process.
        var: its folder of database and logs.
        ready_s: seconds from its start until a real question was answered.
        pid: of `axis run`.
    """

    url: str
    var: Path
    ready_s: float
    pid: int


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def axis_running(var: Path, **variables: str) -> Iterator[Running]:
    """`axis run`, for as long as the block lasts.

    Args:
        var: folder of its database and logs.
        **variables: further environment variables.
    """
    port = free_port()
    environment = {
        **os.environ, "AXIS_PORT": str(port), "AXIS_RASA_PORT": str(free_port()), "AXIS_ACTIONS_PORT": str(free_port()),
        "AXIS_VAR_DIR": str(var), "AXIS_RATE_LIMITS": "off", **variables,
    }  # fmt: skip
    started = time.perf_counter()
    var.mkdir(parents=True, exist_ok=True)
    with (var / "run.log").open("wb") as out:
        command = [sys.executable, "-m", "bot.cli", "run"]
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=out)
    url = f"http://127.0.0.1:{port}"
    try:
        while not _ready(url):
            if process.poll() is not None:
                raise RuntimeError((var / "run.log").read_text()[-3000:])
            time.sleep(0.1)
        yield Running(url, var, time.perf_counter() - started, process.pid)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(40)


def _ready(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/readyz", timeout=10).status_code == httpx2.codes.OK
    except httpx2.HTTPError:
        return False


class Patient:
    """Somebody who writes to Axis; opens a conversation and keeps its connection.

    Args:
        url: Axis's address.
    """

    def __init__(self, url: str) -> None:
        self._client = httpx2.Client(base_url=f"{url}/api/v1", timeout=30)
        version = self._client.get("/clinic").json()["consent"]["version"]
        opened = self._client.post("/conversations", json={"consent_version": version}).json()
        self.greeting = opened["messages"][0]
        self.path = f"/conversations/{opened['conversation_id']}"
        self.headers = {"Authorization": f"Bearer {opened['token']}"}

    def send(self, said: Mapping[str, Any], *, client_id: str | None = None) -> httpx2.Response:
        """Send a message, or choose a button; the answer as it came."""
        body = {"client_message_id": client_id or str(uuid4()), **said}
        return self._client.post(self.path + "/messages", json=body, headers=self.headers)

    def say(self, text: str) -> dict[str, Any]:
        """Send a text; the reply's message."""
        answer = self.send({"text": text})
        answer.raise_for_status()
        return dict(answer.json()["messages"][0])

    def choose(self, message: Mapping[str, Any], title: str) -> dict[str, Any]:
        """Press the button with this title; the reply's message."""
        choice = next(one["id"] for one in message["choices"] if one["title"] == title)
        answer = self.send({"choice": choice})
        answer.raise_for_status()
        return dict(answer.json()["messages"][0])

    def get(self, what: str = "/messages") -> httpx2.Response:
        """Something of this conversation: its messages, its transcript."""
        return self._client.get(self.path + what, headers=self.headers)

    def erase(self) -> httpx2.Response:
        """Erase the conversation."""
        return self._client.delete(self.path, headers=self.headers)


def pids(var: Path) -> dict[str, int]:
    """The processes that supervisor started for the Axis of this var folder."""
    supervisor = int((var / "supervisor.pid").read_text())
    shown = subprocess.run(
        ["ps", "-o", "pid=,args=", "--ppid", str(supervisor)], capture_output=True, text=True, check=True
    )
    found = {}
    for line in shown.stdout.splitlines():
        pid, _, command = line.strip().partition(" ")
        found[command.split(" -m ")[-1].strip()] = int(pid)
    return {"web": found["bot.app"], "rasa": found["bot.dialogue.server"], "actions": found["actions"]}
