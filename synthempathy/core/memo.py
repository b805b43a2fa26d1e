"""A dict that makes what it lacks: looked up by `map`, it remembers at a fraction of a function call's time."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar

A = TypeVar("A", bound=Hashable)
B = TypeVar("B")

MOST_KNOWN = 300_000  # so that a long run's memory does not grow without end


class Memo(dict[A, B]):
    """`make` by its argument, which makes the same of the same."""

    def __init__(self, make: Callable[[A], B], most: int = MOST_KNOWN) -> None:
        """All is forgotten where more than `most` are known."""
        super().__init__()
        self._make, self._most = make, most

    def __missing__(self, key: A) -> B:
        made = self._make(key)
        if len(self) >= self._most:
            self.clear()
        self[key] = made
        return made
