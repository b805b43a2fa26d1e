"""The linear scorer: scikit-learn over words, characters and stated cues."""

from __future__ import annotations

from synthempathy.scorers.linear.model import load
from synthempathy.scorers.linear.training import stacked, train

__all__ = ["load", "stacked", "train"]
