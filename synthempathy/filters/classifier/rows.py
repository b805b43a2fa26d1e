"""Labelled texts as rows of features, made once for all that is trained on them: no fold reads a text again.

A text that must pass is learned from in windows of three sentences, as the classifier will read it, each a row of its own. A
harmful text is one row, because nobody marked the sentence that makes it so. All texts are judged by their windows.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthempathy.filters.base import Field
from synthempathy.filters.classifier.features import features, local_features, opening, sentences, windows
from synthempathy.filters.classifier.model import SMOOTHING, Floats
from synthempathy.filters.classifier.reader import Reader
from synthempathy.filters.examples import Example

LEAST_TIMES = 2  # a feature that fewer sentences hold teaches nothing

Matrix = Any  # scipy's stubs do not say what a csr_array holds
Integers = NDArray[np.intp]


@dataclass(frozen=True)
class Rows:
    """All that is learned from and judged. F features, S sentences, R rows: the windows of all texts, then harmful texts whole.

    Attributes:
        names, rarity: (F,) of the features; which there are, and how rare each is, looks at no label.
        sentences, read: (S, F) and (R, F), scaled as the classifier reads them.
        local: (R, F) as the screen reads them: zero but for features of a word and the one before it.
        parts: (windows, S) which sentences a window holds.
        text: (R,) the text of each row.
        learned: (R,) whether a row is learned from.
        texts: how many texts there are.
    """

    names: list[str]
    rarity: Floats
    sentences: Matrix
    read: Matrix
    local: Matrix
    parts: Matrix
    text: Integers
    learned: NDArray[np.bool_]
    texts: int

    def margins(self, weights: Floats, intercept: float) -> Floats:
        """(texts,) the margin of each text's most harmful window, half by its sentences together, half by the worst of them."""
        alone = self.sentences @ weights + intercept
        worst = np.maximum.reduceat(alone[self.parts.indices], self.parts.indptr[:-1])
        return self._by_text((self.read[: self.parts.shape[0]] @ weights + intercept + worst) / 2)

    def screened(self, weights: Floats, intercept: float) -> Floats:
        """(texts,) what the screen makes of each text's most suspicious window."""
        return self._by_text(self.local[: self.parts.shape[0]] @ weights + intercept)

    def _by_text(self, of_windows: Floats) -> Floats:
        most = np.full(self.texts, -np.inf)
        np.maximum.at(most, self.text[: len(of_windows)], of_windows)
        return most


def rows_of(examples: Sequence[Example], reader: Reader) -> Rows:
    """The rows of `examples`. A text without a word has none."""
    numbers: dict[str, int] = {}
    seen, near = _Table(numbers), _Table(numbers)
    first = [0]

    @cache
    def known(before: str, token: str, field: Field) -> list[str]:
        return local_features(before, token, field, reader.concepts)

    for example in examples:
        parts = sentences(reader.read(example.text))
        start = opening(example.field)
        for part in parts:
            seen.add(features(part.tokens, example.field, reader.concepts))
            near.add(name for pair in zip((start, *part.tokens), part.tokens, strict=False) for name in known(*pair, example.field))
        first.append(first[-1] + len(parts))
    sentence_rows, near_rows = seen.matrix(), near.matrix()
    kept = np.flatnonzero(np.asarray(sentence_rows.sum(axis=0)).ravel() >= LEAST_TIMES)
    names = list(numbers)
    sentence_rows, near_rows = sentence_rows[:, kept], near_rows[:, kept]
    places, text, learned, windows_ = _places(examples, first)
    gathered = _gathering(places, first[-1])
    read = gathered @ sentence_rows
    read.data[:] = 1.0
    rarity: Floats = np.log((1 + learned.sum()) / (1 + np.asarray(read[learned].sum(axis=0)).ravel())) + 1
    return Rows(
        [names[k] for k in kept], rarity, _scaled(sentence_rows, rarity), _scaled(read, rarity),
        _scaled(gathered @ near_rows, rarity, counted=True), gathered[:windows_], text, learned, len(examples),
    )


class _Table:
    """Rows of counted names, as they come."""

    def __init__(self, numbers: dict[str, int]) -> None:
        self._numbers, self._columns, self._ends = numbers, array("i"), array("q", [0])

    def add(self, names: Iterable[str]) -> None:
        numbers = self._numbers
        self._columns.extend([numbers.setdefault(name, len(numbers)) for name in names])
        self._ends.append(len(self._columns))

    def matrix(self) -> Matrix:
        from scipy.sparse import csr_array

        columns, ends = np.array(self._columns, dtype=np.int32), np.array(self._ends, dtype=np.int32)
        made = csr_array((np.ones(len(columns)), columns, ends), shape=(len(ends) - 1, len(self._numbers)))
        made.sum_duplicates()
        return made


def _places(examples: Sequence[Example], first: Sequence[int]) -> tuple[list[range], Integers, NDArray[np.bool_], int]:
    """The sentences of each row, the row's text, whether it is learned from, and how many rows are windows."""
    places: list[range] = []
    text: list[int] = []
    learned: list[bool] = []
    whole: list[int] = []
    for number, (example, start, end) in enumerate(zip(examples, first, first[1:], strict=False)):
        every = [range(start, end)[part] for part in windows(end - start)]
        places += every
        text += [number] * len(every)
        learned += [not example.reason or len(every) == 1] * len(every)
        if example.reason and len(every) > 1:
            whole.append(number)
    count = len(places)
    places += [range(first[number], first[number + 1]) for number in whole]
    return places, np.array(text + whole, dtype=np.intp), np.array(learned + [True] * len(whole), dtype=np.bool_), count


def _gathering(places: Sequence[range], count: int) -> Matrix:
    """(rows, sentences) 1 where a row holds a sentence."""
    from scipy.sparse import csr_array

    columns = np.array([k for place in places for k in place], dtype=np.int32)
    ends = np.append(0, np.cumsum([len(place) for place in places])).astype(np.int32)
    return csr_array((np.ones(len(columns)), columns, ends), shape=(len(places), count))


def _scaled(counts: Matrix, rarity: Floats, *, counted: bool = False) -> Matrix:
    """Counts by rarity, each row by its length. The length is that of the features as often as they are `counted`."""
    from scipy.sparse import diags_array

    lengths = np.sqrt((counts if counted else counts != 0) @ rarity**2 + SMOOTHING)
    return (diags_array(1 / lengths) @ counts @ diags_array(rarity)).tocsr().astype(np.float32)
