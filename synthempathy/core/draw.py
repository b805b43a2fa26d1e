"""Drawing rows evenly over groups, the same rows on every machine."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import TypeVar

T = TypeVar("T")
_NOTHING = object()


def in_turns(queues: Iterable[Sequence[T]]) -> Iterator[T]:
    """The first of each queue, then the second of each, and so on; a queue that has no more is passed over.

    >>> list(in_turns(["ab", "c", "def"]))
    ['a', 'c', 'd', 'b', 'e', 'f']
    """
    for turn in zip_longest(*queues, fillvalue=_NOTHING):
        yield from (one for one in turn if one is not _NOTHING)  # type: ignore[misc]


def rank(id: str, seed: int) -> bytes:
    """A place in a draw that belongs to the id: a larger draw holds the rows of a smaller one."""
    return hashlib.sha256(f"{seed}:{id}".encode()).digest()
