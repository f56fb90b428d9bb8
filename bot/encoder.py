"""Sentences as vectors: all-MiniLM-L6-v2 on onnxruntime. Knows nothing of Rasa; `encoder_build` makes its files.

Source: sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0); Wang W, et al. MiniLM. NeurIPS 2020.
"""

import base64
import hashlib
import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.errors import DataError

Vectors = NDArray[np.float32]

SIZE = 384
"""Length of a vector."""

MANY = 64
"""Texts from which they are read side by side, one a processor."""

LONGEST = 128
"""Word pieces of a text that are read; what follows is cut off, as the model was trained."""


class Network:
    """A network over word pieces that was built here: what the encoder is, and what the close reader is.

    Args:
        folder: holds model.onnx, tokenizer.json and manifest.json.

    Raises:
        DataError: a file is missing, or is not the one that was built.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sha256 = verified(folder)

    def pieces(self, text: str) -> list[int]:
        """The ids of a text's word pieces, the first LONGEST of them."""
        return list(self._tokenizer.encode(text).ids)

    def read(self, text: str, wanted: str) -> Vectors:
        """What the network gives of one text, float32, (1, ...).

        One text at a time, since what the quantized network gives depends a little on its neighbours in a batch.

        Args:
            text: any length.
            wanted: name of the output.
        """
        ids = np.array([self.pieces(text)], np.int64)
        found: Vectors = self._session.run([wanted], {"input_ids": ids, "attention_mask": np.ones_like(ids)})[0]
        return found

    @cached_property
    def _session(self) -> Any:
        import onnxruntime  # noqa: PLC0415 - 60 MB that a process without this need should not load

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        path = str(self.folder / "model.onnx")
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    @cached_property
    def _tokenizer(self) -> Any:
        from tokenizers import Tokenizer  # noqa: PLC0415 - see above

        tokenizer = Tokenizer.from_file(str(self.folder / "tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.enable_truncation(LONGEST)
        return tokenizer


class Encoder(Network):
    """Turns text into unit vectors whose dot product is the likeness of meaning; see Network."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        """The texts' vectors.

        Args:
            texts: any number, any length.

        Returns:
            float32, (len(texts), 384), each of unit length.
        """
        if not texts:
            return np.zeros((0, SIZE), np.float32)
        if len(texts) < MANY:
            return np.concatenate([self._encode_one(text) for text in texts])
        with ThreadPoolExecutor(os.cpu_count()) as side_by_side:
            return np.concatenate(list(side_by_side.map(self._encode_one, texts)))

    def _encode_one(self, text: str) -> Vectors:
        return self.read(text, "sentence_embedding")


def packed(vector: Vectors) -> str:
    """One vector as text, half precision, for a message between two processes; `unpacked` reads it."""
    return base64.b64encode(vector.astype(np.float16).tobytes()).decode()


def unpacked(text: str) -> Vectors:
    """What `packed` wrote: float32, (1, 384)."""
    return np.frombuffer(base64.b64decode(text), np.float16).astype(np.float32)[None]


def verified(folder: Path) -> str:
    """The hash of the encoder's network, after comparing it with the one that was written down when it was built.

    Raises:
        DataError: it is missing, or was changed.
    """
    try:
        wanted = json.loads((folder / "manifest.json").read_text())["sha256"]
        found = file_sha256(folder / "model.onnx")
    except (OSError, KeyError, ValueError) as error:
        raise DataError("no encoder here: run `axis encoder`", path=folder) from error
    if wanted != found:
        raise DataError(
            "the encoder was changed after it was built: delete the folder and run `axis encoder`", path=folder
        )
    return str(found)


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
