"""Reasons to doubt a reply: words strung together, one sentence said again and again, an answer to somebody else.

A scorer that reads words and sentences would take all three for empathy. Each doubt is a share, 0 to 1, of the probability
of levels 1 and 2 that is moved to level 0. Ordinary replies, short or clumsy ones included, raise none.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthempathy.scorers.linear.cues import SMALL_WORDS as SMALL
from synthempathy.scorers.linear.cues import content_words
from synthempathy.scorers.linear.features import Read
from synthempathy.scorers.mechanisms import Mechanism

Floats = NDArray[np.float64]

#: Below this share of distinct runs of three words a reply is said to repeat itself; below this share of small words
#: (a, the, you, was) words are said to be strung together. Ordinary English has 0.9 and more, and 0.3 and more.
DISTINCT_RUNS = 0.5
SMALL_WORDS = 0.08
#: Replies shorter than this (words) raise neither of the two.
ENOUGH_WORDS = 12
#: Mechanisms that a reply to somebody else's post lacks; its warmth may still be meant.
NEED_THE_POST: tuple[Mechanism, ...] = ("ip", "ex")
#: How many replies in a hundred are taken to answer another post before they are read. The doubt is what reading adds.
MISPLACED = 0.1
#: Words are the same to a reply and a post if these many letters are: "worry", "worried".
STEM = 5


@dataclass(frozen=True)
class Doubts:
    """Doubts about replies, and how sure it is that one answers its own post, from the content words that the two share.

    `rarity` tells how rare a stem is (natural logarithm); one that is not in it is as rare as `unknown`. `weights` (3,)
    and `intercept` give the log-odds of belonging, posts and replies of others being as frequent as own ones.
    """

    rarity: dict[str, float]
    unknown: float
    weights: Floats
    intercept: float

    @classmethod
    def learned(cls, read: Read) -> Doubts:
        """Learn from pairs and from the same replies under other posts. Deterministic: the posts are rotated."""
        from sklearn.linear_model import LogisticRegression

        texts = [stems(told) | said for told, said in zip(read.told, _all_said(read), strict=True)]
        holds: dict[str, int] = {}
        for text in texts:
            for stem in sorted(text):
                holds[stem] = holds.get(stem, 0) + 1
        unknown = float(np.log(1 + len(texts)))
        rarity = {stem: float(np.log((1 + len(texts)) / (1 + n))) for stem, n in sorted(holds.items()) if n > 1}
        posts = list(dict.fromkeys(read.told))
        place = {post: number for number, post in enumerate(posts)}
        rows = [shared(read, rarity, unknown)]
        for step in (len(posts) // 3, 2 * len(posts) // 3):
            others = [posts[(place[told] + step) % len(posts)] for told in read.told]
            rows.append(shared(read._replace(told=others), rarity, unknown))
        own = np.repeat([1, 0, 0], len(read.told))
        model = LogisticRegression(C=1.0, class_weight="balanced").fit(np.concatenate(rows), own)
        return cls(rarity, unknown, model.coef_[0], float(model.intercept_[0]))

    def lowered(self, likely: dict[Mechanism, Floats], read: Read) -> dict[Mechanism, Floats]:
        """The probabilities of each mechanism, with the doubts' shares of levels 1 and 2 moved to level 0."""
        kept, placed = 1 - insincerity(read), 1 - self.misplaced(read)
        return {m: _kept(p, kept * placed if m in NEED_THE_POST else kept) for m, p in likely.items()}

    def misplaced(self, read: Read) -> Floats:
        """(pairs,): how much more likely than MISPLACED it is that the reply answers another post, 0 to 1."""
        odds = MISPLACED / (1 - MISPLACED) * np.exp(-(shared(read, self.rarity, self.unknown) @ self.weights + self.intercept))
        misplaced: Floats = odds / (1 + odds)
        return np.clip((misplaced - MISPLACED) / (1 - MISPLACED), 0.0, 1.0)


def insincerity(read: Read) -> Floats:
    """(pairs,): doubt because the reply repeats itself or strings words together, 0 to 1."""
    doubts = np.zeros(len(read.told))
    for pair, spoken in enumerate(_words(read)):
        if len(spoken) >= ENOUGH_WORDS:
            runs = list(zip(spoken, spoken[1:], spoken[2:], strict=False))
            distinct = len(set(runs)) / len(runs)
            plain = sum(word in SMALL for word in spoken) / len(spoken)
            doubts[pair] = 1 - min(1.0, distinct / DISTINCT_RUNS) * min(1.0, plain / SMALL_WORDS)
    return doubts


def shared(read: Read, rarity: dict[str, float], unknown: float) -> Floats:
    """(pairs, 3): logarithms of what post and reply share and of what the reply says, in rarity, and their product."""
    rows = np.zeros((len(read.told), 3))
    for pair, (told, said) in enumerate(zip(read.told, _all_said(read), strict=True)):
        heard = stems(told)
        common = np.log1p(sum(rarity.get(stem, unknown) for stem in sorted(said & heard)))
        whole = np.log1p(sum(rarity.get(stem, unknown) for stem in sorted(said)))
        post = np.log1p(sum(rarity.get(stem, unknown) for stem in sorted(heard)))
        rows[pair] = common, whole, post
    return rows


def stems(content: frozenset[str]) -> frozenset[str]:
    """The first letters of words."""
    return frozenset(word[:STEM] for word in content)


def _kept(likely: Floats, share: Floats) -> Floats:
    """`likely` (pairs, 3) with only the share `share` (pairs,) of levels 1 and 2 left there."""
    kept = likely[:, 1:] * share[:, None]
    return np.concatenate([1 - kept.sum(axis=1, keepdims=True), kept], axis=1)


def _all_said(read: Read) -> list[frozenset[str]]:
    return [stems(content_words(spoken)) for spoken in _words(read)]


def _words(read: Read) -> list[list[str]]:
    """The words of each response."""
    spoken: list[list[str]] = [[] for _ in read.told]
    for sentence, pair in zip(read.found, read.owner, strict=True):
        spoken[pair] += sentence.words
    return spoken
