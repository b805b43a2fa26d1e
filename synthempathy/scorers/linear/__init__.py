"""The linear scorer: scikit-learn over words, characters and stated cues."""

from __future__ import annotations

from synthempathy.scorers.linear.learning import train
from synthempathy.scorers.linear.model import LinearScorer, load

__all__ = ["LinearScorer", "load", "train"]
