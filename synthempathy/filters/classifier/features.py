"""What the classifier sees: a text's sentences, and a sentence as a set of features.

Each feature is one word, or two neighbours, or their classes (concepts.py), or two classes in their order. The classes of a
word that stands in quotation marks, or in a line quoted with ">", are classes of their own, and so are some classes of a word
that is negated: what is quoted or denied is not said. Which group a text names is no feature: all names of groups are one word.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, compress, pairwise
from typing import NamedTuple, TypeVar

from synthempathy.core.memo import Memo
from synthempathy.filters.base import Field
from synthempathy.filters.classifier.concepts import GROUP, NEGATED, QUOTED, Concepts, said, voiced
from synthempathy.text.words import MARKS, Text

#: The names of features: a word, two neighbours, a word that is negated; a class, a class in a field, a word and the class after
#: it, a class and the word after it; what a sentence begins with; two classes in their order, and two at one place.
WORD, NEIGHBOURS, NEGATED_WORD = "w %s", "b %s %s", "n %s"
CLASS, CLASS_IN, WORD_CLASS, CLASS_WORD = "c %s", "f %s %s", "wc %s %s", "cw %s %s"
FIRST_WORD, FIRST_CLASS = "start %s", "start:%s"
FOLLOWING, ALIKE = "p %s %s", "pp %s %s"

_QUOTED_LINE = re.compile(r"^[ \t]*>.*$", re.MULTILINE)
ENDS = frozenset(".!?;\n")
REACH = 14  # words between two classes that are read together
SCOPE = 4  # words after a negation that it holds for
A_GROUP = "<group>"  # stands for every name of a group: they are all alike
_NAMED = frozenset((GROUP, GROUP + QUOTED))
_NEGATIONS = frozenset((
    "not", "never", "no", "nobody", "none", "nor", "neither", "without", "cannot", "cant", "dont", "wont", "isnt", "arent",
    "aint", "doesnt", "didnt", "wasnt", "werent", "shouldnt", "wouldnt",
))
_TURNS = frozenset(("but", "because", "so", "though", "except"))  # end what a negation holds for
_NEGATES = Memo[str, bool](lambda word: word in _NEGATIONS or word.endswith("n't"))
_SAID = Memo[str, str](said)
K = TypeVar("K")
V = TypeVar("V")
WINDOW = 3  # sentences that are read together: harm often takes two ("She trusts you. Use it.")


class Sentence(NamedTuple):
    """One sentence: its words and marks, in the normal form, with QUOTED or NEGATED after those that are."""

    tokens: tuple[str, ...]
    start: int  # the number of its first token in the text


def sentences(text: Text) -> list[Sentence]:
    """The sentences of `text` that hold a word."""
    tokens = _marked(text)
    ends = [at for at, token in enumerate(tokens, start=1) if token in ENDS]
    parts = ((start, tuple(tokens[start:end])) for start, end in pairwise((0, *ends, len(tokens))))
    return [Sentence(part, start) for start, part in parts if not MARKS.issuperset(part)]


def classes_at(tokens: Sequence[str], concepts: Concepts) -> list[tuple[str, ...]]:
    """The classes of each word of a sentence, as they are where it stands; those of a phrase last, at its first word.

    After them, in a sentence that names a group, the classes that are read beside one.
    """
    found = list(map(concepts.marked.__getitem__, tokens))
    words = list(map(_SAID.__getitem__, tokens))
    for at, names in _hung(words, found, concepts):
        found[at] = (*found[at], *(name for name in voiced(names, tokens[at]) if name not in found[at]))
    return found


def _hung(words: Sequence[str], found: Sequence[Sequence[str]], concepts: Concepts) -> Iterator[tuple[int, Sequence[str]]]:
    """The classes of phrases; then, if by these too a group is `found`, those that are read beside one."""
    yield from concepts.phrases(words)
    if not _NAMED.isdisjoint(chain.from_iterable(found)):
        yield from concepts.beside(words)


def phrase_features(
    tokens: Sequence[str], classes: Sequence[tuple[str, ...]], field: Field, concepts: Concepts,
) -> Iterator[tuple[int, str]]:
    """Those of `features` that hang on a phrase, a class read beside a group, or a word's being negated, with their places."""
    own = list(map(concepts.marked.__getitem__, tokens))
    for at in [at for at, token in enumerate(tokens) if token[-1] == NEGATED or classes[at] is not own[at]]:
        token, names = tokens[at], classes[at][len(own[at]):]
        if token[-1] == NEGATED and len(token) > 1:
            yield at, NEGATED_WORD % unnamed(token[:-1], concepts)
        if names:
            before = unnamed(said(tokens[at - 1]), concepts) if at else opening(field)
            for name in names:
                yield from ((at, CLASS % name), (at, CLASS_IN % (field, name)), (at, WORD_CLASS % (before, name)))
                if not at:
                    yield at, FIRST_CLASS % name
                if at + 1 < len(tokens):
                    yield at + 1, CLASS_WORD % (name, unnamed(said(tokens[at + 1]), concepts))


def windows(count: int) -> list[slice]:
    """The runs of WINDOW sentences of a text that has `count`, all of a shorter text."""
    return [slice(first, first + WINDOW) for first in range(max(1, count - WINDOW + 1))] if count else []


def together(parts: Iterable[dict[K, V]]) -> dict[K, V]:
    """The features of sentences that are read together, each with what its first sentence has for it."""
    found: dict[K, V] = {}
    for part in parts:
        found = part | found
    return found


def local_features(before: str, token: str, field: Field, concepts: Concepts) -> list[str]:
    """Those of `features` that hang on one word and the word before it; `opening(field)` before the first word."""
    here = concepts.marked[token]
    first = before == opening(field)
    before_classes = (before,) if first else concepts.marked[before]
    before, token = (before if first else unnamed(said(before), concepts)), unnamed(said(token), concepts)
    found = [WORD % token, NEIGHBOURS % (before, token), *[CLASS_WORD % (name, token) for name in before_classes]]
    for name in here:
        found += (CLASS % name, CLASS_IN % (field, name), WORD_CLASS % (before, name))
    if first:
        found += (FIRST_WORD % token, *(FIRST_CLASS % name for name in here))
    return found


def opening(field: Field) -> str:
    """What stands before the first word of a sentence in `field`."""
    return f"^{field}"


def _marked(text: Text) -> list[str]:
    """The tokens, with QUOTED after words in a quotation, else NEGATED after those that a negation holds for."""
    tokens = text.tokens
    found = list(tokens)
    for at in [at for at, token in enumerate(tokens) if _NEGATES[token]]:
        for held in range(at + 1, min(at + 1 + SCOPE, len(tokens))):
            if tokens[held] in MARKS or tokens[held] in _TURNS:
                break
            found[held] = tokens[held] + NEGATED
    if '"' in text.vocabulary or ">" in text.raw:
        for at in compress(range(len(tokens)), _quoted(text)):
            if tokens[at] not in MARKS:
                found[at] = tokens[at] + QUOTED
    return found


def _quoted(text: Text) -> list[bool]:
    """For each token, does it stand in quotation marks, or in a line quoted with ">"?"""
    quoted = list(text.quoted)
    if ">" in text.raw:
        starts = [start for start, _ in text.spans]
        for line in _QUOTED_LINE.finditer(text.raw):
            first, end = (bisect_left(starts, at) for at in line.span())
            quoted[first:end] = [True] * (end - first)
    return quoted


def unnamed(token: str, concepts: Concepts) -> str:
    """A word, or A_GROUP where it is the name of a group and nothing else."""
    return A_GROUP if concepts.of(token) == (GROUP,) else token
