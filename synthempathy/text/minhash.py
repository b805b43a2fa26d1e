"""Near duplicates: MinHash finds the candidates, the true Jaccard similarity decides.

Signatures by rensa (R-MinHash; its seed fixes them on every machine). Locality-sensitive hashing
cuts a signature into b bands of r slots: two texts of Jaccard s agree on all slots of some band,
and so are candidates, with probability 1 - (1 - s^r)^b (Leskovec, Rajaraman and Ullman, "Mining of
Massive Datasets", 3.4). Shingles are runs of words; a shorter text is one shingle. Only kept texts
are compared with, and of the many in a full bucket only the first, so time grows linearly.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthempathy.text.ngrams import mixed
from synthempathy.text.numbered import Integers, NumberedTexts, unopened

Hashes = NDArray[np.uint64]

#: At most this share of the pairs that lie just at the threshold may go unseen; of more similar ones far fewer.
MISSED_AT_THRESHOLD = 0.001

#: Kept texts of a bucket that a text is compared with, the first ones. A bucket that holds more is of a template
#: that many texts share; two texts alike beyond the template also meet in buckets of their own.
MAX_BUCKET = 128

_MOST = 2**63  # numbers are int64
_TEXTS_AT_ONCE = 8192  # of signatures that are lists on their way from Rust to numpy
_SHINGLES_AT_ONCE = 2**18  # few enough for the processor's cache


def near_duplicates(
    texts: NumberedTexts, *, threshold: float, permutations: int, shingle_words: int, seed: int
) -> list[tuple[int, int, float]]:
    """Every text whose shingles have a Jaccard similarity of `threshold` or more with those of an earlier kept text.

    Rows of text, partner, true similarity. The partner is the most similar kept text met, the earliest of
    equals. A text without words is never a near duplicate. What is dropped is sure; few pairs near the
    threshold may go unseen (MISSED_AT_THRESHOLD), and more of them where a bucket is full (MAX_BUCKET).
    """
    texts = _filled(texts, shingle_words)
    chosen, signatures = _signatures_that_meet(texts, bands(threshold, permutations), shingle_words, seed)
    shingles = _ShingleSets(texts.take(chosen), shingle_words)
    kept_in: defaultdict[int, list[int]] = defaultdict(list)
    found = []
    for row, buckets in enumerate(_buckets(signatures).tolist()):
        met = [bucket for bucket in buckets if bucket >= 0]
        others = np.array(sorted({other for bucket in met for other in kept_in[bucket]}), dtype=np.int64)
        likes = shingles.similarities(row, others)
        best = int(likes.argmax()) if len(others) else -1
        if len(others) and likes[best] >= threshold:
            found.append((int(chosen[row]), int(chosen[others[best]]), float(likes[best])))
        else:
            for bucket in met:
                if len(kept_in[bucket]) < MAX_BUCKET:
                    kept_in[bucket].append(row)
    return found


def bands(threshold: float, permutations: int) -> tuple[int, int]:
    """Bands, and slots of a band: as many slots as miss few enough, since long bands give few false candidates.

    >>> bands(0.7, 128)  # of the pairs at 0.7, (1 - 0.7**4)**32 = 0.00015 go unseen
    (32, 4)
    """
    for slots in range(permutations, 1, -1):
        if (1 - threshold**slots) ** (permutations // slots) <= MISSED_AT_THRESHOLD:
            return permutations // slots, slots
    return permutations, 1


def _filled(texts: NumberedTexts, words: int) -> NumberedTexts:
    """The texts, those shorter than a shingle filled up to one with a word that stands in no text."""
    filler = np.uint32(int(texts.flat.max(initial=0)) + 1)
    short = (texts.lengths > 0) & (texts.lengths < words)
    missing = np.where(short, words - texts.lengths, 0)
    flat = np.insert(texts.flat, np.repeat(texts.starts[1:], missing), filler)
    return unopened(flat, np.concatenate([[0], np.cumsum(texts.lengths + missing)]))


class _ShingleSets:
    """Each text's set of shingles, as numbers: equal for equal shingles, with no hash between. Every text has one."""

    def __init__(self, texts: NumberedTexts, words: int) -> None:
        starts, first = _shingles(texts, words)
        numbers = texts.flat[first].astype(np.int64)
        vocabulary, bound = int(texts.flat.max(initial=0)) + 1, int(texts.flat.max(initial=0)) + 1
        for k in range(1, words):  # a shorter shingle's number and the next word make the longer one's
            if bound * vocabulary >= _MOST:
                numbers = np.unique(numbers, return_inverse=True)[1]
                bound = len(numbers)
            numbers, bound = numbers * vocabulary + texts.flat[first + k], bound * vocabulary
        numbers = np.unique(numbers, return_inverse=True)[1]
        of_text = np.repeat(np.arange(len(texts)), np.diff(starts))
        total = int(numbers.max(initial=0)) + 1
        once = np.sort(of_text * total + numbers)  # np.unique's hash table is ten times slower here
        once = once[np.diff(once, prepend=-1) > 0]
        self._flat = (once % total).astype(np.int32)
        self._starts = np.searchsorted(once, np.arange(len(texts) + 1) * total)
        self._marked = np.zeros(total, dtype=bool)

    def similarities(self, text: int, others: Integers) -> NDArray[np.float64]:
        """Jaccard similarity of one text with each of `others`: shared shingles over all."""
        if not len(others):
            return np.zeros(0)
        own = self._flat[self._starts[text] : self._starts[text + 1]]
        sizes = self._starts[others + 1] - self._starts[others]
        begins = np.cumsum(sizes) - sizes
        places = np.arange(int(sizes.sum())) + np.repeat(self._starts[others] - begins, sizes)
        self._marked[own] = True
        shared = np.add.reduceat(self._marked[self._flat[places]], begins, dtype=np.int64)
        self._marked[own] = False
        like: NDArray[np.float64] = shared / (len(own) + sizes - shared)
        return like


