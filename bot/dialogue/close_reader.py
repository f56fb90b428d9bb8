"""Reads closely what the second net is not sure of: the encoder's own layers, changed by what the phrases of danger
taught them (docs/decisions/0021-a-close-reader.md). The net looks at a finished vector of meaning; this one may look at
each word in the light of the others: who, when, and whether at all.

`axis encoder` builds its network from what it has learned, which `bot.dialogue.close_training` keeps.
"""

import numpy as np

from bot.encoder import Network
from bot.safety.red_flags import Level
from bot.safety.spare_net import HARMLESS

LABELS = (*Level, HARMLESS)
"""What it tells apart, in the order of its output."""


class CloseReader(Network):
    """Tells the levels of danger apart; see Network."""

    def likely(self, text: str) -> dict[str, float]:
        """How likely each level is, and harmless.

        Args:
            text: a message; its first 128 word pieces are read.
        """
        [speaking] = self.read(text, "levels")
        powers = np.exp(speaking - speaking.max())
        return {str(label): float(p) for label, p in zip(LABELS, powers / powers.sum(), strict=True)}
