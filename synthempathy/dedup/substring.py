"""Repeated passages: ExactSubstr for short texts.

Lee et al., "Deduplicating Training Data Makes Language Models Better", ACL 2022: in a suffix array
over all texts, neighbours that share at least L symbols are repeats. Here a symbol is a word, a
repeat never crosses a text's edge, the first text by order is kept, and a later one is dropped
only because of a text that is itself kept.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthempathy.dedup.exact import Duplicate
from synthempathy.text.numbered import Integers, NumberedTexts

Booleans = NDArray[np.bool_]

_FAR = 2**32  # more than any number of words: libdivsufsort counts in int32


def repeated_substrings(texts: NumberedTexts, min_words: int) -> list[Duplicate]:
    """Every text that shares `min_words` or more words in a row with an earlier kept text.

    Evidence: `length`, the words of the longest such repeat; `span`, the word of this text's normal
    form where it starts and the one after its end. Of equally long ones, that with the earliest
    partner counts, then the first in the text.
    """
    candidates = np.flatnonzero(texts.lengths >= min_words)
    if len(candidates) < 2:
        return []
    places = repeated_places(texts.take(candidates), min_words)
    found = _longest(places, _owners(places))
    return [
        Duplicate(
            int(candidates[text]), int(candidates[partner]),
            {"span": [offset, offset + length], "length": length},
        )
        for text, partner, offset, length in found.tolist()
    ]


@dataclass(frozen=True)
class Places:
    """Where the repeated passages start, in the order of the suffix array.

    A passage is a run of min_words words that stands in at least two places; its places follow one
    another. All arrays are of one length.
    """

    passage: Integers  # its number: 0, 0, 1, 1, 1, 2, 2, ...
    text: Integers
    offset: Integers  # in words from the text's start
    left: Integers  # words up to the next break (see _symbols)
    shared: Integers  # symbols in common with the place before it, if of the same passage

    @property
    def opens(self) -> Booleans:
        """Whether the place is the first of its passage."""
        return np.diff(self.passage, prepend=-1) > 0


def repeated_places(texts: NumberedTexts, min_words: int) -> Places:
    from pydivsufsort import divsufsort, kasai

    symbols = _symbols(texts)
    suffixes = divsufsort(symbols)
    shared = kasai(symbols, suffixes)  # shared[i]: symbols in common of suffixes i and i + 1
    breaks = np.flatnonzero(symbols == 0)
    left = (np.repeat(breaks, np.diff(breaks, prepend=-1)) - np.arange(len(symbols))).astype(np.int32)

    joined = shared >= min_words  # suffixes i and i + 1 are of one passage ...
    ranks = np.flatnonzero(joined)
    joined[ranks[left[suffixes[ranks]] < min_words]] = False  # ... if no break is in it
    member = joined.copy()
    member[1:] |= joined[:-1]
    ranks = np.flatnonzero(member)
    starts = suffixes[ranks].astype(np.int64)
    text = np.repeat(np.arange(len(texts)), texts.lengths + 1)[starts]
    return Places(
        passage=np.cumsum(~joined[ranks - 1]) - 1,
        text=text,
        offset=starts - texts.starts[text] - text,  # each text before it added a break
        left=left[starts].astype(np.int64),
        shared=shared[ranks - 1].astype(np.int64),
    )


def _symbols(texts: NumberedTexts) -> NDArray[np.unsignedinteger]:
    """All texts in a row, 0 after each; a word that stands nowhere else is a 0 too.

    Both are breaks: no repeat holds one. One number serves for all of them, since a run that
    crosses a break is left out by its place (`left`), not by its symbols. Few distinct symbols let
    pydivsufsort sort two bytes per word instead of four, which takes half the time.
    """
    repeated = np.bincount(texts.flat) > 1
    number = np.where(repeated, np.cumsum(repeated), 0)
    number = number.astype(np.min_scalar_type(int(number.max())))
    symbols = np.zeros(len(texts.flat) + len(texts), dtype=number.dtype)
    symbols[np.arange(len(texts.flat)) + np.repeat(np.arange(len(texts)), texts.lengths)] = number[texts.flat]
    return symbols


def _owners(places: Places) -> Integers:
    """For each passage the kept text that holds it, or -1. Decides, in the texts' order, which are kept."""
    owner = np.full(int(places.opens.sum()), -1, dtype=np.int64)
    order = np.argsort(places.text, kind="stable")
    texts, begins = np.unique(places.text[order], return_index=True)
    for text, passages in zip(texts.tolist(), np.split(places.passage[order], begins[1:]), strict=False):
        if (owner[passages] < 0).all():
            owner[passages] = text
    return owner


def _longest(places: Places, owner: Integers) -> Integers:
    """The longest repeat of each dropped text: rows of text, partner, offset, length."""
    partner = owner[places.passage]
    owned = partner == places.text
    closes = np.diff(places.passage, append=-1) != 0
    after = np.roll(places.shared, -1)  # symbols in common with the next place
    # In a suffix array the nearest place of the owner, on either side, is the one that shares most.
    before = _least_since(owned, places.opens, places.shared)
    behind = _least_since(owned[::-1], closes[::-1], after[::-1])[::-1]
    length = np.minimum(np.maximum(before, behind), places.left)
    # An owner that comes later is no reason: this text was dropped for another passage before.
    length[(partner < 0) | (partner >= places.text)] = 0
    longest = np.zeros(places.text.max(initial=-1) + 1, dtype=np.int64)
    np.maximum.at(longest, places.text, length)
    (best,) = np.nonzero((length > 0) & (length == longest[places.text]))
    rows = np.stack([places.text[best], partner[best], places.offset[best], length[best]], axis=1)
    rows = rows[np.lexsort((rows[:, 2], rows[:, 1], rows[:, 0]))]
    return rows[np.unique(rows[:, 0], return_index=True)[1]]


def _least_since(owned: Booleans, opens: Booleans, shared: Integers) -> Integers:
    """Symbols that each place shares with the last owned place before it in its passage; 0 without one.

    The least of the neighbours' `shared` on the way. One running minimum does all stretches at
    once, because each stretch is lowered by _FAR below the one before it.
    """
    values = np.where(owned, _FAR, np.where(opens, 0, shared))
    lowered = np.cumsum(owned | opens) * _FAR
    least: Integers = np.minimum.accumulate(values - lowered) + lowered
    return least
