"""Texts as the numbers of their words, with the places where sentences begin: the one form that all measures read.

A word is a run of letters and digits, with an apostrophe inside, without case ("Don't go, DON'T" has the words
don't, go, don't). A sentence ends at full stops, question or exclamation marks before white space or the end of the
text, unless a small letter follows ("well ... no") or a title stands before the stop ("Mr. Smith"). What holds no
word is no sentence.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]

# Possessive (++): nothing is tried twice. What ends a sentence begins with its mark, so that a space fails at once.
_WORD = r"[^\W_]++(?:['\u2019][^\W_]++)*+"
_NO_TITLE = r"(?<!\bMr\.)(?<!\bMrs\.)(?<!\bMs\.)(?<!\bDr\.)(?<!\bSt\.)"
_SENTENCE_END = rf"[.!?\u2026]+{_NO_TITLE}[\"'\u201d\u2019)\]]*(?=\s|$)(?!\s+[a-z])"
_TOKEN = re.compile(f"{_WORD}|{_SENTENCE_END}")
_SENTENCE_ENDS = -1  # the number of a token that ends a sentence


@dataclass(frozen=True)
class Texts:
    """Texts in a row: text i is `flat[starts[i]:starts[i + 1]]`, equal numbers for equal words.

    `flat`: int32, the words of all texts; `starts`: int64, one longer than the number of texts; `opens`: bool, for
    each word whether a sentence begins with it.
    """

    flat: NDArray[np.int32]
    starts: Integers
    opens: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def lengths(self) -> Integers:
        """Words a text."""
        return np.diff(self.starts)

    @property
    def sentences(self) -> Integers:
        """Sentences a text."""
        return sums(self.opens, self.starts)

    @property
    def sentence_starts(self) -> Integers:
        """Where in `flat` the sentences begin, and its end: one longer than the number of sentences."""
        return np.append(np.flatnonzero(self.opens), len(self.flat))

    def text_of(self, positions: Integers) -> Integers:
        """The texts in which these words stand."""
        return np.searchsorted(self.starts, positions, side="right") - 1

    def parts(self, size: int) -> Iterator[Texts]:
        """The same texts in runs of `size`: what is worked out from a part needs little memory."""
        for start in range(0, len(self), size):
            starts = self.starts[start : start + size + 1]
            run = slice(starts[0], starts[-1])
            yield Texts(self.flat[run], starts - starts[0], self.opens[run])

    def take(self, texts: Integers) -> Texts:
        """The chosen texts, in the order given."""
        lengths = self.lengths[texts]
        starts = np.append(0, np.cumsum(lengths))
        places = np.arange(starts[-1]) + np.repeat(self.starts[texts] - starts[:-1], lengths)
        return Texts(self.flat[places], starts, self.opens[places])


class Vocabulary:
    """The words met so far, each with its number, in the order in which they came."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self._numbers = _Numbers(self.words)

    def texts(self, texts: Sequence[str]) -> Texts:
        """`texts` as numbers; new words get the next ones."""
        tokens, number_of, find = array("i"), self._numbers.__getitem__, _TOKEN.findall
        ends = [0]
        for text in texts:
            tokens.extend(map(number_of, find(text)))
            ends.append(len(tokens))
        numbers = np.frombuffer(tokens, dtype=np.int32) if tokens else np.zeros(0, dtype=np.int32)
        is_word = numbers != _SENTENCE_ENDS
        starts = np.append(0, np.cumsum(is_word))[ends]
        before = np.cumsum(~is_word)[is_word]  # sentence ends before each word
        opens = np.diff(before, prepend=-1) > 0
        opens[starts[:-1][np.diff(starts) > 0]] = True
        return Texts(numbers[is_word], starts, opens)

    def spell(self, numbers: Sequence[int] | NDArray[np.int32]) -> str:
        """The words of these numbers, with spaces between."""
        return " ".join(self.words[number] for number in numbers)


def sums(values: NDArray[np.generic], starts: Integers) -> Integers:
    """The sum of each run of `values` between two `starts`; 0 where it is empty."""
    total = np.append(0, np.cumsum(values, dtype=np.int64))
    return np.diff(total[starts])


class _Numbers(dict[str, int]):
    """Token -> number of its word. A word is folded once for each way in which it is written."""

    def __init__(self, words: list[str]) -> None:
        super().__init__()
        self._words = words
        self._folded: dict[str, int] = {}

    def __missing__(self, token: str) -> int:
        number = _SENTENCE_ENDS
        if token[0].isalnum():
            folded = token.casefold().replace("\u2019", "'")
            number = self._folded.setdefault(folded, len(self._words))
            if number == len(self._words):
                self._words.append(folded)
        self[token] = number
        return number
