"""What the classifier sees: a text's sentences, and a sentence as a set of features.

Each feature is one word, or two neighbours, or their classes (concepts.py), or two classes in their order. The classes of a
word that stands in quotation marks, or in a line quoted with ">", are classes of their own, and so are some classes of a word
that is negated: what is quoted or denied is not said. Which group a text names is no feature: all names of groups are one word.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Generic, TypeVar

from synthempathy.filters.base import Field
from synthempathy.filters.classifier.concepts import Concepts
from synthempathy.text.words import MARKS, Text

_QUOTED_LINE = re.compile(r"^[ \t]*>.*$", re.MULTILINE)
ENDS = frozenset(".!?;\n")
REACH = 14  # words between two classes that are read together
QUOTED, NEGATED = '"', "~"
SCOPE = 4  # words after a negation that it holds for
#: Classes that mean another thing where they are negated ("they are not vermin", "they do not belong").
NEGATABLE = frozenset((
    "hating", "dehumanising", "eliminating", "excluding", "inferior", "contempt", "insult_noun", "insult_adj",
    "praising",
))
#: The class whose words are all alike.
GROUP, A_GROUP = "group", "<group>"
_NEGATIONS = frozenset((
    "not", "never", "no", "nobody", "none", "nor", "neither", "without", "cannot", "cant", "dont", "wont", "isnt", "arent",
    "aint", "doesnt", "didnt", "wasnt", "werent", "shouldnt", "wouldnt",
))
_TURNS = frozenset(("but", "because", "so", "though", "except"))  # end what a negation holds for
K = TypeVar("K")
MOST_KNOWN = 300_000  # pairs of words whose features are remembered
WINDOW = 3  # sentences that are read together: harm often takes two ("She trusts you. Use it.")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence: its words and marks, in the normal form, with QUOTED or NEGATED after those that are."""

    tokens: tuple[str, ...]
    start: int  # the number of its first token in the text


def sentences(text: Text) -> list[Sentence]:
    """The sentences of `text` that hold a word."""
    found: list[Sentence] = []
    start, tokens = 0, _marked(text)
    for at, token in enumerate(tokens):
        if token in ENDS:
            _add(found, tokens, start, at + 1)
            start = at + 1
    _add(found, tokens, start, len(tokens))
    return found


class Keys(Generic[K]):
    """What stands for each feature: its name, or a number. Made once for each, since there are millions to be looked up."""

    def __init__(self, concepts: Concepts, of: Callable[[str], K]) -> None:
        """`of` gives a feature's key by its name; several may share one."""
        self.concepts, self.of = concepts, of
        self._local: dict[tuple[str, str, Field], tuple[K, ...]] = {}
        self._following: dict[str, _Following[K]] = {}
        self._alike: dict[tuple[str, str], K] = {}

    def local(self, before: str, token: str, field: Field) -> tuple[K, ...]:
        """Those of `local_features`."""
        found = self._local.get((before, token, field))
        if found is None:
            if len(self._local) > MOST_KNOWN:
                self._local.clear()
            found = tuple(map(self.of, local_features(before, token, field, self.concepts)))
            self._local[before, token, field] = found
        return found

    def following(self, first: str) -> _Following[K]:
        """The classes that may follow `first`, each with the key of the feature that it does."""
        found = self._following.get(first)
        if found is None:
            found = self._following[first] = _Following(first, self.of)
        return found

    def alike(self, name: str, other: str) -> K:
        """That one word, or the words at one place, are of both classes."""
        found = self._alike.get((name, other))
        if found is None:
            found = self._alike[name, other] = self.of(f"pp {min(name, other)} {max(name, other)}")
        return found


class _Following(dict[str, K]):
    """A class -> the key of the feature that it follows another one."""

    def __init__(self, first: str, of: Callable[[str], K]) -> None:
        self._first, self._of = first, of

    def __missing__(self, other: str) -> K:
        self[other] = found = self._of(f"p {self._first} {other}")
        return found


def features(tokens: tuple[str, ...], field: Field, concepts: Concepts) -> dict[str, int]:
    """Each feature of a sentence in `field` by its name, and the place of its first word in the sentence."""
    return placed(tokens, field, Keys(concepts, str))


def placed(tokens: tuple[str, ...], field: Field, keys: Keys[K], start: int = 0) -> dict[K, int]:
    """Each feature of a sentence in `field` by its key, and the place of its first word, the sentence's first at `start`."""
    found: dict[K, int] = {}
    classes = classes_at(tokens, keys.concepts)
    before = opening(field)
    for at, token in enumerate(tokens, start):
        for key in keys.local(before, token, field):
            found.setdefault(key, at)
        before = token
    for at, name in phrase_features(tokens, classes, field, keys.concepts):
        found.setdefault(keys.of(name), start + at)
    spots = [(at, name) for at, names in enumerate(classes, start) for name in names]
    for number, (at, name) in enumerate(spots, start=1):
        following = keys.following(name)
        for ahead, other in islice(spots, number, None):
            if ahead == at:
                found.setdefault(keys.alike(name, other), at)
            elif ahead < at + REACH:
                found.setdefault(following[other], ahead)
            else:
                break
    return found


