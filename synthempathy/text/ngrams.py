"""Runs of numbered words (see `numbered`) as single numbers. Each function takes time linear in the words, but for a sort."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from synthempathy.text.numbered import Integers, sums

#: Packed n-grams stay below it, so that they are exact whole numbers.
LARGEST = 2**63 - 1


def packed(columns: Sequence[NDArray[np.integer]], kinds: int) -> Integers:
    """One whole number per row of `columns`, equal for equal rows alone. Every value is from 0 to `kinds` - 1."""
    keys, size = columns[0].astype(np.int64), kinds
    for column in columns[1:]:
        if size * kinds > LARGEST:
            different, keys = np.unique(keys, return_inverse=True)
            size = len(different)
        keys = keys * kinds + column
        size *= kinds
    return np.asarray(keys)


def places(starts: Integers, n: int) -> Integers:
    """Where a run of `n` begins that stays between two `starts`."""
    lengths = np.diff(starts)
    ends = np.repeat(starts[1:], lengths)
    found: Integers = np.flatnonzero(np.arange(starts[0], starts[-1]) + n <= ends) + starts[0]
    return found


def different(keys: Integers) -> Integers:
    """Each of the numbers once, in order. np.unique does the same, but hashes, much more slowly where most differ."""
    keys = np.sort(keys)
    found: Integers = keys[np.append(True, keys[1:] != keys[:-1])[: len(keys)]]
    return found


def run_hashes(flat: NDArray[np.integer], starts: Integers) -> Integers:
    """A 64-bit hash of each run between two `starts`, the same for the same words in the same order."""
    index = np.arange(starts[0], starts[-1]) - np.repeat(starts[:-1], np.diff(starts))
    hashes = mixed(flat[starts[0] : starts[-1]].astype(np.uint64) + (index.astype(np.uint64) << np.uint64(32)))
    return sums(hashes.view(np.int64), starts - starts[0])  # wraps around


def mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """A 64-bit hash of each number: splitmix64's mixer (Steele et al., 2014)."""
    hashes = values + np.uint64(0x9E3779B97F4A7C15)  # a new array; the rest is done in place
    hashes ^= hashes >> np.uint64(30)
    hashes *= np.uint64(0xBF58476D1CE4E5B9)
    hashes ^= hashes >> np.uint64(27)
    hashes *= np.uint64(0x94D049BB133111EB)
    hashes ^= hashes >> np.uint64(31)
    return hashes
