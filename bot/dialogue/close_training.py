"""Teaches the close reader (`bot.dialogue.close_reader`) from the phrases of the second net. What it has learned is
kept in data/<language>/safety.

    make teach-new  all of them once more and those that are new to it twice, from what it knows: half an hour
    make teach      all of them, from the published weights: an hour to two

The encoder's layers are fine-tuned as a whole; then the change of each matrix is kept as the product of two thin ones
(its largest singular values), which is a fifth of the size and finds the same. Sources: Devlin J, et al. BERT. NAACL
2019 (fine-tuning); Eckart C, Young G. The approximation of one matrix by another of lower rank. Psychometrika 1936.
"""

from __future__ import annotations

import hashlib
import math
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from rich.progress import track

from bot import log
from bot.dialogue.close_reader import LABELS
from bot.dialogue.spare_training import by_level
from bot.encoder import Encoder
from bot.encoder_build import HEAD_WIDTH, HEADS, LAYERS, LEARNED, WIDTH, published_weights, taught
from bot.settings import Settings

RANK = 64
"""Columns and rows of the two thin matrices that are kept of each change."""
EPOCHS, TOGETHER = 3, 32
"""How often each phrase is seen, and how many at once."""
FASTEST, HEAD_FASTEST, WARMING_UP = 1e-4, 1e-3, 200
"""Learning rates of the layers and of the levels, and the steps in which they are reached; then they fall to 0."""
GENTLER = 0.4
"""What the learning rates are multiplied by where it goes on from what it has learned."""
DROPPED, SMOOTHED, MISTYPED = 0.1, 0.02, 0.2
"""Shares: of values left out in training, of a label given to the other levels, of phrases that get a typing error."""


class _Network(tf.Module):
    """The encoder, whose layers may change, and the levels."""

    def __init__(self, weights: dict[str, np.ndarray], head: np.ndarray | None, bias: np.ndarray | None) -> None:
        super().__init__()
        self._of = {
            name: tf.Variable(value) if name.startswith("encoder.") else tf.constant(value)
            for name, value in weights.items()
        }
        self.layers = {name: value for name, value in self._of.items() if name.startswith("encoder.")}
        rows = tf.random.Generator.from_seed(0)
        self.head = tf.Variable(rows.normal((WIDTH, len(LABELS))) * 0.02 if head is None else head)
        self.bias = tf.Variable(tf.zeros(len(LABELS)) if bias is None else bias)

    def __call__(self, ids: tf.Tensor, mask: tf.Tensor, *, training: bool) -> tf.Tensor:
        """What speaks for each level: float32, (texts, levels)."""
        size = tf.shape(ids)
        x = tf.reshape(self._embedded(ids, size[1]), (-1, WIDTH))
        hide = (1.0 - mask)[:, None, None, :] * -10000.0
        for layer in range(LAYERS):
            x = self._layer(x, hide, size, f"encoder.layer.{layer}.", training=training)
        x = tf.reshape(x, (size[0], size[1], WIDTH)) * mask[:, :, None]
        mean = tf.reduce_sum(x, axis=1) / tf.reduce_sum(mask, axis=1, keepdims=True)
        return tf.matmul(_dropped(mean, training=training), self.head) + self.bias

    def _embedded(self, ids: tf.Tensor, length: tf.Tensor) -> tf.Tensor:
        of = self._of
        places = of["embeddings.position_embeddings.weight"] + of["embeddings.token_type_embeddings.weight"][0]
        return self._norm(tf.gather(of["embeddings.word_embeddings.weight"], ids) + places[:length], "embeddings")

    def _layer(self, x: tf.Tensor, hide: tf.Tensor, size: tf.Tensor, of: str, *, training: bool) -> tf.Tensor:
        def heads(name: str) -> tf.Tensor:
            split = tf.reshape(self._dense(x, f"{of}attention.self.{name}"), (size[0], size[1], HEADS, HEAD_WIDTH))
            return tf.transpose(split, (0, 2, 1, 3))

        scores = tf.matmul(heads("query"), heads("key"), transpose_b=True) / math.sqrt(HEAD_WIDTH) + hide
        mixed = tf.transpose(tf.matmul(tf.nn.softmax(scores), heads("value")), (0, 2, 1, 3))
        said = self._dense(tf.reshape(mixed, (-1, WIDTH)), f"{of}attention.output.dense")
        x = self._norm(x + _dropped(said, training=training), f"{of}attention.output")
        wide = tf.nn.gelu(self._dense(x, f"{of}intermediate.dense"))
        narrow = self._dense(wide, f"{of}output.dense")
        return self._norm(x + _dropped(narrow, training=training), f"{of}output")

    def _dense(self, x: tf.Tensor, name: str) -> tf.Tensor:
        return tf.matmul(x, self._of[f"{name}.weight"], transpose_b=True) + self._of[f"{name}.bias"]

    def _norm(self, x: tf.Tensor, of: str) -> tf.Tensor:
        mean, variance = tf.nn.moments(x, [-1], keepdims=True)
        gain, shift = self._of[f"{of}.LayerNorm.weight"], self._of[f"{of}.LayerNorm.bias"]
        return tf.nn.batch_normalization(x, mean, variance, shift, gain, 1e-12)