def _shingles(texts: NumberedTexts, words: int) -> tuple[Integers, Integers]:
    """The shingles of all texts in a row: where each text's begin (and the end), and the first word of each shingle.

    No text may be shorter than a shingle.
    """
    starts = _shingle_starts(texts, words)
    first = np.arange(starts[-1]) + np.repeat(np.arange(len(texts)) * (words - 1), np.diff(starts))
    return starts, first


def _shingle_starts(texts: NumberedTexts, words: int) -> Integers:
    """Where the shingles of each text begin among those of all texts in a row, and the end."""
    return texts.starts - np.arange(len(texts) + 1) * (words - 1)


def _signatures_that_meet(
    texts: NumberedTexts, cut: tuple[int, int], shingle_words: int, seed: int
) -> tuple[Integers, NDArray[np.uint32]]:
    """The texts that agree with another one on a band, in order, and their signatures: texts x bands x slots.

    Most texts meet no other. rensa finds those that do, so that only they must come over into Python.
    """
    from rensa import RMinHashLSH

    count, slots = cut
    chosen = np.flatnonzero(texts.lengths >= shingle_words)
    matrix = _signatures(texts.take(chosen), count * slots, shingle_words, seed)
    meets = RMinHashLSH(0.0, count * slots, count).query_duplicate_flags_matrix_one_shot(matrix)
    chosen = chosen[np.array(meets, dtype=bool)]
    signatures = np.empty((len(chosen), count * slots), dtype=np.uint32)
    for start in range(0, len(chosen), _TEXTS_AT_ONCE):
        part = texts.take(chosen[start : start + _TEXTS_AT_ONCE])
        signatures[start : start + len(part)] = _signatures(part, count * slots, shingle_words, seed).to_rows()
    return chosen, signatures.reshape(len(chosen), count, slots)


def _signatures(texts: NumberedTexts, slots: int, shingle_words: int, seed: int) -> Any:
    """rensa's matrix of signatures, one row per text. Every text must have a shingle."""
    from rensa import RMinHash

    hashes, starts = _shingle_hashes(texts, shingle_words), _shingle_starts(texts, shingle_words)
    return RMinHash.digest_matrix_from_flat_token_hashes(hashes, starts.astype(np.uint64), slots, seed)


def _shingle_hashes(texts: NumberedTexts, words: int) -> Hashes:
    """One 64-bit hash per shingle, in the texts' order: the sum of its words' hashes, which differ by their place in it."""
    numbers = np.arange(int(texts.flat.max(initial=0)) + 1, dtype=np.uint32)
    tables = [_hashed([numbers, np.full_like(numbers, place)]) for place in range(words)]
    hashes = np.zeros(max(0, len(texts.flat) - words + 1), dtype=np.uint64)
    for start in range(0, len(hashes), _SHINGLES_AT_ONCE):
        some = hashes[start : start + _SHINGLES_AT_ONCE]  # a view
        for place, table in enumerate(tables):
            some += table[texts.flat[start + place : start + place + len(some)]]
    inside = np.ones(len(hashes), dtype=bool)
    for place in range(1, words):
        inside[texts.starts[1:-1] - place] = False  # would begin in one text and end in the next
    return hashes[inside]


def _buckets(signatures: NDArray[np.uint32]) -> Integers:
    """The bucket of each text in each band: a number that those share who agree on the band, or -1 if alone."""
    texts, count, _ = signatures.shape
    buckets = np.full((texts, count), -1, dtype=np.int64)
    for band in range(count):
        _, bucket, size = np.unique(_hashed(signatures[:, band].T), return_inverse=True, return_counts=True)
        buckets[:, band] = np.where(size[bucket] > 1, bucket + band * texts, -1)
    return buckets


def _hashed(columns: Iterable[NDArray[np.uint32]]) -> Hashes:
    """One 64-bit hash per row, from any number of columns, each mixed in in turn."""
    value: Hashes = np.zeros(1, dtype=np.uint64)
    for column in columns:
        value = mixed(value + column)
    return value
