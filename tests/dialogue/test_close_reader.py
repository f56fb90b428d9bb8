"""The close reader: built from what it has learned, taught what the net learns, and able to learn at all."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from bot.dialogue import close_training
from bot.dialogue.close_reader import LABELS, CloseReader
from bot.dialogue.spare_training import by_level
from bot.encoder import Encoder
from bot.encoder_build import LAYERS, LEARNED, WIDTH, build_reader, is_reader_current
from bot.errors import DataError
from bot.settings import Settings

SETTINGS = Settings()
KEPT = SETTINGS.language_dir / "safety" / LEARNED
PHRASES = [(str(level), text) for level, texts in by_level(SETTINGS).items() for text in texts]
ENCODER = Encoder(SETTINGS.models_dir / "encoder")


@pytest.fixture(scope="module")
def reader() -> CloseReader:
    return CloseReader(SETTINGS.models_dir / "reader")


@pytest.mark.parametrize("level", LABELS)
def test_it_reads_what_it_was_taught(reader: CloseReader, level: str) -> None:
    texts = [text for one, text in PHRASES if one == level][::150]
    found = [reader.likely(text) for text in texts]
    assert all(np.isclose(sum(one.values()), 1.0, atol=1e-5) for one in found)
    assert sum(max(one, key=one.__getitem__) == level for one in found) / len(texts) >= 0.85


def test_it_reads_whatever_is_written(reader: CloseReader) -> None:
    for text in ("", "\u0001", "help " * 2000, "\U0001f62d"):
        assert set(reader.likely(text)) == set(LABELS)


def test_it_was_taught_nearly_all_that_the_net_learns() -> None:
    """Where this fails, a tenth of the phrases is new, or of what it was taught gone: `make teach`."""
    with np.load(KEPT) as file:
        taught = file["phrases"]
    today = close_training.marks(PHRASES)
    assert np.isin(today, taught).mean() >= 0.9
    assert np.isin(taught, today).mean() >= 0.9


def test_another_lesson_builds_another_reader(tmp_path: Path, reader: CloseReader) -> None:
    """With no changes to the layers it is the encoder itself, under levels of whatever sort."""
    learned, folder = tmp_path / LEARNED, tmp_path / "reader"
    head = np.random.default_rng(0).normal(size=(WIDTH, len(LABELS)))
    np.savez(learned, head=head, bias=np.zeros(len(LABELS)), phrases=close_training.marks([]))
    build_reader(folder, learned)
    assert is_reader_current(folder, learned)
    assert not is_reader_current(folder, KEPT)
    plain = CloseReader(folder)
    text = "will clomid mess with my eyes"
    speaking, meaning = plain.read(text, "levels")[0], ENCODER.encode([text])[0] @ head
    # The encoder's vector has unit length and the reader's has not: what they say differs by a factor alone.
    assert speaking @ meaning / np.linalg.norm(speaking) / np.linalg.norm(meaning) > 0.98
    assert plain.likely(text) != reader.likely(text)


def test_a_reader_that_was_changed_or_is_gone_is_built_anew(tmp_path: Path, reader: CloseReader) -> None:
    copy = tmp_path / "reader"
    shutil.copytree(reader.folder, copy)
    assert is_reader_current(copy, KEPT)
    with (copy / "model.onnx").open("ab") as file:
        file.write(b"x")
    assert not is_reader_current(copy, KEPT)
    assert not is_reader_current(tmp_path, KEPT)
    with pytest.raises(DataError, match="changed"):
        CloseReader(copy)


def test_what_cannot_be_read_builds_none(tmp_path: Path) -> None:
    learned = tmp_path / LEARNED
    for spoil in (
        lambda: learned.write_bytes(b"PK no archive"),
        lambda: np.savez(learned, phrases=[1]),
        learned.unlink,
    ):
        spoil()
        with pytest.raises(DataError, match="has learned"):
            build_reader(tmp_path / "reader", learned)
    assert not (tmp_path / "reader").exists()


def test_it_learns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From a few phrases it learns these phrases, and what is kept and built says so."""
    monkeypatch.setattr(close_training, "WARMING_UP", 1)
    few = [(level, text) for level in LABELS for text in [text for one, text in PHRASES if one == level][:16]]
    learned = close_training.teach(few, ENCODER, epochs=12)
    assert {f"encoder.layer.{layer}.output.dense.down" for layer in range(LAYERS)} < set(learned)
    assert {value.dtype for value in learned.values()} == {np.dtype(np.float16)}
    np.savez(tmp_path / LEARNED, **learned, phrases=close_training.marks(few))
    build_reader(tmp_path / "reader", tmp_path / LEARNED)
    reader = CloseReader(tmp_path / "reader")
    found = [reader.likely(text) for _, text in few]
    right = [max(one, key=one.__getitem__) == level for one, (level, _) in zip(found, few, strict=True)]
    assert sum(right) / len(few) >= 0.8
    _goes_on_learning(reader, few, tmp_path)


def _goes_on_learning(reader: CloseReader, few: list[tuple[str, str]], folder: Path) -> None:
    """What it reads wrongly is taught in addition, and what it knew is not forgotten."""
    wrong = [("urgent", "the kettle in your waiting room hums in b flat"), ("crisis", "my tomatoes came up twice")]
    assert all(max(found := reader.likely(text), key=found.__getitem__) != level for level, text in wrong)
    # Sixteen spellings of each, since two phrases are too few to learn from, and one of the old ones is taken back.
    new = [(level, text + "!" * times) for times in range(16) for level, text in wrong]
    learned = close_training.teach_new([*few[1:], *new], ENCODER, folder / LEARNED, epochs=12)
    assert learned is not None
    assert set(close_training.marks([*few, *new])) == set(learned["phrases"]), "what is gone is not unlearned"
    np.savez(folder / LEARNED, **learned)
    assert close_training.teach_new([*few, *new], ENCODER, folder / LEARNED) is None
    build_reader(folder / "reader", folder / LEARNED)
    after = CloseReader(folder / "reader")
    assert all(max(found := after.likely(text), key=found.__getitem__) == level for level, text in wrong)
    right = [max(found := after.likely(text), key=found.__getitem__) == level for level, text in few]
    assert sum(right) / len(few) >= 0.8


def test_a_lesson_holds_all_and_what_is_new_twice() -> None:
    known, new = PHRASES[:300], PHRASES[300:320]
    taught = close_training.marks(known)
    assert close_training.lesson([*known, *new], taught) == [*known, *new, *new]
    assert close_training.lesson(known, taught) == []
