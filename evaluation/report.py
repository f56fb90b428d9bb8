"""`make evaluate`: results/report.md and its figures, from held-out phrases and a running Axis."""

import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from actions.shop import Shop
from bot.encoder import Encoder
from bot.settings import ROOT, Settings
from bot.terminal import console
from evaluation import benchmarks, dialogues, entities, finding, safety, understanding
from evaluation.running import axis_running

INTRODUCTION = """\
Made by `make evaluate`. Shares stand with Wilson's 95 % interval and their counts. `evaluation/phrases/README.md` says
what each file of phrases was used for: `safety.yml` and `topics-a.yml` helped to choose thresholds and weights, so that
their figures flatter; the others were only measured. No patient wrote any of them: figures on patients' own messages
will differ.
"""


def write(folder: Path) -> Path:
    """Measure everything and write the report.

    Args:
        folder: for report.md and its figures; made if it is not there.
    """
    folder.mkdir(exist_ok=True)
    settings = Settings.read()
    encoder = Encoder(settings.models_dir / "encoder")
    parts = [understanding.report(folder, encoder), *_running(folder, settings), benchmarks.report(encoder)]
    path = folder / "report.md"
    path.write_text("\n\n".join(["# What Axis does, measured", INTRODUCTION + _when(), *parts]) + "\n")
    return path


def _running(folder: Path, settings: Settings) -> list[str]:
    """The sections that need a running Axis."""
    console.print("starting Axis")
    with tempfile.TemporaryDirectory() as name, axis_running(Path(name)) as axis:
        shop = Shop(settings.model_copy(update={"var_dir": axis.var}))
        shop.refresh()
        return [
            safety.report(folder, axis.url, shop.fixed),
            finding.report(axis.url, shop),
            entities.report(shop.fixed.lexicon),
            dialogues.report(axis.url),
        ]


def _when() -> str:
    command = ["git", "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()
    return f"\nMeasured on {datetime.now(UTC):%Y-%m-%d}, at commit {commit or 'unknown'}."


def main() -> None:
    """Write the report and say where it is."""
    console.print(f"report: {write(ROOT / 'results')}")


if __name__ == "__main__":
    main()
