"""Word classes, which the classifier reads beside the words: few examples then teach much.

"Skip your insulin" says something about "flush the tablets" only to one who knows that skip and flush are of one class
and insulin and tablets of another. The classes stand in data/safety/concepts.yaml; what they mean together is learned.
A word that is quoted or negated bears a mark (QUOTED, NEGATED), and so do its classes: what is quoted or denied is not said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, RootModel

from synthempathy.core.errors import InputError
from synthempathy.core.large_yaml import read_model
from synthempathy.core.memo import Memo
from synthempathy.text.disguise import Disguises
from synthempathy.text.words import Text, text_of

Table = Mapping[str, Sequence[str]]

QUOTED, NEGATED = '"', "~"
#: Classes that mean another thing where they are negated ("they are not vermin", "they do not belong").
NEGATABLE = frozenset((
    "hating", "dehumanising", "eliminating", "excluding", "inferior", "contempt", "insult_noun", "insult_adj",
    "praising",
))
#: The class of the names of groups, and classes that are read in a sentence that holds one: what is harmless beside it. Elsewhere
#: they would only teach the style of the texts.
GROUP = "group"
BESIDE_GROUPS = frozenset(("everyday", "informing", "needing", "nonhuman"))


class Concepts:
    """Which classes a word belongs to. `table` gives the words of each class; a * stands for any ending, or beginning."""

    def __init__(self, table: Table) -> None:
        self.table = {name: list(words) for name, words in table.items()}
        self._own = _Index({name: words for name, words in self.table.items() if name not in BESIDE_GROUPS})
        self._beside = _Index({name: words for name, words in self.table.items() if name in BESIDE_GROUPS})
        self.words = self._own.words | self._beside.words
        #: The classes of a word with its mark, as they are where it stands; always the same tuple.
        self.marked: Memo[str, tuple[str, ...]] = Memo(lambda token: voiced(self.of(said(token)), token))
        self._disguises = Disguises(self._own.words, belongs=lambda word: bool(self.of(word)), spelled=True)

    def read(self, raw: str) -> Text:
        """`raw` as the classifier reads it: with words of these classes undisguised."""
        return self._disguises.undone(text_of(raw))

    def of(self, word: str) -> tuple[str, ...]:
        """The classes of one word, sorted, but those that are read beside the name of a group alone."""
        return self._own.of(word)

    def phrases(self, words: Sequence[str]) -> list[tuple[int, Sequence[str]]]:
        """Where phrases begin among `words`, and their classes, but those that are read beside the name of a group alone."""
        return self._own.phrases(words)

    def beside(self, words: Sequence[str]) -> list[tuple[int, Sequence[str]]]:
        """Where words and phrases of BESIDE_GROUPS begin among `words`, and their classes."""
        single = ((at, self._beside.of(word)) for at, word in enumerate(words))
        return [*((at, names) for at, names in single if names), *self._beside.phrases(words)]


class _Index:
    """The words and phrases of some classes."""

    def __init__(self, table: Table) -> None:
        self.words: set[str] = set()
        self._exact: dict[str, set[str]] = {}
        self._stems: list[tuple[str, str]] = []
        self._endings: list[tuple[str, str]] = []
        self._phrases: dict[tuple[str, str], list[tuple[list[str], str]]] = {}  # by the first two words
        for name, entries in table.items():
            for entry in entries:
                self._learn(name, entry)
        self._any_stem, self._any_ending = tuple(stem for stem, _ in self._stems), tuple(end for end, _ in self._endings)
        self._known: dict[str, tuple[str, ...]] = {}

    def of(self, word: str) -> tuple[str, ...]:
        found = self._known.get(word)
        if found is None:
            names = set(self._exact.get(word, ()))
            if word.startswith(self._any_stem):  # of all at once: few words begin with one
                names |= {name for stem, name in self._stems if word.startswith(stem)}
            if word.endswith(self._any_ending):
                names |= {name for ending, name in self._endings if word.endswith(ending) and len(word) > len(ending) + 1}
            found = self._known[word] = tuple(sorted(names))
        return found

    def phrases(self, words: Sequence[str]) -> list[tuple[int, Sequence[str]]]:
        found: list[tuple[int, Sequence[str]]] = []
        begun = [(at, two) for at, two in enumerate(pairwise(words)) if two in self._phrases]
        for at, two in begun:
            names = [name for phrase, name in self._phrases[two] if list(words[at : at + len(phrase)]) == phrase]
            if names:
                found.append((at, list(dict.fromkeys(names))))
        return found

    def _learn(self, name: str, entry: str) -> None:
        words = text_of(entry.strip("*")).words  # as texts are read: co-worker is two words
        if not words:
            raise ValueError(f"class {name}: {entry!r} holds no word")
        self.words.update(words)
        if entry.startswith("*"):
            self._endings.append((words[0], name))
        elif len(words) > 1:
            self._phrases.setdefault((words[0], words[1]), []).append((words, name))
        elif entry.endswith("*"):
            self._stems.append((words[0], name))
        else:
            self._exact.setdefault(words[0], set()).add(name)


def said(token: str) -> str:
    """A word without its mark."""
    return token[:-1] if len(token) > 1 and token[-1] in QUOTED + NEGATED else token


def voiced(names: Sequence[str], token: str) -> tuple[str, ...]:
    """The classes of a word, as they are where it stands."""
    if not names or len(token) < 2 or token[-1] not in QUOTED + NEGATED:
        return tuple(names)
    return tuple(name + token[-1] if token[-1] == QUOTED or name in NEGATABLE else name for name in names)


def _words(value: object) -> list[str]:
    if isinstance(value, str):
        return value.split()
    if not isinstance(value, list):
        raise ValueError("not a list of words")
    return [str(entry) for entry in value]


class _Table(RootModel[dict[str, Annotated[list[str], BeforeValidator(_words)]]]):
    """The words of each class."""


def read_concepts(path: Path) -> Concepts:
    """The classes of a YAML file: a list, or words with spaces between, for each. InputError names line and class."""
    table = read_model(path, _Table)
    try:
        return Concepts(table.root)
    except ValueError as error:
        raise InputError(str(error), file=path, hint="write a word, or a stem with *") from None