def classes_at(tokens: Sequence[str], concepts: Concepts) -> list[tuple[str, ...]]:
    """The classes of each word of a sentence, as they are where it stands; those of a phrase last, at its first word."""
    found = [_own(token, concepts) for token in tokens]
    said = [_said(token) for token in tokens]
    for at, names in concepts.phrases(said):
        found[at] = (*found[at], *(name for name in _voiced(names, tokens[at]) if name not in found[at]))
    return found


def phrase_features(
    tokens: Sequence[str], classes: Sequence[tuple[str, ...]], field: Field, concepts: Concepts,
) -> Iterator[tuple[int, str]]:
    """Those of `features` that hang on a phrase, or on a word's being negated, with their places."""
    for at, (token, names) in enumerate(zip(tokens, classes, strict=True)):
        if token[-1] == NEGATED and len(token) > 1:
            yield at, f"n {_unnamed(token[:-1], concepts)}"
        own = _own(token, concepts)
        if names is not own:
            before = _unnamed(_said(tokens[at - 1]), concepts) if at else opening(field)
            for name in names[len(own):]:
                yield from ((at, f"c {name}"), (at, f"f {field} {name}"), (at, f"wc {before} {name}"))
                if not at:
                    yield at, f"start:{name}"
                if at + 1 < len(tokens):
                    yield at + 1, f"cw {name} {_unnamed(_said(tokens[at + 1]), concepts)}"


def _own(token: str, concepts: Concepts) -> tuple[str, ...]:
    """The classes of a word without those of phrases, as they are where it stands; always the same tuple."""
    found = concepts.marked.get(token)
    if found is None:
        found = concepts.marked[token] = _voiced(concepts.of(_said(token)), token)
    return found


def windows(count: int) -> list[slice]:
    """The runs of WINDOW sentences of a text that has `count`, all of a shorter text."""
    return [slice(first, first + WINDOW) for first in range(max(1, count - WINDOW + 1))] if count else []


def together(parts: Iterable[dict[K, int]]) -> dict[K, int]:
    """The features of sentences that are read together, each with its first place."""
    found: dict[K, int] = {}
    for part in parts:
        found = part | found
    return found


def local_features(before: str, token: str, field: Field, concepts: Concepts) -> list[str]:
    """Those of `features` that hang on one word and the word before it; `opening(field)` before the first word."""
    here = _own(token, concepts)
    first = before == opening(field)
    before_classes = (before,) if first else _own(before, concepts)
    before, token = (before if first else _unnamed(_said(before), concepts)), _unnamed(_said(token), concepts)
    return [
        f"w {token}", f"b {before} {token}",
        *(f"cw {name} {token}" for name in before_classes),
        *(f"{kind} {name}" for name in here for kind in ("c", f"f {field}", f"wc {before}")),
        *((f"start {token}", *(f"start:{name}" for name in here)) if first else ()),
    ]


def opening(field: Field) -> str:
    """What stands before the first word of a sentence in `field`."""
    return f"^{field}"


def _marked(text: Text) -> list[str]:
    """The tokens, with QUOTED after words in a quotation, else NEGATED after those that a negation holds for."""
    quoted = text.quoted
    if ">" in text.raw:
        lines = [found.span() for found in _QUOTED_LINE.finditer(text.raw)]
        quoted = [one or any(a <= start < b for a, b in lines) for one, (start, _) in zip(quoted, text.spans, strict=True)]
    found: list[str] = []
    scope = 0
    for token, inside in zip(text.tokens, quoted, strict=True):
        mark = token in MARKS
        scope = 0 if mark or token in _TURNS else scope - 1
        found.append(token if mark else token + QUOTED if inside else token + NEGATED if scope > 0 else token)
        if token in _NEGATIONS or token.endswith("n't"):
            scope = SCOPE + 1
    return found


def _said(token: str) -> str:
    return token[:-1] if len(token) > 1 and token[-1] in QUOTED + NEGATED else token


def _voiced(names: Sequence[str], token: str) -> tuple[str, ...]:
    """The classes of a word, as they are where it stands."""
    if not names or len(token) < 2 or token[-1] not in QUOTED + NEGATED:
        return tuple(names)
    return tuple(name + token[-1] if token[-1] == QUOTED or name in NEGATABLE else name for name in names)


def _unnamed(token: str, concepts: Concepts) -> str:
    return A_GROUP if concepts.of(token) == (GROUP,) else token


def _add(found: list[Sentence], tokens: list[str], start: int, end: int) -> None:
    if any(len(token) > 1 or token.isalnum() for token in tokens[start:end]):
        found.append(Sentence(tuple(tokens[start:end]), start))
