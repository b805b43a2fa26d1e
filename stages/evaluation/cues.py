"""Cues of empathy as numbers: what a person would underline in a reply (cues.yaml), and how questions are put.

Words alone tie a scorer to the topics it was trained on; cues carry over to other people's posts.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from ruamel.yaml import YAML

from stages.evaluation.text import Sentence, words

_LONGEST = 5  # words of a phrase, ^ and $ included
_STOP = frozenset(
    "a about all also am an and any are as at be because been but by can could did do does dont for from get go had has have he her "
    "him his how i im if in is it its just like me more my no not of on one or out over so some than that the their them then there "
    "they this to too up was we were what when where which who why will with would you your youre".split()
)
_FIRST_PERSON = frozenset("i im ive id ill me my mine myself we our us".split())
_SECOND_PERSON = frozenset("you your youre youve youd youll yours yourself".split())
MEASURES = ("asked", "length", "short", "i_share", "you_share", "shared", "asked_words", "asked_specific", "asked_shared", "asked_bare")


class Cues:
    """The cues of cues.yaml, ready to be looked for.

    `names` are the columns of `matrix`: `<mechanism>_<cue>`, then the combinations, then MEASURES.
    """

    def __init__(self, path: Path | None = None) -> None:
        table = YAML(typ="safe", pure=True).load(path or Path(__file__).with_name("cues.yaml"))
        self._skipped = frozenset(table["skipped"])
        self._together: list[tuple[int, ...]] = []
        self._phrases: dict[tuple[str, ...], list[int]] = {}
        names: list[str] = []
        for group in ("er", "ip", "ex", "other"):
            for cue, phrases in table[group].items():
                for phrase in phrases:
                    for spelled in _spelled(phrase, table["classes"]):
                        key = self._key(spelled)
                        if not 0 < len(key) <= _LONGEST:
                            raise ValueError(f"{group}.{cue}: '{spelled}' must have 1 to {_LONGEST} words")
                        columns = self._phrases.setdefault(key, [])
                        if len(names) not in columns:
                            columns.append(len(names))
                names.append(f"{group}_{cue}")
        self._single = len(names)
        place = {name: column for column, name in enumerate([*names, "asked"])}
        self._together = [tuple(place[p] for p in parts) for parts in table["together"].values()]
        self._first_words = frozenset(key[0] for key in self._phrases)
        self.names = (*names, *table["together"], *MEASURES)

    def matrix(self, found: Sequence[Sentence], explanations: Sequence[frozenset[str]]) -> NDArray[np.float64]:
        """One row a sentence, one column a name, values in 0..1. `explanations` holds each sentence's `told` words."""
        rows = np.zeros((len(found), len(self.names)))
        for row, sentence, told in zip(rows, found, explanations, strict=True):
            seen = self._seen(sentence.words)
            if sentence.asked:
                seen.add(self._single)
            for column in seen:
                if column < self._single:
                    row[column] = 1.0
            for offset, parts in enumerate(self._together, start=self._single):
                if seen.issuperset(parts):
                    row[offset] = 1.0
            row[self._single + len(self._together) :] = _measures(sentence, told)
        return rows

    def _key(self, spelled: str) -> tuple[str, ...]:
        kept = tuple(w for w in words(spelled) if w not in self._skipped)
        return ("^",) * spelled.startswith("^") + kept + ("$",) * spelled.endswith("$")

    def _seen(self, spoken: tuple[str, ...]) -> set[int]:
        kept = ["^", *(w for w in spoken if w not in self._skipped), "$"]
        seen: set[int] = set()
        for start, word in enumerate(kept):
            if word in self._first_words:
                for end in range(start + 1, min(start + _LONGEST, len(kept)) + 1):
                    columns = self._phrases.get(tuple(kept[start:end]))
                    if columns:
                        seen.update(columns)
        return seen


@cache
def cues() -> Cues:
    """The shipped cues, read once."""
    return Cues()


def told(spoken: Sequence[str]) -> frozenset[str]:
    """An explanation's content words: what a reply can pick up."""
    return frozenset(w for w in spoken if w not in _STOP and len(w) > 2)


def _measures(sentence: Sentence, told: frozenset[str]) -> tuple[float, ...]:
    spoken = sentence.words
    count = len(spoken)
    content = [w for w in spoken if w not in _STOP]
    shared = min(sum(w in told for w in content), 3) / 3
    second = sum(w in _SECOND_PERSON for w in spoken)
    asked = float(sentence.asked)
    return (
        asked,
        math.log1p(count) / 4,
        float(count <= 4),
        min(4 * sum(w in _FIRST_PERSON for w in spoken) / count, 1.0),
        min(4 * second / count, 1.0),
        shared,
        asked * min(math.log1p(count) / 3, 1.0),
        asked * min(len(content), 4) / 4,
        asked * shared,
        asked * float(count <= 3),

    )


def _spelled(phrase: str, classes: dict[str, list[str]]) -> Iterator[str]:
    """`phrase` with every {class} replaced by each of the class's own phrases."""
    parts = [classes[w[1:-1]] if w.startswith("{") else [w] for w in phrase.split()]
    for choice in product(*parts):
        yield " ".join(choice)
