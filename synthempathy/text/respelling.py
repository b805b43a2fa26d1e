"""Misspelt words read as what they were meant to be: womne, imigrants, mus lims, killthemall, h a t e.

Only what is no known word is looked at, and only words that are wanted are read into it: so few ordinary texts are touched.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Set
from itertools import pairwise
from typing import NamedTuple

from synthempathy.text.words import MARKS, Span, Text

#: A word of so many letters may lack one, have one too many or two in the wrong order; a shorter one may be too many words.
LEAST_LETTERS = 5
#: Letters of words that were run together, and of the wanted word among them; how many letters their words have on average.
LEAST_JOINED, LEAST_WANTED, LEAST_MEAN = 7, 4, 2.5
LONGEST = 24
MOST_JOINED = 5 * LONGEST  # letters that are parted
_ALONE = frozenset("aiu")  # letters that are words


class Respelling:
    """Finds wanted words in unknown ones. What a word is read as is remembered."""

    def __init__(self, known: Mapping[str, int], wanted: Set[str]) -> None:
        """`known` are words and how often each was met; `wanted` are those that are worth finding."""
        self._known = {word: math.log(count) for word, count in known.items()}
        self._all = math.log(sum(known.values()) + 1)
        self._wanted = frozenset(word for word in wanted if word.isalpha())
        self._by_rest: dict[str, str] = {}  # a wanted word, or one without one of its letters -> the word
        for word in sorted(self._wanted):
            if len(word) >= LEAST_LETTERS:
                for rest in sorted(_rests(word)):
                    self._by_rest.setdefault(rest, word)
        self._read: dict[str, tuple[str, ...]] = {}
        self._plain = frozenset(word for word in {*known, *MARKS} if not self._odd(word))

    def undone(self, text: Text) -> Text:
        """`text` with the words that were meant as its tokens; itself where there is nothing to mend."""
        if text.vocabulary <= self._plain:
            return text
        odd = [place for place, token in enumerate(text.tokens) if token not in self._plain]
        mended: list[tuple[int, int, tuple[str, ...]]] = []  # first and last (not included) of the tokens, and what they mean
        apart: dict[int, tuple[str, ...]] = {}
        end = end_apart = 0
        for at in sorted({*odd, *(place - 1 for place in odd)}):  # a plain word may belong to the odd one after it
            if at >= end:
                if at >= end_apart and len(text.tokens[at]) == 1:
                    end_apart, apart = self._apart(text.tokens, at)
                end, words = (end_apart, apart[at]) if at in apart else self._from(text.tokens, at)
                if words != (text.tokens[at],):
                    mended.append((at, end, words))
        return _with(text, mended) if mended else text

    def _odd(self, token: str) -> bool:
        return (token not in self._known and token not in MARKS) or (len(token) == 1 and token.isalpha() and token not in _ALONE)

    def _from(self, tokens: list[str], at: int) -> tuple[int, tuple[str, ...]]:
        """The words meant by the tokens from `at` on, and where the next ones begin."""
        token = tokens[at]
        if at + 1 < len(tokens):
            joined = token + tokens[at + 1]
            if joined in self._wanted and len(joined) >= LEAST_LETTERS and not self._plain.issuperset(tokens[at : at + 2]):
                return at + 2, (joined,)
        if token in self._plain or not token.isalpha():
            return at + 1, (token,)
        read = self._read.get(token)
        if read is None:
            read = self._read[token] = self._meant(token) or self._joined(token) or (token,)
        return at + 1, read

    def _meant(self, token: str) -> tuple[str, ...]:
        """The wanted word that is one letter away, or none."""
        if not LEAST_LETTERS - 1 <= len(token) <= LONGEST:
            return ()
        for rest in (token, *sorted(_rests(token))):
            word = self._by_rest.get(rest)
            if word is not None and _is_slip(token, word):
                return (word,)
        return ()

    def _joined(self, token: str) -> tuple[str, ...]:
        """The words that were run together as `token`, or none."""
        return self._parted(token).get(0, ()) if LEAST_WANTED <= len(token) <= MOST_JOINED else ()

    def _apart(self, tokens: list[str], at: int) -> tuple[int, dict[int, tuple[str, ...]]]:
        """Where the letters end that stand alone from `at` on, and what they say from each of their places on."""
        end = at
        while end < len(tokens) and len(tokens[end]) == 1 and tokens[end].isalpha():
            end += 1
        if end - at < LEAST_WANTED:
            return end, {}
        at = max(at, end - MOST_JOINED)
        words = self._parted("".join(tokens[at:end]), from_end=True)
        return end, {at + start: words[start] for start in words}

    def _parted(self, run: str, from_end: bool = False) -> dict[int, tuple[str, ...]]:
        """The known words, a wanted one among them, that stand in `run` with no space between, by the letter where they begin.

        From the first letter alone, or with `from_end` from each letter on to the end: all in one go, as a text may be one run.
        """
        best: dict[int, _Parting] = {len(run): _Parting(0.0, len(run), 0, False)}  # from a letter on to the end
        for start in range(len(run) - 1, -1, -1):
            parting = min((
                (best[end].cost + self._all - self._known[run[start:end]], end)
                for end in range(start + 1, min(start + LONGEST, len(run)) + 1)
                if end in best and run[start:end] in self._known and (end - start > 1 or run[start] in _ALONE)
            ), default=None)
            if parting is not None:
                cost, end = parting
                wanted = end - start >= LEAST_WANTED and run[start:end] in self._wanted
                best[start] = _Parting(cost, end, best[end].number + 1, wanted or best[end].wanted)
        found: dict[int, tuple[str, ...]] = {}
        for start in best if from_end else {0} & best.keys():
            length, number = len(run) - start, best[start].number
            long_enough = number == 1 or length >= max(LEAST_JOINED, LEAST_MEAN * number)
            if best[start].wanted and long_enough:
                ends = [start]
                while ends[-1] < len(run):
                    ends.append(best[ends[-1]].end)
                found[start] = tuple(run[first:end] for first, end in pairwise(ends))
        return found


class _Parting(NamedTuple):
    """The best words for the last letters of a run."""

    cost: float
    end: int  # of the first of them
    number: int  # how many words they are
    wanted: bool  # one of them at least


def _with(text: Text, mended: list[tuple[int, int, tuple[str, ...]]]) -> Text:
    """`text` with words in the place of some tokens, each where these stand."""
    tokens: list[str] = []
    spans: list[Span] = []
    kept = 0  # from here on nothing was taken over
    for at, end, words in mended:
        tokens += (*text.tokens[kept:at], *words)
        spans += (*text.spans[kept:at], *[(text.spans[at][0], text.spans[end - 1][1])] * len(words))
        kept = end
    return Text(text.raw, tokens=tokens + text.tokens[kept:], spans=spans + text.spans[kept:])


def _rests(word: str) -> set[str]:
    """The word, and the word without one of its letters."""
    return {word, *(word[:k] + word[k + 1 :] for k in range(len(word)))}


def _is_slip(token: str, word: str) -> bool:
    """Whether one letter was left out or put in, or two neighbours changed places; the first letter is seldom mistaken."""
    if token[0] != word[0] and sorted(token[:2]) != sorted(word[:2]):
        return False
    if abs(len(token) - len(word)) == 1:
        short, long = sorted((token, word), key=len)
        return short in _rests(long)
    if len(token) != len(word):
        return False
    apart = [k for k, (a, b) in enumerate(zip(token, word, strict=True)) if a != b]
    return len(apart) == 2 and apart in [list(two) for two in pairwise(range(len(word)))] and sorted(token) == sorted(word)
