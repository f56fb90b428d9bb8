"""The second net's spare: read at the edge when Rasa gives no answer, or was not given the whole message. Pure.

A linear model over hashed n-grams of characters and words, without the sentence encoder, so that the web process can
hold it: numpy alone, two megabytes, half a millisecond for a short message. It sees nearly as much as the net within
Rasa (`bot.dialogue.safety_net`) and far more than the rules (docs/decisions/0013-second-net.md). Source of hashed
features: Weinberger K, et al. Feature hashing for large scale multitask learning. ICML 2009.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from bot.errors import DataError
from bot.safety.red_flags import Level
from bot.safety.text import words

BUCKETS = 1 << 17
"""Places that n-grams are hashed to; two that share one are told apart by the others around them."""

LONGEST = 5
"""Characters of the longest n-gram."""

WINDOW = 24
"""Words of a message that are read together: what is around a danger in a long one does not drown it."""

STEP = 12
"""Words from one window to the next."""

HARMLESS = "harmless"
"""The label of what needs no alarm."""

FILE = "spare_net.npz"
"""Its name in the folder of models."""

Weights = NDArray[np.float32]


@dataclass(frozen=True)
class SpareNet:
    """The trained model.

    Attributes:
        labels: the levels and harmless, in the order of the columns.
        weights: float32, (BUCKETS, labels): what an n-gram says for a label.
        bias: float32, (labels,).
        temperature: by which decisions are multiplied before they are made probabilities.
    """

    labels: tuple[str, ...]
    weights: Weights
    bias: Weights
    temperature: float

    def likely(self, text: str) -> dict[str, float]:
        """How likely each label is of one text, read as a whole."""
        return self._of([word.text for word in words(text)])

    def worst(self, text: str) -> tuple[Level | None, float]:
        """The level of the most dangerous window of a message, and the probability that it is one of danger.

        Args:
            text: as the patient typed it, 1 to 4,000 characters.
        """
        spoken = [word.text for word in words(text)]
        windows = range(0, max(1, len(spoken) - WINDOW + STEP), STEP)
        found = [self._of(spoken[start : start + WINDOW]) for start in windows]
        worst = min(found, key=lambda likely: likely[HARMLESS])
        level = max(Level, key=lambda one: worst.get(one, 0.0))
        return level, 1.0 - worst[HARMLESS]

    def _of(self, spoken: Sequence[str]) -> dict[str, float]:
        places, values = features(spoken)
        decision = values @ self.weights[places] + self.bias if len(places) else self.bias
        powers = np.exp((decision - decision.max()) * self.temperature)
        return dict(zip(self.labels, (powers / powers.sum()).tolist(), strict=True))

    def save(self, path: Path) -> None:
        """Write it where `load` finds it."""
        np.savez_compressed(
            path,
            labels=np.array(self.labels),
            weights=self.weights.astype(np.float16),
            bias=self.bias,
            temperature=self.temperature,
        )

    @classmethod
    def load(cls, path: Path) -> "SpareNet":
        """Read what `save` wrote.

        Raises:
            DataError: it is missing or damaged.
        """
        try:
            with np.load(path, allow_pickle=False) as held:
                labels = tuple(str(one) for one in held["labels"])
                return cls(labels, held["weights"].astype(np.float32), held["bias"], float(held["temperature"]))
        except (OSError, KeyError, ValueError) as error:
            raise DataError("no second net here: run `axis train`", path=path) from error


def features(spoken: Sequence[str]) -> tuple[NDArray[np.int64], Weights]:
    """The n-grams of a text as places and values; characters and words each of unit length.

    Args:
        spoken: its words in normal form.

    Returns:
        int64, (n,), and float32, (n,).
    """
    blocks = [_block(_characters(spoken)), _block(_words(spoken))]
    return np.concatenate([places for places, _ in blocks]), np.concatenate([values for _, values in blocks])


def _block(terms: Iterator[str]) -> tuple[NDArray[np.int64], Weights]:
    counts = Counter(crc32(term.encode()) % BUCKETS for term in terms)
    places = np.fromiter(counts, np.int64, len(counts))
    values = 1 + np.log(np.fromiter(counts.values(), np.float32, len(counts)))
    return places, (values / max(float(np.sqrt(values @ values)), 1e-9)).astype(np.float32)


def _characters(spoken: Sequence[str]) -> Iterator[str]:
    """Two to five characters within each word and its edges."""
    for word in spoken:
        padded = f" {word} "
        for size in range(2, LONGEST + 1):
            yield from (padded[at : at + size] for at in range(max(1, len(padded) - size + 1)))


def _words(spoken: Sequence[str]) -> Iterator[str]:
    """Words, pairs and threes of words, marked so that none is taken for characters."""
    for size in (1, 2, 3):
        yield from ("\t" + "\t".join(spoken[at : at + size]) for at in range(len(spoken) - size + 1))
