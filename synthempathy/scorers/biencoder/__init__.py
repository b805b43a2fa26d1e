"""The bi-encoder: EPITOME's own architecture (Sharma et al., EMNLP 2020), one model per mechanism.

network.py      the model: two encoders, attention, a head for levels and one for rationales
encoder.py      pretrained encoders and their tokenizers, texts as tokens
training.py     training, one mechanism after the other
checkpoints.py  what a killed training resumes from
model.py        the trained scorer: probabilities, saving and loading
"""

from __future__ import annotations

from synthempathy.scorers.biencoder.model import load
from synthempathy.scorers.biencoder.training import train

__all__ = ["load", "train"]
