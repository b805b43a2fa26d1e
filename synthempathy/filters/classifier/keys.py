"""A sentence's features by what stands for each: its name, or a number.

There are millions to be looked up, so each is made once, and loops over words and classes are left to dicts and lists.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate, chain
from typing import Generic, TypeVar

from synthempathy.core.memo import Memo
from synthempathy.filters.base import FIELDS, Field
from synthempathy.filters.classifier.concepts import Concepts
from synthempathy.filters.classifier.features import (
    ALIKE,
    FOLLOWING,
    REACH,
    classes_at,
    local_features,
    opening,
    phrase_features,
)

K = TypeVar("K")


class Keys(Generic[K]):
    """What stands for each feature.

    Attributes:
        local: those of `local_features`, by the word before and the word.
        following: those of two classes in their order, by the first and then the second.
        alike: those of two classes of one word, or of the words at one place.
    """

    def __init__(self, concepts: Concepts, of: Callable[[str], K], unknown: K | None = None) -> None:
        """`of` gives a feature's key by its name; several may share one, as all that are `unknown` do."""
        self.concepts, self.of, self.unknown = concepts, of, unknown
        self.local = {field: Memo(self._local_in(field)) for field in FIELDS}
        self.following: Memo[str, Memo[str, K]] = Memo(lambda first: Memo(lambda other: of(FOLLOWING % (first, other))))
        self.alike: Memo[tuple[str, str], K] = Memo(lambda two: of(ALIKE % (min(two), max(two))))

    def _local_in(self, field: Field) -> Callable[[tuple[str, str]], tuple[K, ...]]:
        def make(two: tuple[str, str]) -> tuple[K, ...]:
            return tuple(key for key in map(self.of, local_features(*two, field, self.concepts)) if key != self.unknown)

        return make


def features(tokens: tuple[str, ...], field: Field, concepts: Concepts) -> dict[str, int]:
    """Each feature of a sentence in `field` by its name, and the place of its first word in the sentence."""
    return placed(tokens, field, Keys(concepts, str))


def placed(tokens: tuple[str, ...], field: Field, keys: Keys[K], start: int = 0) -> dict[K, int]:
    """Each feature of a sentence in `field` by its key, and the place of its first word, the sentence's first at `start`."""
    return first_places(*spread(tokens, field, keys, start))


def first_places(found: Sequence[K], places: Sequence[int]) -> dict[K, int]:
    """What was `found`, in the order in which it came, with the first of its places."""
    first = dict.fromkeys(found, 0)
    first.update(zip(reversed(found), reversed(places), strict=True))  # the first is said last, and stays
    return first


def spread(tokens: tuple[str, ...], field: Field, keys: Keys[K], start: int = 0) -> tuple[list[K], list[int]]:
    """The keys of a sentence's features, as often as it has them, and the place of each; what is unknown among them."""
    found: list[K] = []
    places: list[int] = []
    pairs = zip((opening(field), *tokens), tokens, strict=False)
    for at, local in enumerate(map(keys.local[field].__getitem__, pairs), start):
        found += local
        places += [at] * len(local)
    classes = classes_at(tokens, keys.concepts)
    for at, name in phrase_features(tokens, classes, field, keys.concepts):
        found.append(keys.of(name))
        places.append(start + at)
    names = list(chain.from_iterable(classes))
    spots = [at for at, here in enumerate(classes, start) for _ in here]
    first = [*accumulate(map(len, classes), initial=0), *[len(names)] * REACH]  # of a place's classes among `names`
    for at in dict.fromkeys(spots):
        here, after = classes[at - start], slice(first[at - start + 1], first[at - start + REACH])
        for number, name in enumerate(here, start=1):
            if number < len(here):
                found += [keys.alike[name, other] for other in here[number:]]
                places += [at] * (len(here) - number)
            found += map(keys.following[name].__getitem__, names[after])
            places += spots[after]
    return found, places
