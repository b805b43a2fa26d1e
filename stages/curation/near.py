"""Near duplicates: MinHash finds the candidates, the true Jaccard similarity decides.

Signatures by rensa (R-MinHash; its seed fixes them on every machine). Locality-sensitive hashing
cuts a signature into b bands of r slots: two texts of Jaccard s agree on all slots of some band,
and so are candidates, with probability 1 - (1 - s^r)^b (Leskovec, Rajaraman and Ullman, "Mining of
Massive Datasets", 3.4). Shingles are runs of words. Only kept texts are compared with.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.curation.words import Duplicate, Words

Hashes = NDArray[np.uint64]
Integers = NDArray[np.int64]
Shingles = frozenset[tuple[int, ...]]

#: At most this share of the pairs that lie just at the threshold may go unseen; of more similar ones far fewer.
MISSED_AT_THRESHOLD = 0.001

#: Standard errors by which a pair's signatures may disagree more than its Jaccard tells, before it is passed over.
DOUBT = 5.0

_TEXTS_AT_ONCE = 8192  # of signatures that are lists on their way from Rust to numpy
_CACHED_SHINGLE_SETS = 4096  # about 60 MB for stories of 100 words


def near_duplicates(
    texts: Words, *, threshold: float, permutations: int, shingle_words: int, seed: int
) -> list[Duplicate]:
    """Every text whose shingles have a Jaccard similarity of `threshold` or more with those of an earlier kept text.

    Evidence: `similarity`, the true one. The partner is the most similar kept text, the earliest of
    equals. A text shorter than a shingle has none, and is never a near duplicate. What is dropped is
    sure; few pairs near the threshold may go unseen (MISSED_AT_THRESHOLD).
    """
    chosen, signatures = _signatures_that_meet(texts, bands(threshold, permutations), shingle_words, seed)
    shingles_of = _shingle_sets(texts, shingle_words)
    slots = signatures[0].size if len(signatures) else 0
    flat = signatures.reshape(len(chosen), slots)
    enough = threshold - DOUBT * (threshold * (1 - threshold) / max(1, slots)) ** 0.5
    kept_in: defaultdict[int, list[int]] = defaultdict(list)
    found = []
    for row, buckets in enumerate(_buckets(signatures).tolist()):
        met = [bucket for bucket in buckets if bucket >= 0]
        others = np.array(sorted({other for bucket in met for other in kept_in[bucket]}), dtype=np.int64)
        others = others[(flat[others] == flat[row]).mean(axis=1) >= enough]
        index = int(chosen[row])
        similarity, partner = 0.0, -1
        for other in chosen[others].tolist():
            like = jaccard(shingles_of(index), shingles_of(other))
            if like > similarity:
                similarity, partner = like, other
        if similarity >= threshold:
            found.append(Duplicate(index, partner, {"similarity": similarity}))
        else:
            for bucket in met:
                kept_in[bucket].append(row)
    return found


def jaccard(one: Shingles, other: Shingles) -> float:
    """Shared elements over all elements; one of the two may be empty, not both."""
    shared = len(one & other)
    return shared / (len(one) + len(other) - shared)


def bands(threshold: float, permutations: int) -> tuple[int, int]:
    """Bands, and slots of a band: as many slots as miss few enough, since long bands give few false candidates.

    >>> bands(0.7, 128)  # of the pairs at 0.7, (1 - 0.7**4)**32 = 0.00015 go unseen
    (32, 4)
    """
    for slots in range(permutations, 1, -1):
        if (1 - threshold**slots) ** (permutations // slots) <= MISSED_AT_THRESHOLD:
            return permutations // slots, slots
    return permutations, 1


def _shingle_sets(texts: Words, words: int) -> Callable[[int], Shingles]:
    @lru_cache(_CACHED_SHINGLE_SETS)
    def shingles_of(text: int) -> Shingles:
        numbers = texts[text].tolist()
        return frozenset(zip(*(numbers[k:] for k in range(words)), strict=False))

    return shingles_of


def _signatures_that_meet(
    texts: Words, cut: tuple[int, int], shingle_words: int, seed: int
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


def _signatures(texts: Words, slots: int, shingle_words: int, seed: int) -> Any:
    """rensa's matrix of signatures, a row a text. Every text must have a shingle."""
    from rensa import RMinHash

    starts = texts.starts - np.arange(len(texts) + 1) * (shingle_words - 1)
    first = np.arange(starts[-1]) + np.repeat(np.arange(len(texts)) * (shingle_words - 1), np.diff(starts))
    hashes = _hashed([texts.flat[first + k] for k in range(shingle_words)])
    return RMinHash.digest_matrix_from_flat_token_hashes(hashes, starts.astype(np.uint64), slots, seed)


def _buckets(signatures: NDArray[np.uint32]) -> Integers:
    """The bucket of each text in each band: a number that those share who agree on the band, or -1 if alone."""
    texts, count, _ = signatures.shape
    buckets = np.full((texts, count), -1, dtype=np.int64)
    for band in range(count):
        _, bucket, size = np.unique(_hashed(signatures[:, band].T), return_inverse=True, return_counts=True)
        buckets[:, band] = np.where(size[bucket] > 1, bucket + band * texts, -1)
    return buckets


def _hashed(columns: Iterable[NDArray[np.uint32]]) -> Hashes:
    """One 64-bit hash a row, from any number of columns: splitmix64's mixer (Steele et al., 2014) over each in turn."""
    value: Hashes = np.zeros(1, dtype=np.uint64)
    for column in columns:
        value = value + column + np.uint64(0x9E3779B97F4A7C15)
        value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        value ^= value >> np.uint64(31)
    return value
