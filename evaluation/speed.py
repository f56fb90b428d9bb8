"""How fast Axis answers what cannot wait: the safety check alone, on ordinary and on hostile messages, and an emergency
over HTTP while Rasa and the action server are stopped.

Beside each time stands that of something that never changes, measured in turn with it: where both grow, the machine was
busy. Part of `make bench`; alone: `python -m evaluation.speed`.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx2
from rich.table import Table

from bot.content import store
from bot.conversation.fixed import Fixed
from bot.database import Database
from bot.settings import ROOT, Settings
from bot.terminal import console
from evaluation import held_out
from evaluation.running import Patient, free_port

ORDINARY_WORDS, ORDINARY = 50, 100
"""Words of an ordinary long message, and how many such messages."""
LONGEST = 4000
"""Characters of the longest message that is taken in."""
ROUNDS = 15
AT_ONCE = 20
"""Repetitions of the thing compared with for each measurement: alone it is too short for the clock."""
EMERGENCIES = 100
EMERGENCY = "i have crushing chest pain right now"
READY_WITHIN_S = 60.0

HOSTILE = {
    "repeated prefixes": "swell swol swe sw s ",
    "one long word": "a",
    "one long word of prefixes": "swell",
    "near-misspellings": "breatheing cheest suicidl embolsm thrombosi ",
    "near-misspelt drugs": "tamoxyphen clomifeen testostrone ",
    "nested punctuation": "((((,,,,))))::--",
    "combining marks": "a\u0301\u0302\u0303",
    "zero-width characters": "c\u200bh\u200be\u200bs\u200bt\u200b ",
    "mixed scripts": "ch\u0435st p\u0430in \u80f8\u75db \u0635\u062f\u0631 ",
    "characters that stand for eighteen": "\ufdfa",
    "digits": "1234567890",
    "numbers": "1 2 3 ",
    "years": "in 2019 since 1999 ",
    "no": "no ",
    "my leg pain": "my leg pain ",
    "no leg pain": "no leg pain ",
    "a denial after each symptom": "no swollen red calf pain leg ",
    "another's symptom": "my dad had chest pain years ago ",
    "a question in general": "can clomid cause chest pain ",
    "a crisis denied": "i dont want to kill myself ",
    "doses": "how much clomid should i take is my t normal ",
    "unended times": "i had headache since aaaa for a ",
}
"""What is repeated to make a hostile message; of each sort what once took long, or may."""


def filled(unit: str, size: int) -> str:
    """A text of so many characters that repeats something."""
    return (unit * (size // len(unit) + 1))[:size]


@dataclass(frozen=True)
class Speed:
    """Milliseconds of one thing, and of what it was compared with.

    Attributes:
        ms: by the measure that `name` ends with.
        beside_ms: of the thing that never changes.
    """

    name: str
    ms: float
    beside_ms: float
    wanted_ms: float

    @property
    def ratio(self) -> float:
        """How many times as long as what it was compared with."""
        return self.ms / self.beside_ms


def _timed(work: Callable[[], object], times: int = 1) -> float:
    """Milliseconds of one piece of work."""
    started = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - started) * 1000 / times


def _checked(fixed: Fixed, text: str, *, rounds: int) -> tuple[float, float]:
    """Median milliseconds of the safety check on a text, and of reading the same text from JSON, in turn."""
    written = json.dumps(text)
    ours, theirs = [], []
    for _ in range(rounds):
        theirs.append(_timed(lambda: json.loads(written), AT_ONCE))
        ours.append(_timed(lambda: fixed.alarm(text)))
    return statistics.median(ours), statistics.median(theirs)


def ordinary() -> list[str]:
    """Messages of fifty words: held-out questions, one after the other."""
    spoken = ". ".join(text for _, text in held_out.ordinary()).split()
    starts = range(0, len(spoken) - ORDINARY_WORDS, ORDINARY_WORDS)
    return [" ".join(spoken[start : start + ORDINARY_WORDS]) for start in starts][:ORDINARY]


def checks(fixed: Fixed) -> list[Speed]:
    """The safety check on ordinary messages and on each sort of hostile one."""
    found = [_checked(fixed, text, rounds=3) for text in ordinary()]
    ours, theirs = (statistics.median(each) for each in zip(*found, strict=True))
    return [
        Speed(f"safety check, {ORDINARY_WORDS} words, p50", ours, theirs, 1.0),
        *(
            Speed(f"safety check, hostile: {name}, p50", *_checked(fixed, filled(unit, LONGEST), rounds=ROUNDS), 20.0)
            for name, unit in HOSTILE.items()
        ),
    ]


@contextmanager
def web_alone(var: Path) -> Iterator[str]:
    """The web process with its database, and nobody where Rasa and the action server should be; yields its address.

    Args:
        var: an empty folder for the database and the log.
    """
    database = Database(f"sqlite:///{var / 'axis.sqlite'}")
    database.migrate()
    with database.writing() as session:
        store.import_drafts(session, Fixed.load(Settings()).drafts(), now=datetime.now(UTC))
    database.close()
    port = free_port()
    environment = {
        **os.environ, "AXIS_PORT": str(port), "AXIS_RASA_PORT": str(free_port()), "AXIS_ACTIONS_PORT": str(free_port()),
        "AXIS_VAR_DIR": str(var), "AXIS_RATE_LIMITS": "off",
    }  # fmt: skip
    with (var / "web.log").open("wb") as out:
        process = subprocess.Popen([sys.executable, "-m", "bot.app"], cwd=ROOT, env=environment, stdout=out, stderr=out)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(url, process, var)
        yield url
    finally:
        process.terminate()
        process.wait(20)


def _wait(url: str, process: subprocess.Popen[bytes], var: Path) -> None:
    """Until the web process answers.

    Raises:
        RuntimeError: it ended, or does not answer.
    """
    limit = time.monotonic() + READY_WITHIN_S
    while process.poll() is None and time.monotonic() < limit:
        try:
            httpx2.get(f"{url}/healthz", timeout=5).raise_for_status()
        except httpx2.HTTPError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError((var / "web.log").read_text()[-3000:])


def emergencies(url: str) -> Speed:
    """An emergency over HTTP, each in a conversation of its own, beside a look at /healthz."""
    ours, theirs = [], []
    with httpx2.Client(base_url=url) as client:
        for _ in range(EMERGENCIES):
            patient = Patient(url)
            theirs.append(_timed(lambda: client.get("/healthz")))
            started = time.perf_counter()
            message = patient.say(EMERGENCY)
            ours.append((time.perf_counter() - started) * 1000)
            if message["kind"] != "emergency":
                raise RuntimeError(f"an emergency was answered as {message['kind']}")
    return Speed("emergency over HTTP, Rasa and actions stopped, p95", _p95(ours), _p95(theirs), 200.0)


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


def measure() -> list[Speed]:
    """All of it."""
    with TemporaryDirectory() as name, web_alone(Path(name)) as url:
        found = emergencies(url)
    return [found, *checks(Fixed.load(Settings()))]


def table(found: Sequence[Speed]) -> Table:
    """The figures as they are printed."""
    shown = Table("measure", "ms", "wanted", "x baseline")
    for one in found:
        wanted = f"< {one.wanted_ms:g}" + ("" if one.ms < one.wanted_ms else " MISSED")
        shown.add_row(one.name, f"{one.ms:.2f}", wanted, f"{one.ratio:.0f}")
    return shown


if __name__ == "__main__":
    console.print(table(measure()))
