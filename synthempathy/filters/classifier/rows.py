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
from synthempathy.filters.classifier.features import (
    REACH,
    classes_at,
    local_features,
    opening,
    phrase_features,
    sentences,
    windows,
)
from synthempathy.filters.classifier.reader import Reader
from synthempathy.filters.classifier.screen import SMOOTHING, Floats
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
    seen, near, spots = _Table(), _Table(), _Spots(numbers)
    first = [0]

    @cache
    def local(before: str, token: str, field: Field) -> list[int]:
        return [numbers.setdefault(name, len(numbers)) for name in local_features(before, token, field, reader.concepts)]

    for example in examples:
        parts = sentences(reader.read(example.text))
        start = opening(example.field)
        for part in parts:
            columns = [k for pair in zip((start, *part.tokens), part.tokens, strict=False) for k in local(*pair, example.field)]
            near.add(columns)
            classes = classes_at(part.tokens, reader.concepts)
            spots.add(classes)
            hung = phrase_features(part.tokens, classes, example.field, reader.concepts)
            seen.add([*columns, *(numbers.setdefault(name, len(numbers)) for _, name in hung)])
        first.append(first[-1] + len(parts))
    pairs = spots.matrix()
    sentence_rows, near_rows = seen.matrix(len(numbers)) + pairs, near.matrix(len(numbers))
    sentence_rows.data[:] = 1.0
    kept = np.flatnonzero(np.bincount(sentence_rows.indices, minlength=len(numbers)) >= LEAST_TIMES)
    names = list(numbers)
    sentence_rows, near_rows = sentence_rows[:, kept], near_rows[:, kept]
    places, text, learned, windows_ = _places(examples, first)
    gathered = _gathering(places, first[-1])
    read = gathered @ sentence_rows
    read.data[:] = 1.0
    held = np.bincount(read[learned].indices, minlength=len(kept))
    rarity: Floats = np.log((1 + learned.sum()) / (1 + held)) + 1
    return Rows(
        [names[k] for k in kept], rarity, _scaled(sentence_rows, rarity), _scaled(read, rarity),
        _scaled(gathered @ near_rows, rarity), gathered[:windows_], text, learned, len(examples),
    )


class _Table:
    """Rows of columns, as they come."""

    def __init__(self) -> None:
        self._columns, self._ends = array("i"), array("q", [0])

    def add(self, columns: Iterable[int]) -> None:
        self._columns.extend(columns)
        self._ends.append(len(self._columns))

    def matrix(self, width: int) -> Matrix:
        """How often each row has each column."""
        from scipy.sparse import csr_array

        columns, ends = np.array(self._columns, dtype=np.int32), np.array(self._ends, dtype=np.int32)
        made = csr_array((np.ones(len(columns), dtype=np.float32), columns, ends), shape=(len(ends) - 1, width))
        made.sum_duplicates()
        return made


class _Spots:
    """Where the classes of all sentences stand, and so which pairs of classes each holds: all pairs at once, not one by one."""

    def __init__(self, numbers: dict[str, int]) -> None:
        self._numbers, self._sentences = numbers, 0
        self._classes: dict[str, int] = {}
        self._sentence, self._at, self._class = array("i"), array("i"), array("i")

    def add(self, classes: Sequence[tuple[str, ...]]) -> None:
        known = self._classes
        for at, names in enumerate(classes):
            for name in names:
                self._sentence.append(self._sentences)
                self._at.append(at)
                self._class.append(known.setdefault(name, len(known)))
        self._sentences += 1

    def matrix(self) -> Matrix:
        """(sentences, features) of the pairs, which get their numbers here."""
        from scipy.sparse import csr_array

        sentence, at, of = (np.array(one, dtype=np.int64) for one in (self._sentence, self._at, self._class))
        count = len(self._classes)
        rows, keys = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
        for step in range(1, len(at)):
            near = (sentence[step:] == sentence[:-step]) & (at[step:] - at[:-step] < REACH)
            if not near.any():
                break
            here, there, same = of[:-step][near], of[step:][near], (at[step:] == at[:-step])[near]
            rows.append(sentence[step:][near])
            alike = count**2 + np.minimum(here, there) * count + np.maximum(here, there)
            keys.append(np.where(same, alike, here * count + there))
        kinds, key = np.unique(np.concatenate(keys), return_inverse=True)
        names = list(self._classes)
        columns = np.array([
            self._numbers.setdefault(self._name(*divmod(int(kind), count**2), names), len(self._numbers)) for kind in kinds
        ], dtype=np.int64)
        row = np.concatenate(rows)
        return csr_array(
            (np.ones(len(row), dtype=np.float32), (row, columns[key])), shape=(self._sentences, len(self._numbers)),
        )

    def _name(self, same: int, pair: int, names: Sequence[str]) -> str:
        one, other = (names[k] for k in divmod(pair, len(names)))
        return f"pp {min(one, other)} {max(one, other)}" if same else f"p {one} {other}"


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


def _scaled(counts: Matrix, rarity: Floats) -> Matrix:
    """Counts by rarity, each row by its length, which is that of its features as often as they are counted."""
    lengths = np.sqrt(counts @ rarity**2 + SMOOTHING)
    scaled = counts.astype(np.float32)
    scaled.data = (scaled.data * rarity[scaled.indices] / np.repeat(lengths, np.diff(scaled.indptr))).astype(np.float32)
    return scaled
