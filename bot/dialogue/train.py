"""Trains the dialogue model, when what it is made of has changed: `python -m bot.dialogue.train`; `axis train` does."""

import hashlib
import multiprocessing
import os
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from bot import log
from bot.encoder import verified
from bot.errors import DataError
from bot.safety.spare_net import FILE
from bot.settings import ROOT, Settings

CODE = (
    "dialogue/classifier.py", "dialogue/featurizer.py", "dialogue/parts.py", "dialogue/safety_net.py",
    "dialogue/spare_training.py", "dialogue/trained.py", "safety/spare_net.py", "safety/text.py",
)  # fmt: skip
"""Modules that shape what is trained."""


def inputs(settings: Settings) -> list[Path]:
    """Every file that the trained model depends on, in a fixed order."""
    folders = [*_read_by_rasa(settings), settings.language_dir / "safety" / "examples"]
    data = [path for folder in folders for path in sorted(folder.glob("*.yml"))]
    code = [ROOT / "bot" / name for name in CODE]
    return [ROOT / "config.yml", ROOT / "domain.yml", *data, *code]


def _read_by_rasa(settings: Settings) -> list[Path]:
    return [settings.language_dir / "nlu", settings.data_dir / "rules", settings.data_dir / "stories"]


def asked_as(settings: Settings) -> list[str]:
    """The lines of the topics' ways of asking, which the second net learns as harmless; no text of theirs.

    Cut out and not parsed: a start asks for them, and parsing all topics takes seconds.
    """
    found = []
    for path in sorted((settings.language_dir / "topics").glob("*.md")):
        head = path.read_text(encoding="utf-8").split("\n---\n", 1)[0]
        found.append(head.partition("\nasked_as:\n")[2].partition("\nevidence:")[0])
    return found


def fingerprint(settings: Settings) -> str:
    """A hash of all inputs and of the encoder: another one means that the model is out of date.

    Raises:
        DataError: there is no encoder.
    """
    digest = hashlib.sha256(verified(settings.models_dir / "encoder").encode())
    for path in inputs(settings):
        digest.update(path.name.encode() + path.read_bytes())
    digest.update("\n".join(asked_as(settings)).encode())
    return digest.hexdigest()


def is_current(settings: Settings) -> bool:
    """Whether the trained model was made of what is there now."""
    note = settings.models_dir / "axis.fingerprint"
    whole = all((settings.models_dir / name).is_file() for name in ("axis.tar.gz", FILE))
    return whole and note.is_file() and note.read_text() == fingerprint(settings)


def train(settings: Settings) -> None:
    """Train, and put the model where the server looks, whole or not at all.

    Raises:
        DataError: Rasa could not train; its reason is printed above.
    """
    os.environ["RASA_TELEMETRY_ENABLED"] = "false"
    os.environ["ENCODER_SHA256"] = verified(settings.models_dir / "encoder")
    current = fingerprint(settings)

    from rasa.model_training import train as rasa_train  # noqa: PLC0415 - takes seconds to import

    from bot.dialogue import spare_training  # noqa: PLC0415 - so does this

    # The spare net needs one processor for a minute or two: it is trained beside.
    with (
        tempfile.TemporaryDirectory(dir=settings.models_dir) as folder,
        ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as beside,
    ):
        spare = beside.submit(spare_training.train, settings)
        result = rasa_train(
            domain=str(ROOT / "domain.yml"),
            config=str(ROOT / "config.yml"),
            training_files=[str(one) for one in _read_by_rasa(settings)],
            output=folder,
            fixed_model_name="axis",
            force_training=True,
        )
        if result.code != 0 or not result.model:
            raise DataError("Rasa could not train the model; its reason is printed above")
        (settings.models_dir / "axis.fingerprint").unlink(missing_ok=True)
        os.replace(result.model, settings.models_dir / "axis.tar.gz")
        spare_training.keep(spare.result(), settings)
    (settings.models_dir / "axis.fingerprint").write_text(current)


if __name__ == "__main__":
    log.configure("train")
    try:
        train(Settings.read())
    except DataError as error:
        sys.exit(str(error))
