"""Reasons to doubt a reply: words strung together, one sentence repeated, an answer to somebody else.

A scorer that reads words and sentences would take all three for what it rates. Each doubt is a share, 0 to 1, of the probability
of levels 1 and 2 that is moved to level 0. Ordinary replies, short or clumsy ones included, raise none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from synthempathy.scorers.base import Dimension, Floats, Integers
from synthempathy.scorers.linear.cues import content_words
from synthempathy.scorers.linear.features import ReadPairs

#: Below this share of distinct runs of three words a reply is said to repeat itself; below this share of small words
#: (a, the, you, was) words are said to be strung together. Ordinary English has 0.9 and more, and 0.3 and more. In a language
#: whose small words nobody has named, the second is not asked.
DISTINCT_RUNS = 0.5
SMALL_WORDS_SHARE = 0.08
#: Replies shorter than this (words) raise neither of the two.
ENOUGH_WORDS = 12
#: How many replies in a hundred are taken to answer another post before they are read. The doubt is what reading adds.
MISPLACED = 0.1
#: Words are the same to a reply and a post if these many letters are: "worry", "worried".
STEM = 5


@dataclass(frozen=True)
class Kept:
    """(pairs,) shares of levels 1 and 2 that doubts leave: because a reply is sincere, and because it belongs to its post.

    `need` are the dimensions that a reply to somebody else's post lacks; what else it says may be meant for anybody.
    """

    sincere: Floats
    placed: Floats
    need: tuple[Dimension, ...]

    def of(self, pairs: Integers) -> Kept:
        """Those of some pairs."""
        return Kept(self.sincere[pairs], self.placed[pairs], self.need)

    def lowered(self, likely: dict[Dimension, Floats]) -> dict[Dimension, Floats]:
        """The probabilities (pairs, 3) with the other shares of levels 1 and 2 moved to level 0."""
        both = self.sincere * self.placed
        return {m: _kept(p, both if m in self.need else self.sincere) for m, p in likely.items()}


@dataclass(frozen=True)
class Doubts:
    """Doubts about replies, and how sure it is that one answers its own post, from the content words that the two share.

    `rarity` is how rare a stem is (natural logarithm); one that is not in it is as rare as `unknown`. `weights` (3,)
    and `intercept` give the log-odds of belonging, posts and replies of others being as frequent as own ones. `need` as in
    `Kept`.
    """

    rarity: dict[str, float]
    unknown: float
    weights: Floats
    intercept: float
    need: tuple[Dimension, ...]

    @classmethod
    def fit(cls, read: ReadPairs, need: Sequence[Dimension]) -> Doubts:
        """Learn from pairs and from the same replies under other posts. Deterministic: the posts are rotated."""
        from sklearn.linear_model import LogisticRegression

        texts = [stems(post) | said for post, said in zip(read.post_words, _all_said(read), strict=True)]
        holds: dict[str, int] = {}
        for text in texts:
            for stem in sorted(text):
                holds[stem] = holds.get(stem, 0) + 1
        unknown = float(np.log(1 + len(texts)))
        rarity = {stem: float(np.log((1 + len(texts)) / (1 + n))) for stem, n in sorted(holds.items()) if n > 1}
        posts = list(dict.fromkeys(read.post_words))
        place = {post: number for number, post in enumerate(posts)}
        rows = [shared(read, rarity, unknown)]
        for step in (len(posts) // 3, 2 * len(posts) // 3):
            others = [posts[(place[post] + step) % len(posts)] for post in read.post_words]
            rows.append(shared(read._replace(post_words=others), rarity, unknown))
        own = np.repeat([1, 0, 0], len(read.post_words))
        model = LogisticRegression(C=1.0, class_weight="balanced").fit(np.concatenate(rows), own)
        return cls(rarity, unknown, model.coef_[0], float(model.intercept_[0]), tuple(need))

    def kept(self, read: ReadPairs) -> Kept:
        """What the doubts leave of each pair's levels 1 and 2."""
        return Kept(1 - insincerity(read), 1 - self.misplaced(read), self.need)

    def lowered(self, likely: dict[Dimension, Floats], read: ReadPairs) -> dict[Dimension, Floats]:
        """The probabilities of each mechanism, with the doubts' shares of levels 1 and 2 moved to level 0."""
        return self.kept(read).lowered(likely)

    def misplaced(self, read: ReadPairs) -> Floats:
        """(pairs,): how much more likely than MISPLACED it is that the reply answers another post, 0 to 1."""
        odds = MISPLACED / (1 - MISPLACED) * np.exp(-(shared(read, self.rarity, self.unknown) @ self.weights + self.intercept))
        misplaced: Floats = odds / (1 + odds)
        return np.clip((misplaced - MISPLACED) / (1 - MISPLACED), 0.0, 1.0)


def insincerity(read: ReadPairs) -> Floats:
    """(pairs,): doubt because the reply repeats itself or strings words together, 0 to 1."""
    doubts = np.zeros(len(read.post_words))
    for pair, spoken in enumerate(_words(read)):
        if len(spoken) >= ENOUGH_WORDS:
            runs = list(zip(spoken, spoken[1:], spoken[2:], strict=False))
            distinct = len(set(runs)) / len(runs)
            plain = sum(word in read.small for word in spoken) / len(spoken) if read.small else SMALL_WORDS_SHARE
            doubts[pair] = 1 - min(1.0, distinct / DISTINCT_RUNS) * min(1.0, plain / SMALL_WORDS_SHARE)
    return doubts


def shared(read: ReadPairs, rarity: dict[str, float], unknown: float) -> Floats:
    """(pairs, 3): logarithms of the summed rarity of the stems that post and reply share, of the reply's, and of the post's."""
    rows = np.zeros((len(read.post_words), 3))
    for pair, (words, said) in enumerate(zip(read.post_words, _all_said(read), strict=True)):
        post = stems(words)
        rows[pair] = [
            np.log1p(sum(rarity.get(stem, unknown) for stem in sorted(some))) for some in (said & post, said, post)
        ]
    return rows


def stems(content: frozenset[str]) -> frozenset[str]:
    """The first letters of words."""
    return frozenset(word[:STEM] for word in content)


def _kept(likely: Floats, share: Floats) -> Floats:
    """`likely` (pairs, 3) with only the share `share` (pairs,) of levels 1 and 2 left there."""
    kept = likely[:, 1:] * share[:, None]
    return np.concatenate([1 - kept.sum(axis=1, keepdims=True), kept], axis=1)


def _all_said(read: ReadPairs) -> list[frozenset[str]]:
    return [stems(content_words(spoken, read.small)) for spoken in _words(read)]


def _words(read: ReadPairs) -> list[list[str]]:
    """The words of each response."""
    spoken: list[list[str]] = [[] for _ in read.post_words]
    for sentence, pair in zip(read.sentences, read.owner, strict=True):
        spoken[pair] += sentence.words
    return spoken
