"""The features of many sentences at once: what keys.py says of one, as matrices, by arithmetic on numbers of words and classes.

A feature is a word, a class, or two of them: so each has a number, and none needs its name before it is known to be kept.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthempathy.filters.base import FIELDS, Field
from synthempathy.filters.classifier.concepts import NEGATED, Concepts, said
from synthempathy.filters.classifier.features import (
    ALIKE,
    CLASS,
    CLASS_IN,
    CLASS_WORD,
    FIRST_CLASS,
    FIRST_WORD,
    FOLLOWING,
    NEGATED_WORD,
    NEIGHBOURS,
    REACH,
    WORD,
    WORD_CLASS,
    classes_at,
    opening,
    unnamed,
)

Matrix = Any  # scipy's stubs do not say what a csr_array holds
Integers = NDArray[np.int64]
MOST_COLUMNS = 10_000_000  # of one kind of features: where more are possible, those that there are get numbers of their own


class FeatureTable:
    """Collects sentences, and gives their features as matrices."""

    def __init__(self, concepts: Concepts) -> None:
        self._concepts = concepts
        self._words: dict[str, int] = {}
        self._classes: dict[str, int] = {}
        self._word, self._length, self._field = array("i"), array("i"), array("b")
        self._hung_at, self._hung = array("i"), array("i")  # classes that hang on more than their word, and where

    def add(self, tokens: Sequence[str], field: Field) -> None:
        """One sentence, as `features.sentences` gives it."""
        marked, words, start = self._concepts.marked, self._words, len(self._word)
        for at, (names, token) in enumerate(zip(classes_at(tokens, self._concepts), tokens, strict=True), start):
            own = marked[token]
            if names is not own:
                for name in names[len(own):]:
                    self._hung_at.append(at)
                    self._hung.append(self._classes.setdefault(name, len(self._classes)))
        self._word.extend([words.setdefault(token, len(words)) for token in tokens])
        self._length.append(len(tokens))
        self._field.append(FIELDS.index(field))

    def matrices(self, least: int) -> tuple[list[str], Matrix, Matrix]:
        """The features that `least` sentences hold: their names, (S, F) 1 where a sentence holds one, and (S, F) how often, of
        those that hang on one word and the word before it.
        """
        kinds = self._kinds()
        firsts = np.cumsum([0, *(kind.width for kind in kinds)])
        rows = np.concatenate([kind.sentence for kind in kinds])
        columns = np.concatenate([kind.key + first for kind, first in zip(kinds, firsts, strict=False)])
        near = np.concatenate([kind.is_local for kind in kinds])
        seen = self._counted(rows, columns, firsts[-1])
        seen.data[:] = 1.0
        kept = np.flatnonzero(np.bincount(seen.indices, minlength=firsts[-1]) >= least)
        ends = np.searchsorted(kept, firsts)
        names: list[str] = []
        for kind, first, start, end in zip(kinds, firsts, ends, ends[1:], strict=False):
            names += kind.names(kept[start:end] - first)
        return names, seen[:, kept], self._counted(rows[near], columns[near], firsts[-1])[:, kept]

    def _counted(self, rows: Integers, columns: Integers, width: int) -> Matrix:
        from scipy.sparse import csr_array

        made = csr_array((np.ones(len(rows), dtype=np.float32), (rows, columns)), shape=(len(self._length), width))
        made.sum_duplicates()
        return made

    def _kinds(self) -> list[_Kind]:
        """All features of all sentences, those of a kind together."""
        words = [*self._words, *map(opening, FIELDS)]  # these stand before the first word, and are classes there
        own = [self._concepts.marked[word] for word in self._words] + [(opening(field),) for field in FIELDS]
        numbers = [[self._classes.setdefault(name, len(self._classes)) for name in names] for names in own]
        plain: dict[str, int] = {}
        alike = np.array([plain.setdefault(unnamed(said(word), self._concepts), len(plain)) for word in words])
        is_negated = np.array([len(word) > 1 and word[-1] == NEGATED for word in words])
        texts, classes = list(plain), list(self._classes)

        word, length, field = (np.array(one, dtype=np.int64) for one in (self._word, self._length, self._field))
        sentence, begins = np.repeat(np.arange(len(length)), length), np.cumsum(length) - length
        before = np.append(-1, word)[:-1]
        before[begins] = len(self._words) + field
        here, previous = alike[word], alike[before]
        starts = np.bincount(np.append(begins, len(word))).astype(np.bool_)  # and where the last sentence ends
        negated = np.flatnonzero(is_negated[word])

        hung_at, hung = (np.array(one, dtype=np.int64) for one in (self._hung_at, self._hung))
        at, of, is_own = _with(_spread(numbers, word), hung_at, hung)  # where the classes stand
        follows = ~starts[hung_at + 1]
        after, above, is_near = _with(_spread(numbers, before), hung_at[follows] + 1, hung[follows])  # and the words after them
        first, near = starts[at], np.ones(len(word), dtype=np.bool_)
        return [
            _kind(WORD, sentence, near, (here, texts)),
            _kind(NEIGHBOURS, sentence, near, (previous, texts), (here, texts)),
            _kind(FIRST_WORD, sentence[begins], near[begins], (here[begins], texts)),
            _kind(NEGATED_WORD, sentence[negated], ~near[negated], (here[negated], texts)),
            _kind(CLASS, sentence[at], is_own, (of, classes)),
            _kind(CLASS_IN, sentence[at], is_own, (field[sentence[at]], FIELDS), (of, classes)),
            _kind(WORD_CLASS, sentence[at], is_own, (previous[at], texts), (of, classes)),
            _kind(FIRST_CLASS, sentence[at[first]], is_own[first], (of[first], classes)),
            _kind(CLASS_WORD, sentence[after], is_near, (above, classes), (here[after], texts)),
            *_two_classes(sentence, at, of, classes),
        ]


@dataclass(frozen=True)
class _Kind:
    """Features of one form: for each time that one is met its sentence, its number, and whether it is local."""

    sentence: Integers
    is_local: NDArray[np.bool_]
    key: Integers
    width: int
    names: Callable[[Integers], list[str]]


def _kind(form: str, sentence: Integers, is_local: NDArray[np.bool_], *parts: tuple[Integers, Sequence[str]]) -> _Kind:
    """Features named by one or two `parts`, each numbers and what they stand for."""
    sizes = [len(names) for _, names in parts]
    key = np.ravel_multi_index([numbers for numbers, _ in parts], sizes)
    width, met = math.prod(sizes), None
    if width > MOST_COLUMNS:
        met, key = np.unique(key, return_inverse=True)
        width = len(met)

    def names(keys: Integers) -> list[str]:
        columns = np.unravel_index(keys if met is None else met[keys], sizes)
        named = ([of[number] for number in column] for column, (_, of) in zip(columns, parts, strict=True))
        return [form % name for name in zip(*named, strict=True)]

    return _Kind(sentence, is_local, key, width, names)


def _spread(lists: Sequence[Sequence[int]], chosen: Integers) -> tuple[Integers, Integers]:
    """The members of the lists that are `chosen`, one after the other, each with the place of its list there."""
    sizes = np.array([len(one) for one in lists])
    ends, members = np.cumsum(sizes), np.fromiter(chain(*lists), dtype=np.int64)
    counts = sizes[chosen]
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.repeat(np.arange(len(chosen)), counts), members[np.repeat((ends - sizes)[chosen], counts) + within]


def _with(own: tuple[Integers, Integers], at: Integers, of: Integers) -> tuple[Integers, Integers, NDArray[np.bool_]]:
    """Places and classes of words, and those that hang on more than a word, by place; and whether they are of the first."""
    places, classes = np.append(own[0], at), np.append(own[1], of)
    order = np.argsort(places, kind="stable")
    return places[order], classes[order], order < len(own[0])


def _two_classes(sentence: Integers, at: Integers, of: Integers, classes: Sequence[str]) -> list[_Kind]:
    """Two classes of one sentence less than REACH words apart, in their order; two at one place by their names."""
    ones, others = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    for step in range(1, len(at)):
        near = np.flatnonzero((sentence[at[step:]] == sentence[at[:-step]]) & (at[step:] - at[:-step] < REACH))
        if not len(near):
            break
        ones.append(near)
        others.append(near + step)
    one, other = np.concatenate(ones), np.concatenate(others)
    apart = at[one] < at[other]
    where, far = sentence[at[one]], np.zeros(len(one), dtype=np.bool_)
    in_order = np.argsort(np.array(classes))
    rank = np.argsort(in_order)
    two = np.sort(rank[[of[one[~apart]], of[other[~apart]]]], axis=0)
    return [
        _kind(FOLLOWING, where[apart], far[apart], (of[one[apart]], classes), (of[other[apart]], classes)),
        _kind(ALIKE, where[~apart], far[~apart], *((of_two, [classes[k] for k in in_order]) for of_two in two)),
    ]
