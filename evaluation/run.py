"""`make bench`: Axis beside a stock `rasa init` bot, started in the same run, as ratios.

Absolute times on a shared machine say little; the ratio of two bots measured in turn says more.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx2
from rich.console import Console
from rich.table import Table

from bot.settings import ROOT
from evaluation import queueing, searching, speed, stock
from evaluation.running import Patient, axis_running, free_port, pids
from evaluation.searching import FEW, MANY

QUESTIONS = (
    "will clomid mess with my eyes", "what is luteinizing hormone", "does testosterone lower sperm count",
    "how do serms work", "what are your opening hours", "im tired all the time", "clomid or tamoxifen", "hello",
)  # fmt: skip
ROUNDS = 25
"""Times that each of the eight questions is asked, one patient after the other."""
AT_ONCE, EACH = 8, 20
"""Patients at once, and messages of each."""

console = Console()


@dataclass(frozen=True)
class Figure:
    """One measurement of both bots, in the unit named; the ratio is what is reported."""

    name: str
    unit: str
    axis: float
    stock: float
    wanted: str = ""

    @property
    def ratio(self) -> float:
        """Axis's figure as a share of the stock bot's."""
        return self.axis / self.stock


class Stranger:
    """Somebody who writes to the stock bot over its REST channel.

    Args:
        url: of the channel.
    """

    def __init__(self, url: str) -> None:
        self._client, self._url, self._sender = httpx2.Client(timeout=30), url, uuid4().hex

    def say(self, text: str) -> object:
        """Send a message; the answer."""
        return self._client.post(self._url, json={"sender": self._sender, "message": text}).json()


def round_trips(axis_url: str, stock_url: str) -> tuple[list[float], list[float]]:
    """Milliseconds of messages to either bot: the same conversation of eight messages, with one and the other in turn.

    A conversation is held as a whole, since the stock bot's threads keep both processors busy for a while after each
    of its replies.
    """
    ours, theirs = [], []
    for _ in range(ROUNDS):
        patient, stranger = Patient(axis_url), Stranger(stock_url)
        ours += [_timed(patient.say, question) for question in QUESTIONS]
        theirs += [_timed(stranger.say, question) for question in QUESTIONS]
    return ours, theirs


def _timed(say: Callable[[str], object], text: str) -> float:
    started = time.perf_counter()
    say(text)
    return (time.perf_counter() - started) * 1000


def throughput(make: Callable[[], Patient | Stranger], texts: tuple[str, ...]) -> float:
    """Messages a second with eight people writing at once."""
    people = [make() for _ in range(AT_ONCE)]

    def talk(person: Patient | Stranger) -> None:
        for number in range(EACH):
            person.say(texts[number % len(texts)])

    started = time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(talk, people))
    return AT_ONCE * EACH / (time.perf_counter() - started)


def resident_mb(pid: int) -> float:
    """Memory of one process in MB."""
    shown = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=True)
    return int(shown.stdout) / 1024


def train_axis() -> float:
    """Seconds that Axis's own training takes."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-m", "bot.cli", "train", "--force"], cwd=ROOT, check=True)
    return time.perf_counter() - started


def measure(folder: Path) -> list[Figure]:
    """All figures of both bots."""
    bot = folder / "stock"
    bot.mkdir()
    console.print("making and training the stock bot (some minutes)")
    figures = [Figure("training", "s", axis=train_axis(), stock=stock.make(bot))]
    var = folder / "var"
    with axis_running(var):
        pass  # the first start fills the database; the second is measured
    with stock.serving(bot, free_port()) as other, axis_running(var) as ours_running:
        url = ours_running.url
        figures.append(Figure("time to ready, second start", "s", ours_running.ready_s, other.ready_s, "< 0.5"))
        ours, theirs = round_trips(url, other.url)
        figures += [
            Figure("round trip p50", "ms", statistics.median(ours), statistics.median(theirs), "< 0.5"),
            Figure("round trip p95", "ms", _p95(ours), _p95(theirs)),
            Figure(
                f"messages a second, {AT_ONCE} at once", "1/s", throughput(lambda: Patient(url), QUESTIONS),
                throughput(lambda: Stranger(other.url), QUESTIONS),
            ),
        ]  # fmt: skip
        memory = {name: resident_mb(pid) for name, pid in pids(var).items()}
        theirs_mb = resident_mb(other.pid)
        figures.append(Figure("memory of Rasa's process", "MB", memory["rasa"], theirs_mb, "< 0.65"))
        figures += [Figure(f"memory of {name}", "MB", memory[name], theirs_mb) for name in ("web", "actions")]
    return figures


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


def main() -> None:
    """Measure, print, and keep the figures in results/bench.json."""
    with tempfile.TemporaryDirectory() as name:
        figures = measure(Path(name))
    table = Table("measure", "unit", "Axis", "stock", "Axis / stock", "wanted")
    for one in figures:
        table.add_row(one.name, one.unit, f"{one.axis:.1f}", f"{one.stock:.1f}", f"{one.ratio:.2f}", one.wanted)
    console.print(table)
    console.print(f"Search, p50 with {MANY} ways of asking / with {FEW} (wanted at most 1.5):", end=" ")
    grown = searching.measure()
    (many, many_alone), (few, few_alone) = grown[MANY], grown[FEW]
    console.print(f"{many_alone / few_alone:.2f} alone, {many / few:.2f} with the encoding of the question")
    console.print(
        f"The desk's lists, p95 with {queueing.MANY} tickets / with {queueing.FEW} (wanted at most 2):", end=" "
    )
    console.print(", ".join(f"{one.name} {one.ratio:.2f}" for one in queueing.on_sqlite()))
    console.print("what cannot wait: the safety check, and an emergency with Rasa and the action server stopped")
    speeds = speed.measure()
    console.print(speed.table(speeds))
    (ROOT / "results").mkdir(exist_ok=True)
    kept = [{**vars(one), "ratio": one.ratio} for one in (*figures, *speeds)]
    (ROOT / "results" / "bench.json").write_text(json.dumps(kept, indent=1))


if __name__ == "__main__":
    main()
