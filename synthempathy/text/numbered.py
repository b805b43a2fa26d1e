"""Texts as the numbers of their words: the one form that deduplication, statistics and diversity read.

Two readings of a text are numbered. `Vocabulary` counts words and sentences as people do: a word is a run of letters and
digits, with an apostrophe inside, without case ("Don't go, DON'T" has the words don't, go, don't); a sentence ends at full
stops, question or exclamation marks before white space or the end of the text, unless a small letter follows ("well ... no")
or a title stands before the stop ("Mr. Smith"); what holds no word is no sentence. Titles are English's, or the abbreviations
that a `Vocabulary` is given ("z. B.", "Dr."; "1." for ordinals). Full-width marks end sentences too; in scripts that part no
words by spaces (Chinese, Japanese, Thai) a word is all that stands between two marks. `normal_words` are the words of the normal
form by which texts are compared, however they were typed (normal.py): every run of letters, digits and underscores (the regex
``\\w+``), so that an apostrophe splits (don't: don, t). A text may have none.
"""

from __future__ import annotations

import re
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain, count

import numpy as np
from numpy.typing import NDArray

from synthempathy.text.normal import normal

Integers = NDArray[np.int64]

# Possessive (++): nothing is tried twice; no group is, since Python before 3.11.5 keeps what a failing one had read. What ends a
# sentence begins with its mark, so that a space fails at once.
_WORD = r"[^\W_]++(?:['\u2019][^\W_]++)*"
_TITLES = ("Mr.", "Mrs.", "Ms.", "Dr.", "St.")
#: Small letters of the Latin, Greek and Cyrillic scripts: others have none, or none that a sentence cannot begin with.
_SMALL = "".join(chr(code) for code in range(0x530) if chr(code).islower())
_SENTENCE_END = (
    r"(?<![.!?\u2026])[.!?\u2026]++NO_TITLE[\"'\u201d\u2019)\]\u201c\u00ab\u00bb]*(?=\s|$)"
    rf"(?!\s+[{_SMALL}])|[\u3002\uff01\uff1f\u0964\u061f\u06d4]++"
)
_SENTENCE_ENDS = -1  # the number of a token that ends a sentence

_NORMAL_WORD = re.compile(r"\w+")
#: Every ASCII character that is none of a word, as a space: most texts are ASCII, and so go twice as fast.
_SPACED = {code: " " for code in range(128) if not _NORMAL_WORD.match(chr(code))}


@dataclass(frozen=True)
class NumberedTexts:
    """Texts in a row: text i is `flat[starts[i]:starts[i + 1]]`, equal numbers for equal words.

    `flat`: integers, the words of all texts; `starts`: int64, one longer than the number of texts; `opens`: bool, for each
    word whether a sentence begins with it (empty where sentences were not read).
    """

    flat: NDArray[np.integer]
    starts: Integers
    opens: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, text: int) -> NDArray[np.integer]:
        return self.flat[self.starts[text] : self.starts[text + 1]]

    @property
    def lengths(self) -> Integers:
        """Words per text."""
        return np.diff(self.starts)

    @property
    def sentences(self) -> Integers:
        """Sentences per text."""
        return sums(self.opens, self.starts)

    @property
    def sentence_starts(self) -> Integers:
        """Where in `flat` the sentences begin, and its end: one longer than the number of sentences."""
        return np.append(np.flatnonzero(self.opens), len(self.flat))

    def text_of(self, positions: Integers) -> Integers:
        """The texts in which these words stand."""
        return np.searchsorted(self.starts, positions, side="right") - 1

    def parts(self, size: int) -> Iterator[NumberedTexts]:
        """The same texts in runs of `size`: what is worked out from a part needs little memory."""
        for start in range(0, len(self), size):
            starts = self.starts[start : start + size + 1]
            run = slice(starts[0], starts[-1])
            yield NumberedTexts(self.flat[run], starts - starts[0], self.opens[run])

    def take(self, texts: Sequence[int] | Integers) -> NumberedTexts:
        """The chosen texts, in the order given."""
        chosen = np.asarray(texts, dtype=np.int64)
        lengths = self.lengths[chosen]
        starts = np.zeros(len(chosen) + 1, dtype=np.int64)
        np.cumsum(lengths, out=starts[1:])
        places = np.arange(starts[-1]) + np.repeat(self.starts[chosen] - starts[:-1], lengths)
        return NumberedTexts(self.flat[places], starts, self.opens[places] if len(self.opens) else self.opens)

    def without(self, gone: NDArray[np.bool_]) -> NumberedTexts:
        """The same texts without the words marked in `gone`, which is as long as `flat`; sentences are forgotten."""
        before = np.zeros(len(gone) + 1, dtype=np.int64)
        np.cumsum(gone, out=before[1:])
        return unopened(self.flat[~gone], self.starts - before[self.starts])


def unopened(flat: NDArray[np.integer], starts: Integers) -> NumberedTexts:
    """Texts whose sentences were not read."""
    return NumberedTexts(flat, starts, np.zeros(0, dtype=bool))


def normal_words(text: str) -> list[str]:
    """The words of a text's normal form (see above).

    >>> normal_words("Don't PANIC: it's 2 a.m.!")
    ['don', 't', 'panic', 'it', 's', '2', 'a', 'm']
    """
    if text.isascii():
        return text.lower().translate(_SPACED).split()
    return _NORMAL_WORD.findall(normal(text))


def words_of(texts: Iterable[str]) -> NumberedTexts:
    """The words of the texts' normal forms as numbers, in the order in which they first appear (so: deterministic)."""
    number_of: defaultdict[str, int] = defaultdict(count().__next__)
    lengths: list[int] = [0]

    def numbers(text: str) -> Iterable[int]:
        found = normal_words(text)
        lengths.append(len(found))
        return map(number_of.__getitem__, found)

    flat = np.fromiter(chain.from_iterable(map(numbers, texts)), dtype=np.uint32)
    return unopened(flat, np.cumsum(lengths, dtype=np.int64))


@cache
def _token(abbreviations: tuple[str, ...]) -> re.Pattern[str]:
    """A word, or the end of a sentence, which no stop of an abbreviation is: neither of "z. B.", with or without the space."""
    before: list[str] = []  # what stands before a stop
    for one in abbreviations:
        if one[0].isdigit():
            before += [r"\d", r"\d\d"]
            continue
        parts = [re.escape(part.strip()) for part in one.split(".") if part.strip()]
        for end in range(1, len(parts) + 1):
            before += [gap.join(parts[:end]) for gap in (r"\.", r"\.\s")]
    none = "".join(rf"(?<!\b{head}\.)" for head in dict.fromkeys(before))
    return re.compile(f"{_WORD}|{_SENTENCE_END.replace('NO_TITLE', none)}")


class Vocabulary:
    """The words met so far, each with its number, in the order in which they came."""

    def __init__(self, abbreviations: Sequence[str] = ()) -> None:
        """`abbreviations` are those whose stop ends no sentence; English titles where there are none."""
        self.words: list[str] = []
        self._numbers = _Numbers(self.words)
        self._token = _token(tuple(abbreviations) or _TITLES)

    def texts(self, texts: Sequence[str]) -> NumberedTexts:
        """`texts` as numbers; new words get the next ones."""
        tokens, number_of, find = array("i"), self._numbers.__getitem__, self._token.findall
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
        return NumberedTexts(numbers[is_word], starts, opens)

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
