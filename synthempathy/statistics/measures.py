"""Measures of a set of texts: lengths and variety of words. Each takes time linear in the words, but for a sort."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from synthempathy.text.texts import Integers, Texts, sums

#: Packed n-grams stay below it, so that they are exact whole numbers.
LARGEST = 2**63 - 1

_TEXTS_AT_ONCE = 8192

QUANTILES = {"p5": 0.05, "p25": 0.25, "median": 0.5, "p75": 0.75, "p95": 0.95}


def length_figures(lengths: Sequence[int]) -> dict[str, float]:
    """Mean, standard deviation (of these texts, not an estimate for others) and quantiles, linear between two."""
    given = np.array(lengths)
    cuts = np.quantile(given, list(QUANTILES.values())).tolist()
    return {"mean": float(given.mean()), "std": float(given.std()), **dict(zip(QUANTILES, cuts, strict=True))}


def packed(columns: Sequence[NDArray[np.integer]], kinds: int) -> Integers:
    """One whole number a row of `columns`, equal for equal rows alone. Every value is from 0 to `kinds` - 1."""
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


def distinct(texts: Texts, n: int, kinds: int) -> float:
    """Different n-grams over all n-grams, none across texts; 0 without any (Li et al., NAACL 2016).

    `kinds` is the size of the vocabulary.
    """
    at = places(texts.starts, n)
    if not len(at):
        return 0.0
    return len(different(packed([texts.flat[at + k] for k in range(n)], kinds))) / len(at)


def mattr(texts: Texts, window: int) -> NDArray[np.float64]:
    """Moving-average type-token ratio of each text (Covington and McFall 2010): the mean, over every `window` words
    in a row, of different words over words. A shorter text counts as one window; an empty one gives 0.

    A word counts in the windows in which it is the first of its kind: those that start after the same word's last
    place before, no later than the word itself, and reach it.
    """
    return np.concatenate([_mattr(part, window) for part in texts.parts(_TEXTS_AT_ONCE)])


def _mattr(texts: Texts, window: int) -> NDArray[np.float64]:
    lengths = texts.lengths
    width = np.minimum(window, lengths)
    windows = lengths - width + 1
    begin = np.repeat(texts.starts[:-1], lengths)
    here = np.arange(len(texts.flat)) - begin
    earliest = np.maximum(_same_word_before(texts.flat) - begin + 1, here - np.repeat(width, lengths) + 1)
    latest = np.minimum(here, np.repeat(windows, lengths) - 1)
    counts = np.maximum(latest - np.maximum(earliest, 0) + 1, 0)
    return np.asarray(sums(counts, texts.starts) / np.maximum(width * windows, 1))


def _same_word_before(flat: NDArray[np.int32]) -> Integers:
    """Where the same word stood last, for each word; -1 for none."""
    order = np.argsort(flat, kind="stable")
    before = np.full(len(flat), -1, dtype=np.int64)
    same = flat[order[1:]] == flat[order[:-1]]
    before[order[1:][same]] = order[:-1][same]
    return before


def binned(lengths: Sequence[int], width: int) -> dict[int, int]:
    """How many lengths fall into each bin of `width`, by the bin's lower edge, empty bins between included."""
    counts = Counter(length // width * width for length in lengths)
    return {edge: counts[edge] for edge in range(min(counts), max(counts) + 1, width)}


def run_hashes(flat: NDArray[np.int32], starts: Integers) -> Integers:
    """A 64-bit hash of each run between two `starts`, the same for the same words in the same order."""
    index = np.arange(starts[0], starts[-1]) - np.repeat(starts[:-1], np.diff(starts))
    hashes = mixed(flat[starts[0] : starts[-1]].astype(np.uint64) + (index.astype(np.uint64) << np.uint64(32)))
    return sums(hashes.view(np.int64), starts - starts[0])  # wraps around


def mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """A 64-bit hash of each number: splitmix64's mixer (Steele et al., 2014)."""
    values = values + np.uint64(0x9E3779B97F4A7C15)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(values ^ (values >> np.uint64(31)))
