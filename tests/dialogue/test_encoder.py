"""The sentence encoder: unit vectors, likeness of meaning, and a network that must be the one that was built."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from bot.encoder import SIZE, Encoder, verified
from bot.errors import DataError
from bot.settings import Settings

FOLDER = Settings().models_dir / "encoder"


def test_meanings_that_are_alike_are_near() -> None:
    vectors = Encoder(FOLDER).encode(
        ["will clomid mess with my eyes", "visual side effects of clomiphene", "opening hours"]
    )
    assert vectors.shape == (3, SIZE)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-4)
    assert vectors[0] @ vectors[1] > 0.5 > vectors[0] @ vectors[2]


def test_a_text_has_the_same_vector_alone_and_among_others() -> None:
    encoder = Encoder(FOLDER)
    alone = encoder.encode(["what is lh"])[0]
    assert np.array_equal(encoder.encode(["a much longer sentence about sperm", "what is lh"])[1], alone)


def test_nothing_gives_nothing() -> None:
    assert Encoder(FOLDER).encode([]).shape == (0, SIZE)


def test_a_changed_network_is_refused(tmp_path: Path) -> None:
    copy = tmp_path / "encoder"
    shutil.copytree(FOLDER, copy)
    with (copy / "model.onnx").open("ab") as file:
        file.write(b"x")
    with pytest.raises(DataError, match="changed"):
        verified(copy)
    with pytest.raises(DataError, match="no encoder"):
        verified(tmp_path)
