"""Public few-shot benchmarks, from files that the user brings: `python -m evaluation.benchmarks --banking77 <folder>
--clinc150 <file>`. Nothing is fetched.

- BANKING77 (Casanueva I, et al. 2020): a folder with train.csv and test.csv, columns `text` and `category`.
- CLINC150 (Larson S, et al. 2019): data_full.json, an object of lists of pairs of text and intent:
  train, test, oos_test.

Without the options the folder that AXIS_BENCHMARKS names is looked in, for `banking77/` and `clinc150/data_full.json`.
`LinearModel` is trained exactly as it ships, on 10 and 30 examples of each intent, chosen by chance three times.
"""

import csv
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.progress import track

from bot.encoder import Encoder, Vectors
from bot.errors import DataError
from bot.settings import Settings
from bot.terminal import console
from evaluation.figures import auroc
from evaluation.markdown import section, table
from evaluation.understanding import fitted, guessed

SIZES = (10, 30)
"""Examples of each intent that are trained on."""
SEEDS = (0, 1, 2)
CLINC150_PARTS = ("train", "test", "oos_test")
Pairs = list[tuple[str, str]]


@dataclass(frozen=True)
class Benchmark:
    """A data set: pairs of intent and text to train and to test on, and texts out of scope, if it has any."""

    name: str
    train: Pairs
    test: Pairs
    outside: list[str]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one training gave; no AUROC where the set has nothing out of scope."""

    size: int
    accuracy: float
    auroc: float | None


def read_banking77(folder: Path) -> Benchmark:
    """BANKING77 from train.csv and test.csv.

    Raises:
        DataError: a file is missing or has other columns.
    """
    return Benchmark("BANKING77", _csv(folder / "train.csv"), _csv(folder / "test.csv"), [])


def _csv(path: Path) -> Pairs:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return [(row["category"], row["text"]) for row in csv.DictReader(file)]
    except (OSError, KeyError) as error:
        raise DataError("no CSV file with the columns text and category", path=path) from error


def read_clinc150(path: Path) -> Benchmark:
    """CLINC150 from data_full.json.

    Raises:
        DataError: the file is missing or has another form.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        pairs = {name: [(str(intent), str(text)) for text, intent in data[name]] for name in CLINC150_PARTS}
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise DataError("no JSON file with train, test and oos_test", path=path) from error
    return Benchmark("CLINC150", pairs["train"], pairs["test"], [text for _, text in pairs["oos_test"]])


def few(pairs: Pairs, size: int, seed: int) -> Pairs:
    """So many examples of each intent, by chance.

    Raises:
        DataError: an intent has fewer.
    """
    dice = np.random.default_rng(seed)
    by_intent: dict[str, Pairs] = {}
    for place in dice.permutation(len(pairs)):
        by_intent.setdefault(pairs[place][0], []).append(pairs[place])
    if short := sorted(intent for intent, found in by_intent.items() if len(found) < size):
        raise DataError(f"fewer than {size} examples of {', '.join(short)}")
    return [pair for intent in sorted(by_intent) for pair in by_intent[intent][:size]]


def measure(benchmark: Benchmark, encoder: Encoder, *, sizes: Sequence[int] = SIZES) -> list[Outcome]:
    """Train and test with each size and seed."""
    test, outside = _vectors(encoder, [text for _, text in benchmark.test]), _vectors(encoder, benchmark.outside)
    trials = [(size, seed) for size in sizes for seed in SEEDS]
    return [
        _trial(benchmark, encoder, test, outside, size=size, seed=seed)
        for size, seed in track(trials, description=benchmark.name, console=console)
    ]


def _trial(benchmark: Benchmark, encoder: Encoder, test: Vectors, outside: Vectors, *, size: int, seed: int) -> Outcome:
    chosen = few(benchmark.train, size, seed)
    model = fitted(chosen, encoder.encode([text for _, text in chosen]))
    found = guessed(model, benchmark.test, test)
    strange = guessed(model, [("", text) for text in benchmark.outside], outside) if benchmark.outside else []
    apart = auroc([one.in_scope for one in found], [one.in_scope for one in strange]) if strange else None
    return Outcome(size, float(np.mean([one.right for one in found])), apart)


def _vectors(encoder: Encoder, texts: list[str]) -> Vectors:
    return encoder.encode(texts)


def found_in(folder: Path) -> list[Benchmark]:
    """The sets that lie in a folder."""
    banking, clinc = folder / "banking77", folder / "clinc150" / "data_full.json"
    found = [read_banking77(banking)] if banking.is_dir() else []
    return [*found, *([read_clinc150(clinc)] if clinc.is_file() else [])]


def written(benchmark: Benchmark, outcomes: Sequence[Outcome]) -> str:
    """The figures of one set, over the seeds."""
    rows = []
    for size in dict.fromkeys(one.size for one in outcomes):
        same = [one for one in outcomes if one.size == size]
        apart = [one.auroc for one in same if one.auroc is not None]
        rows.append((size, _spread([one.accuracy for one in same]), _spread(apart) if apart else "none there"))
    head = ("examples an intent", f"accuracy, mean of {len(SEEDS)} (lowest to highest)", "AUROC out of scope")
    size = f"{len({intent for intent, _ in benchmark.train})} intents, {len(benchmark.test)} test phrases"
    return section(f"{benchmark.name} ({size})", table(head, rows), depth=3)


def _spread(values: Sequence[float]) -> str:
    return f"{np.mean(values):.3f} ({min(values):.3f} to {max(values):.3f})"


def report(encoder: Encoder) -> str:
    """The section on public benchmarks: of the folder that AXIS_BENCHMARKS names, or that there is none."""
    folder = os.environ.get("AXIS_BENCHMARKS")
    sets = found_in(Path(folder)) if folder else []
    title = "6. Public few-shot benchmarks"
    if not sets:
        return section(title, "Not measured: the data was not there (`AXIS_BENCHMARKS` names no folder that holds it).")
    return section(title, *(written(one, measure(one, encoder)) for one in sets))


def main(
    banking77: Annotated[Path | None, typer.Option(help="folder with train.csv and test.csv")] = None,
    clinc150: Annotated[Path | None, typer.Option(help="the file data_full.json")] = None,
) -> None:
    """Measure the classifier on the public sets that are given, and print the figures."""
    try:
        console.print(_measured(Encoder(Settings.read().models_dir / "encoder"), banking77, clinc150), markup=False)
    except DataError as error:
        raise SystemExit(str(error)) from error


def _measured(encoder: Encoder, banking77: Path | None, clinc150: Path | None) -> str:
    sets = [read_banking77(banking77)] if banking77 else []
    sets += [read_clinc150(clinc150)] if clinc150 else []
    return "\n\n".join(written(one, measure(one, encoder)) for one in sets) if sets else report(encoder)


if __name__ == "__main__":
    typer.run(main)
