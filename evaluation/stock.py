"""A stock Rasa bot, as `rasa init` makes it, to measure beside: the same machine, the same minute."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2

READY_WITHIN_S = 300.0
RASA = Path(sys.executable).with_name("rasa")
ENVIRONMENT = {**os.environ, "RASA_TELEMETRY_ENABLED": "false"}


@dataclass(frozen=True)
class Started:
    """A running bot.

    Attributes:
        pid: of its process.
        ready_s: seconds from its start to its first reply.
    """

    url: str
    pid: int
    ready_s: float


def make(folder: Path) -> float:
    """Make and train the starter bot.

    Returns:
        Seconds that training took.
    """
    _rasa("init", "--no-prompt", "--init-dir", str(folder), cwd=folder.parent)
    started = time.perf_counter()
    _rasa("train", "--force", cwd=folder)
    return time.perf_counter() - started


def _rasa(*words: str, cwd: Path) -> None:
    done = subprocess.run([str(RASA), *words], cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"rasa {words[0]} failed:\n{(done.stdout + done.stderr)[-2000:]}")


@contextlib.contextmanager
def serving(folder: Path, port: int) -> Iterator[Started]:
    """The starter bot, answering over its REST channel."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [str(RASA), "run", "--port", str(port), "--interface", "127.0.0.1"],
        cwd=folder, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}/webhooks/rest/webhook"
    try:
        _wait(url, process)
        yield Started(url, process.pid, time.perf_counter() - started)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(httpx2.HTTPError):
            if httpx2.post(url, json={"sender": "ready", "message": "hello"}, timeout=30).json():
                return
        time.sleep(0.2)
    sys.exit("the stock bot did not become ready")
