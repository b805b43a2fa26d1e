"""What the classifier sees: a text's sentences, and a sentence as a set of features.

Each feature is one word, or two neighbours, or their classes (concepts.py), or two classes in their order. The classes of a
word that stands in quotation marks, or in a line quoted with ">", are classes of their own: what is quoted is not said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from synthempathy.filters.base import Field
from synthempathy.filters.classifier.concepts import Concepts
from synthempathy.text.words import MARKS, Text

_QUOTED_LINE = re.compile(r"^[ \t]*>.*$", re.MULTILINE)
ENDS = frozenset(".!?;\n")
REACH = 14  # words between two classes that are read together
QUOTED = '"'
WINDOW = 3  # sentences that are read together: harm often takes two ("She trusts you. Use it.")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence: its words and marks, in the normal form, those in a quotation with QUOTED after them."""

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


def features(tokens: tuple[str, ...], field: Field, concepts: Concepts) -> dict[str, int]:
    """Each feature of a sentence in `field`, and the place of its first word in the sentence."""
    plain = [_said(token) for token in tokens]
    classes = [_in_quotes(names, token) for names, token in zip(concepts.places(plain), tokens, strict=True)]
    tokens = tuple(plain)
    found: dict[str, int] = {f"start {tokens[0]}": 0} if tokens else {}
    for name in classes[0] if tokens else ():
        found.setdefault(f"start:{name}", 0)
    before = opening(field)
    before_classes: tuple[str, ...] = (before,)
    for at, token in enumerate(tokens):
        found.setdefault(f"w {token}", at)
        found.setdefault(f"b {before} {token}", at)
        for name in before_classes:
            found.setdefault(f"cw {name} {token}", at)
        for name in classes[at]:
            found.setdefault(f"c {name}", at)
            found.setdefault(f"f {field} {name}", at)
            found.setdefault(f"wc {before} {name}", at)
            for ahead in range(at, min(len(tokens), at + REACH)):
                for other in classes[ahead]:
                    if ahead > at:
                        found.setdefault(f"p {name} {other}", ahead)
                    elif name < other:
                        found.setdefault(f"pp {name} {other}", at)
        before, before_classes = token, classes[at]
    return found


def windows(count: int) -> list[slice]:
    """The runs of WINDOW sentences of a text that has `count`, all of a shorter text."""
    return [slice(first, first + WINDOW) for first in range(max(1, count - WINDOW + 1))] if count else []


def together(parts: Iterable[dict[str, int]]) -> dict[str, int]:
    """The features of sentences that are read together, each with its first place."""
    found: dict[str, int] = {}
    for part in parts:
        found = part | found
    return found


def local_features(before: str, token: str, field: Field, concepts: Concepts) -> list[str]:
    """Those of `features` that hang on one word and the word before it; `opening(field)` before the first word."""
    here = _in_quotes(concepts.of(_said(token)), token)
    first = before == opening(field)
    before_classes = (before,) if first else _in_quotes(concepts.of(_said(before)), before)
    before, token = (before if first else _said(before)), _said(token)
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
    """The tokens, with QUOTED after those in a quotation."""
    quoted = text.quoted
    if ">" in text.raw:
        lines = [found.span() for found in _QUOTED_LINE.finditer(text.raw)]
        quoted = [one or any(a <= start < b for a, b in lines) for one, (start, _) in zip(quoted, text.spans, strict=True)]
    if not any(quoted):
        return text.tokens
    return [token + QUOTED if one and token not in MARKS else token for token, one in zip(text.tokens, quoted, strict=True)]


def _said(token: str) -> str:
    return token[:-1] if len(token) > 1 and token[-1] == QUOTED else token


def _in_quotes(names: tuple[str, ...], token: str) -> tuple[str, ...]:
    return tuple(name + QUOTED for name in names) if names and len(token) > 1 and token[-1] == QUOTED else names


def _add(found: list[Sentence], tokens: list[str], start: int, end: int) -> None:
    if any(len(token) > 1 or token.isalnum() for token in tokens[start:end]):
        found.append(Sentence(tuple(tokens[start:end]), start))
