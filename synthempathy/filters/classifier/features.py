"""What the classifier sees: a text's sentences, and a sentence as a set of features.

Each feature is one word, or two neighbours, or their classes (concepts.py), or two classes in their order. Disguises
are undone first: b1tch, a$$hole, f*ck, f u c k.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from synthempathy.filters.classifier.concepts import Concepts
from synthempathy.filters.verdict import Field
from synthempathy.text.words import Text, text_of

ENDS = frozenset(".!?;\n")
REACH = 14  # words between two classes that are read together
WINDOW = 3  # sentences that are read together: harm often takes two ("She trusts you. Use it.")
LETTERS = 4  # so many different letters that stand alone may spell a word, besides "a", "I" and the like

_PLAIN = str.maketrans("013457@$!", "oieastasi")
_TOKEN = re.compile(
    r"""\b[a-z](?:[ .][a-z]){2,}\b|[@$]?[^\W_]+(?:['@$!*]+[^\W_]+)*\$*|[.!?;:\n"]"""
)
_RUN = re.compile(r"([a-z])\1\1+")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence: its words and marks, lower-case, and where each stands in the text."""

    tokens: tuple[str, ...]
    start: int  # the number of its first token in the text


def plain_text(raw: str, concepts: Concepts) -> Text:
    """`raw` with disguised words read as what they disguise."""
    text = text_of(raw)
    if not _disguises(text):
        return text
    return Text(raw, _TOKEN, [_undisguised(token, concepts) for token in _TOKEN.findall(text.lower)])


def sentences(text: Text) -> list[Sentence]:
    """The sentences of `text` that hold a word."""
    found: list[Sentence] = []
    start, tokens = 0, text.tokens
    for at, token in enumerate(tokens):
        if token in ENDS:
            _add(found, tokens, start, at + 1)
            start = at + 1
    _add(found, tokens, start, len(tokens))
    return found


def features(tokens: tuple[str, ...], field: Field, concepts: Concepts) -> dict[str, int]:
    """Each feature of a sentence in `field`, and the place of its first word in the sentence."""
    classes = concepts.places(tokens)
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
    here = concepts.of(token)
    first = before == opening(field)
    before_classes = (before,) if first else concepts.of(before)
    return [
        f"w {token}", f"b {before} {token}",
        *(f"cw {name} {token}" for name in before_classes),
        *(f"{kind} {name}" for name in here for kind in ("c", f"f {field}", f"wc {before}")),
        *((f"start {token}", *(f"start:{name}" for name in here)) if first else ()),
    ]


def opening(field: Field) -> str:
    """What stands before the first word of a sentence in `field`."""
    return f"^{field}"


def _disguises(text: Text) -> bool:
    """May the text hold a disguised word? Quick, because every text is asked."""
    lower = text.lower
    if "*" in lower or "@" in lower or "$" in lower or "!" in lower.rstrip("!"):
        return True
    letters = 0
    for token in text.vocabulary:
        if len(token) == 1:
            letters += token.isalpha()
        elif _odd(token):
            return True
    return letters >= LETTERS


@lru_cache(maxsize=65536)
def _odd(token: str) -> bool:
    """Does the word mix digits with letters (but for a number and its unit), or say a letter three times in a row?"""
    if token[0].isdigit() and token.lstrip("0123456789").isalpha():
        return False
    return (not token.isalpha() and not token.isdigit() and any(c.isdigit() for c in token)) or bool(_RUN.search(token))


def _add(found: list[Sentence], tokens: list[str], start: int, end: int) -> None:
    if any(len(token) > 1 or token.isalnum() for token in tokens[start:end]):
        found.append(Sentence(tuple(tokens[start:end]), start))


def _undisguised(token: str, concepts: Concepts) -> str:
    if " " in token or (token.count(".") and len(token) > 1):
        joined = token.replace(" ", "").replace(".", "")
        return joined if concepts.of(joined) else token
    if token.isalpha() and not _RUN.search(token):
        return token
    if not any("a" <= character <= "z" for character in token):
        return token  # $455 is money
    return _shown(token, concepts)


@lru_cache(maxsize=4096)
def _shown(token: str, concepts: Concepts) -> str:
    letters = token.translate(_PLAIN)
    for form in (letters, _RUN.sub(r"\1", letters), _RUN.sub(r"\1\1", letters)):
        if form in concepts.words:
            return form
    stars = letters.count("*")
    if stars and 3 * stars <= 2 * len(letters) and stars < len(letters) - 1:
        hidden = re.compile(re.escape(letters).replace(r"\*", "[a-z]"))
        return next((word for word in sorted(concepts.words) if hidden.fullmatch(word)), token)
    return letters if "*" not in letters and concepts.of(letters) else token