def _dropped(x: tf.Tensor, *, training: bool) -> tf.Tensor:
    return tf.nn.dropout(x, DROPPED) if training else x


class _Rate(tf.keras.optimizers.schedules.LearningRateSchedule):
    """Rises for some steps, then falls to nothing at the end."""

    def __init__(self, fastest: float, steps: int) -> None:
        self._fastest, self._steps = fastest, steps

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        done = tf.cast(step, tf.float32)
        return self._fastest * tf.minimum(1.0, (done + 1) / WARMING_UP) * (1 - done / self._steps)

    def get_config(self) -> dict[str, Any]:
        """What Keras stores."""
        return {"fastest": self._fastest, "steps": self._steps}


def marks(phrases: Sequence[tuple[str, str]]) -> np.ndarray:
    """Four bytes of the hash of each phrase with its level, uint32: enough to tell which of them are new."""
    hashes = [hashlib.sha256(f"{level} {text}".encode()).digest()[:4] for level, text in phrases]
    return np.frombuffer(b"".join(hashes), ">u4").astype(np.uint32)


def lesson(phrases: Sequence[tuple[str, str]], known: np.ndarray) -> list[tuple[str, str]]:
    """What to teach to a reader that knows some phrases: all of them, so that it forgets none, and what is new twice.

    Args:
        phrases: level and text, all that it should know.
        known: marks of those that it was taught.
    """
    is_known = np.isin(marks(phrases), known)
    new = [phrase for phrase, known_one in zip(phrases, is_known, strict=True) if not known_one]
    return [*phrases, *new] if new else []


def teach(
    phrases: Sequence[tuple[str, str]], encoder: Encoder, *, epochs: int = EPOCHS, onto: Path | None = None
) -> dict[str, np.ndarray]:
    """What the reader learns from phrases.

    Args:
        phrases: level and text.
        encoder: whose word pieces the texts are cut into.
        epochs: how often each is seen.
        onto: what it has learned before, to go on from; without it, from the published weights.

    Returns:
        Of each matrix of the layers the change as `<name>.down` (before, RANK) and `<name>.up` (RANK, after), of each
        of their vectors the change itself, and the levels' `head` (384, 4) and `bias` (4,), all float16.

    Raises:
        DataError: what it has learned before cannot be read.
    """
    tf.random.set_seed(0)
    before = published_weights()
    network = _Network(*taught(onto)) if onto else _Network(before, None, None)
    layers, levels = list(network.layers.values()), [network.head, network.bias]
    steps, share = epochs * math.ceil(len(phrases) / TOGETHER) + 1, GENTLER if onto else 1.0
    of_layers = tf.keras.optimizers.AdamW(_Rate(share * FASTEST, steps), weight_decay=0.01, global_clipnorm=1.0)
    of_levels = tf.keras.optimizers.AdamW(_Rate(share * HEAD_FASTEST, steps), weight_decay=0.01)
    loss_of = tf.keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=SMOOTHED)
    of_layers.build(layers)
    of_levels.build(levels)

    @tf.function(
        input_signature=[tf.TensorSpec((None, None), kind) for kind in (tf.int32, tf.float32, tf.float32)],
        autograph=False,
    )
    def step(ids: tf.Tensor, mask: tf.Tensor, wanted: tf.Tensor) -> None:
        with tf.GradientTape() as tape:
            loss = loss_of(wanted, network(ids, mask, training=True))
        slopes = tape.gradient(loss, [*layers, *levels])
        of_layers.apply_gradients(zip(slopes[: len(layers)], layers, strict=True))
        of_levels.apply_gradients(zip(slopes[len(layers) :], levels, strict=True))

    batches = _batches(phrases, encoder, epochs)
    for batch in track(batches, "teaching", total=steps - 1):
        step(*batch)
    after = {name: value.numpy() for name, value in network.layers.items()}
    learned = {"head": network.head.numpy(), "bias": network.bias.numpy(), **_changes(before, after)}
    return {name: value.astype(np.float16) for name, value in learned.items()}


