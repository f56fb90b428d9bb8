"""The second net that is served, for tests that ask it alone."""

import io
import tarfile
from collections.abc import Callable

import joblib
import pytest

from bot.dialogue.close_reader import CloseReader
from bot.dialogue.red_flags import rules
from bot.dialogue.safety_net import Finding, SafetyNet, SafetyNetDetector
from bot.encoder import Encoder
from bot.safety import red_flags
from bot.safety.red_flags import Level, Told, told
from bot.settings import Settings


@pytest.fixture(scope="session")
def served_net() -> Callable[[str], Finding]:
    """What the second net of the model that is served, close reader included, thinks of a text."""
    with tarfile.open(Settings().models_dir / "axis.tar.gz") as model:
        [name] = [name for name in model.getnames() if name.endswith(SafetyNetDetector.file)]
        kept = model.extractfile(name)
        assert kept
        net: SafetyNet = joblib.load(io.BytesIO(kept.read()))
    net.reader = CloseReader(Settings().models_dir / "reader").likely
    encoder = Encoder(Settings().models_dir / "encoder")

    def how(text: str, of: Level | None) -> Told:
        return told(text, rules=rules(), of=of)

    def found(text: str) -> Finding:
        by_rules = red_flags.check(text, rules=rules())
        return net.check(text, encoder.encode([text]), how=how, closely=by_rules is not None)

    return found
