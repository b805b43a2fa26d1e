"""EPITOME's three mechanisms of empathy (Sharma et al., EMNLP 2020), each at level 0 (none), 1 (weak) or 2 (strong).

er  emotional reaction: warmth, compassion, concern. Weak alludes to it, strong names the emotion felt.
ip  interpretation: understanding of feelings and experiences. Weak says that it understands, strong
    states the inferred feeling or a like experience.
ex  exploration: asking about what was not said. Weak asks generically, strong asks something specific.

A pair's empathy is the mean of the three, 0 to 2 (paper.md, EPITOME).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

Mechanism = Literal["er", "ip", "ex"]

MECHANISMS: Final[tuple[Mechanism, ...]] = ("er", "ip", "ex")
LEVELS: Final = (0, 1, 2)


def empathy(scores: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    """The mean of the three mechanisms, pair by pair."""
    return (scores["er"] + scores["ip"] + scores["ex"]) / len(MECHANISMS)
