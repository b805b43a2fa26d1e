"""The screen: a quick look at each word of a text and the one before it, of which nearly all were met before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate, chain

import numpy as np
from numpy.typing import NDArray

from synthempathy.core.memo import MOST_KNOWN
from synthempathy.filters.base import Field
from synthempathy.filters.classifier.features import WINDOW, opening, windows

Floats = NDArray[np.float64]

#: Added to the squared length of what is read, so that one or two words alone never weigh as much as a whole sentence.
SMOOTHING = 300.0


class Screen(dict[tuple[str, str], int]):
    """The row of a table for a word and the one before it in texts of one field."""

    def __init__(self, field: Field, weigh: Callable[[tuple[str, str]], Floats], intercepts: Floats) -> None:
        """`weigh` gives a row: what the two words' features weigh for each label, and their squared length."""
        super().__init__()
        self._before, self._weigh, self._intercepts = opening(field), weigh, intercepts
        self._table = np.zeros((1024, len(intercepts) + 1))  # grows with what it knows

    def __missing__(self, two: tuple[str, str]) -> int:
        row = self[two] = len(self)
        if row == len(self._table):
            self._table = np.vstack([self._table, np.zeros_like(self._table)])
        self._table[row] = self._weigh(two)
        return row

    def margins(self, sentences: Sequence[tuple[str, ...]]) -> Floats:
        """(windows, L) how far each window of sentences is on the harmful side by these words, before the sigmoid."""
        if not sentences:
            return np.zeros((0, len(self._intercepts)))
        if len(self) > MOST_KNOWN:
            self.clear()
        pairs = (zip((self._before, *tokens), tokens, strict=False) for tokens in sentences)
        rows = np.fromiter(map(self.__getitem__, chain.from_iterable(pairs)), dtype=np.intp)
        starts = [*accumulate(map(len, sentences[:-1]), initial=0)]
        each = np.add.reduceat(self._table.take(rows, axis=0), starts, axis=0)
        count = len(windows(len(each)))
        sums = each[:count]
        for first in range(1, min(WINDOW, len(each))):
            sums = sums + each[first : first + count]
        margins: Floats = sums[:, :-1] / np.sqrt(sums[:, -1:] + SMOOTHING) + self._intercepts
        return margins
