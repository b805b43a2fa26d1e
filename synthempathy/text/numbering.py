"""Texts as the numbers of their words: the one form that the methods of dedup compare.

The normal form of a text is its words: NFKC, then casefold, then every run of letters, digits and
underscores (the regex ``\\w+``). Case, punctuation, emoji and white space do not count; an
apostrophe splits (don't: don, t). A text without words has the empty normal form.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain, count
from typing import Any

import numpy as np
from numpy.typing import NDArray

_WORD = re.compile(r"\w+")
#: Every ASCII character that is none of a word, as a space: most texts are ASCII, and so go twice as fast.
_SPACED = {code: " " for code in range(128) if not _WORD.match(chr(code))}


@dataclass(frozen=True)
class Duplicate:
    """Text `index` repeats the earlier, kept text `partner`; `evidence` says how, in plain JSON values."""

    index: int
    partner: int
    evidence: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Words:
    """Texts in a row: text i is `flat[starts[i]:starts[i + 1]]`, equal numbers for equal words.

    `flat` is uint32 of all words' length; `starts` is int64, one longer than the number of texts.
    """

    flat: NDArray[np.uint32]
    starts: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, text: int) -> NDArray[np.uint32]:
        return self.flat[self.starts[text] : self.starts[text + 1]]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Words a text."""
        return np.diff(self.starts)

    def take(self, texts: Sequence[int] | NDArray[np.int64]) -> Words:
        """The chosen texts, in the order given."""
        chosen = np.asarray(texts, dtype=np.int64)
        lengths = self.lengths[chosen]
        starts = np.zeros(len(chosen) + 1, dtype=np.int64)
        np.cumsum(lengths, out=starts[1:])
        places = np.arange(starts[-1]) + np.repeat(self.starts[chosen] - starts[:-1], lengths)
        return Words(self.flat[places], starts)

    def without(self, gone: NDArray[np.bool_]) -> Words:
        """The same texts without the words marked in `gone`, which is as long as `flat`."""
        before = np.zeros(len(gone) + 1, dtype=np.int64)
        np.cumsum(gone, out=before[1:])
        return Words(self.flat[~gone], self.starts - before[self.starts])


def normal_words(text: str) -> list[str]:
    """The normal form of a text (see above).

    >>> normal_words("Don't PANIC: it's 2 a.m.!")
    ['don', 't', 'panic', 'it', 's', '2', 'a', 'm']
    """
    if text.isascii():
        return text.lower().translate(_SPACED).split()
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def words_of(texts: Iterable[str]) -> Words:
    """The texts' words as numbers, in the order in which the words first appear (so: deterministic)."""
    number_of: defaultdict[str, int] = defaultdict(count().__next__)
    lengths: list[int] = [0]

    def numbers(text: str) -> Iterable[int]:
        found = normal_words(text)
        lengths.append(len(found))
        return map(number_of.__getitem__, found)

    flat = np.fromiter(chain.from_iterable(map(numbers, texts)), dtype=np.uint32)
    return Words(flat, np.cumsum(lengths, dtype=np.int64))
