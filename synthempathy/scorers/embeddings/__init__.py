"""Logistic regression on sentence embeddings: for those who have an encoder, and no GPU to train a bi-encoder on.

encoder.py   texts as vectors, by any encoder of transformers
training.py  learning from labelled pairs
model.py     the trained scorer: probabilities, saving and loading
"""

from __future__ import annotations

from synthempathy.scorers.embeddings.model import load
from synthempathy.scorers.embeddings.training import stacked, train

__all__ = ["load", "stacked", "train"]
