"""Measures of a set of texts: lengths, variety of words, openings. Each takes time linear in the words.

Two notions of a word. For a text's length: what stands between white space, as the limits of the other
stages count. For variety: the runs of letters and digits, with an apostrophe inside, without case
("Don't go, DON'T" has the words don't, go, don't).
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import count, pairwise
from statistics import fmean, median, pstdev

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_TYPOGRAPHIC_APOSTROPHE = "\u2019"

#: A text as the numbers of its words; equal numbers are equal words.
Numbered = list[int]


def words(text: str) -> list[str]:
    """The words of a text, casefolded, with one kind of apostrophe.

    >>> words("Don't go, DON'T!")
    ["don't", 'go', "don't"]
    """
    return _WORD.findall(text.casefold().replace(_TYPOGRAPHIC_APOSTROPHE, "'"))


def numbered(texts: Sequence[str]) -> tuple[list[Numbered], int]:
    """The texts as numbers of words, and how many different words there are."""
    number_of: defaultdict[str, int] = defaultdict(count().__next__)
    return [[number_of[word] for word in words(text)] for text in texts], len(number_of)


def length_figures(lengths: Sequence[int]) -> dict[str, float]:
    """Mean, standard deviation (of these texts, not an estimate for others) and median."""
    return {"mean": fmean(lengths), "std": pstdev(lengths), "median": float(median(lengths))}


def distinct(texts: Sequence[Numbered], n: int) -> float:
    """Different n-grams over all n-grams, n 1 or 2, none across texts; 0 without any (Li et al., NAACL 2016)."""
    total = sum(max(len(text) - n + 1, 0) for text in texts)
    if n == 1:
        different = len({word for text in texts for word in text})
    else:
        # One whole number a bigram: a set of them takes half the memory of a set of tuples.
        different = len({first << 32 | second for text in texts for first, second in pairwise(text)})
    return different / total if total else 0.0


def mattr(text: Numbered, window: int) -> float:
    """Moving-average type-token ratio (Covington and McFall 2010): the mean, over every `window` words
    in a row, of different words over words. A shorter text counts as one window; an empty one gives 0.
    """
    if len(text) <= window:
        return len(set(text)) / len(text) if text else 0.0
    inside = Counter(text[:window])
    types = sum_of_types = len(inside)
    for leaving, entering in zip(text, text[window:], strict=False):
        inside[leaving] -= 1
        types -= inside[leaving] == 0
        types += inside[entering] == 0
        inside[entering] += 1
        sum_of_types += types
    return sum_of_types / (window * (len(text) - window + 1))


def top_opening_share(texts: Sequence[Numbered], openings: int, first: int = 3) -> float:
    """The share of texts whose `first` words are among the `openings` commonest first words."""
    counts = Counter(tuple(text[:first]) for text in texts)
    return sum(rows for _, rows in counts.most_common(openings)) / len(texts)


def binned(lengths: Sequence[int], width: int) -> dict[int, int]:
    """How many lengths fall into each bin of `width`, by the bin's lower edge, empty bins between included."""
    counts = Counter(length // width * width for length in lengths)
    return {edge: counts[edge] for edge in range(min(counts), max(counts) + 1, width)}
