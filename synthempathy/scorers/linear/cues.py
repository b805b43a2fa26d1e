"""Stated cues as numbers: what a person would underline in a reply (the rubric's cues), and how questions are asked.

Words alone tie a scorer to the topics it was trained on; cues carry over to other people's posts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from synthempathy.core.params import plain, read_mapping
from synthempathy.domain.wording import Wording
from synthempathy.scorers.base import Floats
from synthempathy.scorers.reading import Sentence, words

#: Columns that are counts or shares, computed below.
MEASURES = (
    "asked", "short", "i_share", "you_share", "shared", "echo", "asked_content", "asked_shared", "asked_bare",
)
#: Parts of a table that are no group of cues.
_NO_GROUPS = frozenset(("skipped", "classes", "together", "words"))
#: What a rubric without cues has: the measures alone.
NONE: Mapping[str, Any] = {"skipped": [], "classes": {}, "together": {}}
_LONGEST = 6  # words of a phrase, ^ and $ included
#: Words without content, of English.
SMALL_WORDS = frozenset(
    """
        a about all also am an and any are as at be because been but by can could did do does dont for from get go had
        has have he her him his how i im if in is it its just like me more my no not of on one or out over so some than
        that the their them then there they this to too up was we were what when where which who why will with would you
        your youre
    """.split()  # noqa: SIM905
)
_FIRST_PERSON = frozenset(["i", "im", "ive", "id", "ill", "me", "my", "mine", "myself", "we", "our", "us"])
_SECOND_PERSON = frozenset(["you", "your", "youre", "youve", "youd", "youll", "yours", "yourself"])


@dataclass(frozen=True)
class Known:
    """The words of a language that measures count: without content, of the first person, of the second. Empty: not known."""

    small: frozenset[str] = SMALL_WORDS
    mine: frozenset[str] = _FIRST_PERSON
    yours: frozenset[str] = _SECOND_PERSON
    any_script: bool = False  # letters beyond a to z are letters

    @classmethod
    def of(cls, named: Mapping[str, Sequence[str]] | None) -> Known:
        """English's, or those that a table names under `words`."""
        if named is None:
            return cls()
        small, mine, yours = (
            frozenset(one for word in named[name] for one in words(word, any_script=True)) for name in ("small", "mine", "yours")
        )
        return cls(small | mine | yours if small else small, mine, yours, True)


class Cues:
    """A table of cues, compiled to be found in sentences. Under `words` it names those of a language that is not English.

    `names` are the columns of `matrix`: `<group>_<cue>`, then the combinations, then MEASURES.
    """

    def __init__(self, table: Mapping[str, Any]) -> None:
        self.table, self.known = table, Known.of(table.get("words"))
        self._skipped = frozenset(table["skipped"])
        self._phrases: dict[tuple[str, ...], tuple[int, ...]] = {}
        names: list[str] = []
        for group in (name for name in table if name not in _NO_GROUPS):
            for cue, phrases in table[group].items():
                for spelled in (s for phrase in phrases for s in _spelled(phrase, table["classes"])):
                    self._add(spelled, len(names))
                names.append(f"{group}_{cue}")
        self.names = (*names, *table["together"], *MEASURES)
        place = {name: column for column, name in enumerate(self.names)}
        self._together = [(place[name], [place[part] for part in parts]) for name, parts in table["together"].items()]
        self._reach: dict[str, int] = {}  # by first word, how long its longest phrase is
        for key in self._phrases:
            self._reach[key[0]] = max(len(key), self._reach.get(key[0], 0))

    def matrix(self, sentences: Sequence[Sentence], post_words: Sequence[frozenset[str]]) -> Floats:
        """One row per sentence, one column per name, values in 0..1.

        `post_words` holds, for each sentence, the content words of the explanation that it answers.
        """
        rows = np.zeros((len(sentences), len(self.names)))
        measures = len(self.names) - len(MEASURES)
        for row, sentence, post in zip(rows, sentences, post_words, strict=True):
            row[list(self._seen(sentence.words))] = 1.0
            row[measures:] = _measures(sentence, post, self.known)
        for column, parts in self._together:
            rows[:, column] = rows[:, parts].min(axis=1)
        return rows

    def _add(self, spelled: str, column: int) -> None:
        kept = tuple(w for w in words(spelled, any_script=self.known.any_script) if w not in self._skipped)
        key = ("^",) * spelled.startswith("^") + kept + ("$",) * spelled.endswith("$")
        if not kept or len(key) > _LONGEST:
            raise ValueError(f"cue phrase '{spelled}': 1 to {_LONGEST} words are needed, those under `skipped` not counted")
        columns = self._phrases.get(key, ())
        if column not in columns:
            self._phrases[key] = (*columns, column)

    def _seen(self, spoken: tuple[str, ...]) -> set[int]:
        kept = ("^", *(w for w in spoken if w not in self._skipped), "$")
        seen: set[int] = set()
        for start, word in enumerate(kept):
            for end in range(start + 1, min(start + self._reach.get(word, 0), len(kept)) + 1):
                seen.update(self._phrases.get(kept[start:end], ()))
        return seen


def read_cues(path: Path | None, wording: Wording | None = None) -> Cues:
    """The cues of a YAML file, in the language of `wording`. InputError if there is none; without a path, none are stated."""
    table = dict(NONE if path is None else plain(read_mapping(path)))
    if wording is not None and not wording.english:
        named = {"small": wording.words.small, "mine": wording.voice.pronouns, "yours": wording.words.addressed}
        table["words"] = {name: list(some) for name, some in named.items()}
    return Cues(table)


def content_words(spoken: Sequence[str], small: Set[str] = SMALL_WORDS) -> frozenset[str]:
    """What a reply can pick up from an explanation: its words without the small ones."""
    return frozenset(w for w in spoken if w not in small and len(w) > 2)


def _measures(sentence: Sentence, post: frozenset[str], known: Known) -> tuple[float, ...]:
    spoken = sentence.words
    count = len(spoken)
    content = [w for w in spoken if w not in known.small]
    picked_up = sum(w in post for w in content)
    shared = min(picked_up, 3) / 3
    mine = sum(w in known.mine for w in spoken)
    asked = float(sentence.asked)
    return (
        asked,
        float(count <= 4),
        min(4 * mine / count, 1.0),
        min(4 * sum(w in known.yours for w in spoken) / count, 1.0),
        shared,
        picked_up / len(content) if mine and content else 0.0,  # the post repeated: a weak model's reply
        asked * min(len(content), 4) / 4,
        asked * shared,
        asked * float(count <= 3),
    )


def _spelled(phrase: str, classes: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """`phrase` with every {class} replaced by each of the class's own phrases."""
    parts = [classes[w[1:-1]] if w.startswith("{") else [w] for w in phrase.split()]
    return (" ".join(choice) for choice in product(*parts))
