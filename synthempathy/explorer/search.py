"""Full-text search without a server: an inverted index, cut into shards of neighbouring words.

A word is a run of letters and digits, in lower case, cut at WORD_CHARACTERS; web/search.js reads a query in the same way. The
rows of a word are a bitmap where the word stands in many, else the distances between them, in bytes of seven bits each with
the high bit where more follow (LEB128). Shards hold sorted words, so that the words of a beginning stand in a row.
"""

from __future__ import annotations

import base64
import re
from array import array
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from synthempathy.explorer.scripts import write_call

WORD_CHARACTERS = 24
SHARD_BYTES = 100_000  # of a shard's encoded rows, about: one query loads a shard for each of its words
Postings = dict[str, "array[int]"]

_WORD = re.compile(r"[^\W_]+")


def words_of(text: str) -> set[str]:
    """The different words of a text."""
    return {word[:WORD_CHARACTERS] for word in _WORD.findall(text.lower())}


def postings_of(texts: Iterable[str]) -> Postings:
    """The numbers of the texts that hold each word, rising."""
    found: Postings = {}
    for number, text in enumerate(texts):
        for word in words_of(text):
            rows = found.get(word)
            if rows is None:
                rows = found[word] = array("I")
            rows.append(number)
    return found


def encoded(rows: NDArray[np.int64], count: int) -> str:
    """The rising `rows` of `count`: "b" and a bitmap, or "v" and distances, in base64, whichever is shorter."""
    steps = np.diff(rows, prepend=-1) - 1
    sizes = np.ones(len(steps), dtype=np.int64)
    for shift in (7, 14, 21):
        sizes += steps >= 1 << shift
    if int(sizes.sum()) * 8 > count:
        bits = np.zeros(count, dtype=np.uint8)
        bits[rows] = 1
        return "b" + base64.b64encode(np.packbits(bits, bitorder="little").tobytes()).decode("ascii")
    starts = np.cumsum(sizes) - sizes
    out = np.zeros(int(sizes.sum()), dtype=np.uint8)
    for byte in range(int(sizes.max(initial=0))):
        among = sizes > byte
        more = (sizes[among] > byte + 1).astype(np.int64) << 7
        out[starts[among] + byte] = (steps[among] >> (7 * byte)) & 127 | more
    return "v" + base64.b64encode(out.tobytes()).decode("ascii")


def write_index(folder: Path, table: str, postings: Mapping[str, array[int]], count: int) -> list[str]:
    """Write the shards, index-0.js and on, of a table of `count` rows; give the first word of each."""
    firsts: list[str] = []
    words: list[str] = []
    rows: list[str] = []
    size = 0

    def close() -> None:
        nonlocal words, rows, size
        if words:
            write_call(folder / f"index-{len(firsts)}.js", "shard", table, len(firsts), words, rows)
            firsts.append(words[0])
        words, rows, size = [], [], 0

    for word in sorted(postings, key=lambda one: one.encode("utf-16-be")):  # as JavaScript compares
        words.append(word)
        rows.append(encoded(np.frombuffer(postings[word], dtype=np.uint32).astype(np.int64), count))
        size += len(rows[-1]) + len(word)
        if size > SHARD_BYTES:
            close()
    close()
    return firsts
