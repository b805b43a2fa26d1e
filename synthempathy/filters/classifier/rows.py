"""Labelled texts as rows of features, made once for all that is trained on them: no fold reads a text again.

A text that must pass is learned from in windows of three sentences, as the classifier will read it, each a row of its own. A
harmful text is one row, because nobody marked the sentence that makes it so. All texts are judged by their windows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from synthempathy.filters.classifier.feature_table import FeatureTable, Matrix
from synthempathy.filters.classifier.features import sentences, windows
from synthempathy.filters.classifier.reader import Reader
from synthempathy.filters.classifier.screen import SMOOTHING, Floats
from synthempathy.filters.examples import Example

LEAST_TIMES = 2  # a feature that fewer sentences hold teaches nothing

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

    def margins(self, weights: Floats, intercepts: Floats) -> Floats:
        """(texts, K) the margin of each text's most harmful window, half by its sentences together, half by the worst of them.

        By each of K classifiers: `weights` is (F, K), `intercepts` (K,). A text without a word has -inf.
        """
        alone = self.sentences @ weights + intercepts
        worst = np.maximum.reduceat(alone[self.parts.indices], self.parts.indptr[:-1], axis=0)
        return self._by_text((self._windows[0] @ weights + intercepts + worst) / 2)

    def screened(self, weights: Floats, intercepts: Floats) -> Floats:
        """(texts, K) what the screen of each classifier makes of each text's most suspicious window."""
        return self._by_text(self._windows[1] @ weights + intercepts)

    @cached_property
    def _windows(self) -> tuple[Matrix, Matrix]:
        count = self.parts.shape[0]
        return self.read[:count], self.local[:count]

    def _by_text(self, of_windows: Floats) -> Floats:
        of = self.text[: len(of_windows)]
        most = np.full((self.texts, of_windows.shape[1]), -np.inf)
        first = np.flatnonzero(np.diff(of, prepend=-1))
        most[of[first]] = np.maximum.reduceat(of_windows, first, axis=0)
        return most


def rows_of(examples: Sequence[Example], reader: Reader) -> Rows:
    """The rows of `examples`. A text without a word has none."""
    table, first = FeatureTable(reader.concepts), [0]
    for example in examples:
        parts = sentences(reader.read(example.text))
        for part in parts:
            table.add(part.tokens, example.field)
        first.append(first[-1] + len(parts))
    names, sentence_rows, near_rows = table.matrices(LEAST_TIMES)
    places, text, learned, windows_ = _places(examples, first)
    gathered = _gathering(places, first[-1])
    read = gathered @ sentence_rows
    read.data[:] = 1.0
    held = np.bincount(read[learned].indices, minlength=len(names))
    rarity: Floats = np.log((1 + learned.sum()) / (1 + held)) + 1
    return Rows(
        names, rarity, _scaled(sentence_rows, rarity), _scaled(read, rarity),
        _scaled(gathered @ near_rows, rarity), gathered[:windows_], text, learned, len(examples),
    )


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