def teach_new(
    phrases: Sequence[tuple[str, str]], encoder: Encoder, kept: Path, *, epochs: int = 1
) -> dict[str, np.ndarray] | None:
    """What the reader knows once it has also learned the phrases that are new to it.

    Args:
        phrases: level and text, all that it should know.
        encoder: see `teach`.
        kept: what it has learned before.
        epochs: how often the lesson is gone through.

    Returns:
        As `teach`, and `phrases`: the marks of these and of those before, since what is gone is not unlearned. None if
        nothing is new.

    Raises:
        DataError: what it has learned before cannot be read.
    """
    taught(kept)  # says so where it cannot be read
    with np.load(kept) as file:
        known = file["phrases"]
    new = lesson(phrases, known)
    if not new:
        return None
    return {**teach(new, encoder, epochs=epochs, onto=kept), "phrases": np.union1d(marks(phrases), known)}


def _changes(before: dict[str, np.ndarray], after: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What has changed, matrices as the product of two thin ones."""
    found = {}
    for name, value in after.items():
        change = value - before[name]
        if change.ndim == 1:
            found[name] = change
            continue
        left, sizes, right = np.linalg.svd(change.T, full_matrices=False)
        root = np.sqrt(sizes[:RANK])
        matrix = name.removesuffix(".weight")
        found |= {f"{matrix}.down": left[:, :RANK] * root, f"{matrix}.up": root[:, None] * right[:RANK]}
    return found


def _batches(
    phrases: Sequence[tuple[str, str]], encoder: Encoder, epochs: int
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Phrases of about the same length together, in another order each time: word pieces, their mask, levels wanted."""
    chance = np.random.default_rng(0)
    many = TOGETHER * 50
    for _ in range(epochs):
        order = [phrases[place] for place in chance.permutation(len(phrases))]
        batches = []
        for start in range(0, len(order), many):
            alike = sorted(order[start : start + many], key=lambda one: len(one[1]))
            batches += [alike[place : place + TOGETHER] for place in range(0, len(alike), TOGETHER)]
        for place in chance.permutation(len(batches)):
            batch = batches[place]
            pieces = [encoder.pieces(_mistyped(text, chance)) for _, text in batch]
            ids = np.zeros((len(batch), max(map(len, pieces))), np.int32)
            mask, wanted = np.zeros(ids.shape, np.float32), np.zeros((len(batch), len(LABELS)), np.float32)
            for row, (own, (level, _)) in enumerate(zip(pieces, batch, strict=True)):
                ids[row, : len(own)], mask[row, : len(own)] = own, 1.0
                wanted[row, LABELS.index(level)] = 1.0
            yield ids, mask, wanted


def _mistyped(text: str, chance: np.random.Generator) -> str:
    """The text, or now and then with a letter left out, swapped or doubled, as on a phone."""
    words = text.split()
    if chance.random() > MISTYPED or not words:
        return text
    place = chance.integers(len(words))
    word = words[place]
    if len(word) > 3:  # noqa: PLR2004 - shorter words become others
        at = chance.integers(len(word) - 1)
        left_out, doubled = word[:at] + word[at + 1 :], word[: at + 1] + word[at:]
        swapped = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        words[place] = (left_out, doubled, swapped)[chance.integers(3)]
    return " ".join(words)


def main() -> None:
    """Teach the reader, and keep what it has learned; `new` on the command line teaches only what is new to it."""
    if sys.argv[1:] not in ([], ["new"]):
        sys.exit("say `new` to teach what is new, or nothing to teach anew")
    settings = Settings.read()
    kept = settings.language_dir / "safety" / LEARNED
    phrases = [(str(level), text) for level, texts in by_level(settings).items() for text in texts]
    encoder = Encoder(settings.models_dir / "encoder")
    if sys.argv[1:]:
        learned = teach_new(phrases, encoder, kept)
    else:
        learned = {**teach(phrases, encoder), "phrases": np.unique(marks(phrases))}
    if learned is None:
        sys.exit("no phrase is new to the close reader")
    np.savez_compressed(kept, **learned)


if __name__ == "__main__":
    log.configure("train")
    main()
