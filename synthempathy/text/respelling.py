"""Misspelt words read as what they were meant to be: womne, imigrants, mus lims, killthemall, h a t e.

Only what is no known word is looked at, and only words that are wanted are read into it: so few ordinary texts are touched.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Set
from itertools import pairwise

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
        end = 0
        for at in sorted({*odd, *(place - 1 for place in odd)}):  # a plain word may belong to the odd one after it
            if at >= end:
                end, words = self._from(text.tokens, at)
                if words != (text.tokens[at],):
                    mended.append((at, end, words))
        return _with(text, mended) if mended else text

    def _odd(self, token: str) -> bool:
        return (token not in self._known and token not in MARKS) or (len(token) == 1 and token.isalpha() and token not in _ALONE)

    def _from(self, tokens: list[str], at: int) -> tuple[int, tuple[str, ...]]:
        """The words meant by the tokens from `at` on, and where the next ones begin."""
        end = at
        reach = min(len(tokens), at + MOST_JOINED + 1)  # no run that is longer is parted, so nobody need see its end
        while end < reach and len(tokens[end]) == 1 and tokens[end].isalpha():
            end += 1
        if end - at >= LEAST_WANTED:  # letters apart
            words = self._parted("".join(tokens[at:end]))
            if words:
                return end, words
        token = tokens[at]
        following = tokens[at + 1] if at + 1 < len(tokens) else ""
        if following.isalpha() and token.isalpha() and (self._odd(token) or self._odd(following)):
            joined = token + following
            if joined in self._wanted and len(joined) >= LEAST_LETTERS:
                return at + 2, (joined,)
        if not self._odd(token) or not token.isalpha():
            return at + 1, (token,)
        if token not in self._read:
            self._read[token] = self._meant(token) or self._parted(token) or (token,)
        return at + 1, self._read[token]

    def _meant(self, token: str) -> tuple[str, ...]:
        """The wanted word that is one letter away, or none."""
        if not LEAST_LETTERS - 1 <= len(token) <= LONGEST:
            return ()
        for rest in (token, *sorted(_rests(token))):
            word = self._by_rest.get(rest)
            if word is not None and _is_slip(token, word):
                return (word,)
        return ()

    def _parted(self, run: str) -> tuple[str, ...]:
        """The known words, a wanted one among them, that stand in `run` with no space between; or none."""
        if not LEAST_WANTED <= len(run) <= MOST_JOINED:
            return ()
        best: list[tuple[float, int]] = [(0.0, 0)]  # cost of the first letters, and where their last word begins
        for end in range(1, len(run) + 1):
            best.append(min((
                (best[start][0] + self._all - self._known[run[start:end]], start)
                for start in range(max(0, end - LONGEST), end)
                if run[start:end] in self._known and (end - start > 1 or run[start] in _ALONE)
            ), default=(math.inf, 0)))
        if math.isinf(best[-1][0]):
            return ()
        words, end = list[str](), len(run)
        while end:
            words.insert(0, run[best[end][1] : end])
            end = best[end][1]
        wanted = any(word in self._wanted and len(word) >= LEAST_WANTED for word in words)
        long_enough = len(words) == 1 or (len(run) >= LEAST_JOINED and len(run) >= LEAST_MEAN * len(words))
        return tuple(words) if wanted and long_enough else ()


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
