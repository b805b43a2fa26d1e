"""Near neighbours: the rows that share most of their rare words, by cosine similarity of TF-IDF.

Up to EXACT rows each is compared with all. Of more, rows are compared within buckets: signs of random projections put rows
of a small angle into one bucket (Charikar, STOC 2002), and several tables of buckets find most of the nearest. So time grows
with the rows, not with their square.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from array import array

EXACT = 2048
TABLES = 8
BUCKET = 192  # rows, at most
MOST = 5
LEAST = 0.1  # a similarity below says nothing
COMMON = 0.2  # words of more than this share of the rows are left out
_SEED = 16

Integers = NDArray[np.int64]


def neighbours(postings: Mapping[str, array[int]], count: int) -> tuple[Integers, NDArray[np.float64]]:
    """The MOST nearest rows of each of `count` rows and their similarities, (count, MOST) each; -1 where there are fewer."""
    best, likes = np.full((count, MOST), -1, dtype=np.int64), np.zeros((count, MOST))
    weights = _weights(postings, count)
    if weights.shape[1] == 0:
        return best, likes
    for bucket in _buckets(weights, count):
        rows = weights[bucket]
        found = np.asarray((rows @ rows.T).todense())
        np.fill_diagonal(found, 0)
        for known in best[bucket].T:  # met in an earlier table
            place = np.minimum(np.searchsorted(bucket, known), len(bucket) - 1)
            met = np.flatnonzero(bucket[place] == known)
            found[met, place[met]] = 0
        top = np.argsort(-found, axis=1, kind="stable")[:, :MOST]
        all_likes = np.concatenate([likes[bucket], np.take_along_axis(found, top, axis=1)], axis=1)
        all_rows = np.concatenate([best[bucket], bucket[top]], axis=1)
        order = np.lexsort((all_rows, -all_likes), axis=1)[:, :MOST]
        best[bucket, : order.shape[1]] = np.take_along_axis(all_rows, order, axis=1)
        likes[bucket, : order.shape[1]] = np.take_along_axis(all_likes, order, axis=1)
    best[likes < LEAST] = -1
    return best, likes


def _weights(postings: Mapping[str, array[int]], count: int) -> Any:
    """A sparse matrix, rows x words, each row of length 1; a word counts by its rarity, once a row."""
    from scipy.sparse import csr_matrix

    most = max(2.0, COMMON * count)
    held = [np.frombuffer(postings[word], dtype=np.uint32) for word in sorted(postings)]
    held = [rows for rows in held if 2 <= len(rows) <= most]
    if not held:
        return csr_matrix((count, 0))
    sizes = np.array([len(rows) for rows in held])
    row, word = np.concatenate(held).astype(np.int64), np.repeat(np.arange(len(held)), sizes)
    rarity = np.log(count / sizes)
    length = np.sqrt(np.bincount(row, weights=rarity[word] ** 2, minlength=count))
    return csr_matrix(((rarity[word] / np.maximum(length[row], 1e-9)), (row, word)), shape=(count, len(held)))


def _buckets(weights: Any, count: int) -> Iterator[Integers]:
    """Rising row numbers that are compared with one another."""
    if count <= EXACT:
        yield np.arange(count)
        return
    bits = int(np.ceil(np.log2(count / BUCKET)))
    generator = np.random.default_rng(_SEED)
    for _ in range(TABLES):
        directions = generator.standard_normal((weights.shape[1], bits + 1)).astype(np.float32)
        cast = weights @ directions
        key = (cast[:, :bits] > 0) @ (1 << np.arange(bits))
        order = np.lexsort((cast[:, bits], key))
        ends = np.flatnonzero(np.diff(key[order], append=-1)) + 1
        for start, end in zip([0, *ends[:-1]], ends, strict=True):
            for first in range(int(start), int(end), BUCKET):  # a full bucket is cut along one more direction
                part = order[first : min(first + BUCKET, int(end))]
                if len(part) > 1:
                    yield np.sort(part)
