"""Which level is named, given probabilities: offsets that make the mean of the levels' F1 (macro-F1) large.

The likeliest level is right most often, and so names rare levels too seldom for a measure in which all levels count alike.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from synthempathy.scorers.mechanisms import LEVELS

Floats = NDArray[np.float64]

#: Offsets that are tried for levels 1 and 2; level 0 has none.
TRIED = np.round(np.arange(-1.0, 1.51, 0.1), 1)
#: A trial is judged with its neighbours, this many steps each way: a lone peak is chance.
NEIGHBOURS = 2
#: Of all trials within this much macro-F1 of the best, the smallest offsets are taken: what is flat says nothing.
AS_GOOD = 0.005
_SMALLEST = 1e-6  # probabilities are kept this far from 0 before their logarithm is taken


def named(probabilities: Floats, offsets: Floats) -> NDArray[np.intp]:
    """The level of each row whose log-probability plus offset is largest."""
    levels: NDArray[np.intp] = (np.log(np.clip(probabilities, _SMALLEST, 1.0)) + offsets).argmax(axis=1)
    return levels


def best_offsets(labels: NDArray[np.intp], probabilities: Floats, shares: Sequence[float] | None) -> Floats:
    """(3,) offsets for `named`: those of the largest macro-F1 on these pairs, which the probabilities must not have seen.

    With `shares`, levels are taken to be as frequent as these say where the scorer will be used: probabilities are
    corrected by Bayes' rule (Saerens et al., 2002), and the pairs weighed alike.
    """
    from scipy.ndimage import uniform_filter

    here = np.bincount(labels, minlength=len(LEVELS)) / len(labels)
    there = np.asarray(shares) if shares else here
    shift = np.log(there / here)
    shift -= shift[0]
    weights = (there / here)[labels]
    logs = np.log(np.clip(probabilities, _SMALLEST, 1.0)) + shift
    figures = np.array([
        [_macro_f1(labels, (logs + np.array([0, weak, strong])).argmax(axis=1), weights) for strong in TRIED] for weak in TRIED
    ])
    smooth = uniform_filter(figures, 2 * NEIGHBOURS + 1, mode="nearest")
    good = smooth >= smooth.max() - AS_GOOD
    size = np.where(good, np.abs(TRIED)[:, None] + np.abs(TRIED)[None, :], np.inf)
    weak, strong = np.unravel_index(np.round(size, 9).argmin(), size.shape)
    offsets: Floats = shift + np.array([0.0, TRIED[weak], TRIED[strong]])
    return offsets


def _macro_f1(labels: NDArray[np.intp], guessed: NDArray[np.intp], weights: Floats) -> float:
    right = np.bincount(labels[labels == guessed], weights[labels == guessed], len(LEVELS))
    both = np.bincount(labels, weights, len(LEVELS)) + np.bincount(guessed, weights, len(LEVELS))
    return float(np.mean(2 * right / np.maximum(both, 1e-12)))
