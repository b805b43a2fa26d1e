"""The bi-encoder scorer: EPITOME's own architecture (Sharma et al., EMNLP 2020), one model a mechanism.

network.py      the model: two encoders, attention, a head for levels and one for rationales
encoder.py      pretrained encoders and their tokenizers, from a folder or the hub
reading.py      texts as tokens that know their places, and batches of them
training.py     training, one mechanism after the other
checkpoints.py  what a killed training goes on from
model.py        the trained scorer: probabilities, rationales, saving and loading
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from synthempathy.project.params import Params
    from synthempathy.scorers.biencoder.model import BiencoderScorer
    from synthempathy.scorers.labelled import LabelledPair

__all__ = ["load", "train"]


def train(
    pairs: Sequence[LabelledPair], params: Params, *, run: str = "all", advance: Callable[..., None] | None = None,
) -> BiencoderScorer:
    """Learn from `pairs`, going on where a killed training of the same `run` stopped. See training.train."""
    from synthempathy.scorers.biencoder.training import train as learn

    return learn(pairs, params, run=run, advance=advance)


def load(folder: Path, settings: dict[str, Any], params: Params | None = None) -> BiencoderScorer:
    """The scorer that was saved in `folder`, on `params.machine.device`. ModelError if it cannot be read."""
    from synthempathy.scorers.biencoder.model import load as read

    return read(folder, settings, params)
