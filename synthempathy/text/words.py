"""A text as words and sentence marks in the normal form (normal.py), read once and shared by all rules of a row.

A word is a run of letters and digits of any script. Where a script parts no words by spaces (Chinese, Japanese, Thai), such a
run is a whole clause, and where it writes vowels as marks (Devanagari) a syllable: rules that look for words find none there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache

from synthempathy.text.normal import normal_in_place, places

#: What no phrase crosses. A comma or a hyphen is not among them.
MARKS = frozenset('.!?;:\n"')

_TOKEN = re.compile(r"""[^\W_]+(?:'[^\W_]+)*|[.!?;:\n"]""")
#: What is neither of a word nor a mark, in ASCII, as a space; and an apostrophe at the edge of a word.
_SPACED = str.maketrans({chr(code): " " for code in range(128) if not chr(code).isalnum() and chr(code) not in {"'", *MARKS}})
_AT_AN_EDGE = re.compile(r"'(?:(?![a-z0-9])|(?<![a-z0-9]'))")


#: Start and end (not included), in characters of the text as it stands.
Span = tuple[int, int]


class Text:
    """One text. `tokens` are its words, in the normal form, and its marks; `lower` is the whole of it in that form."""

    def __init__(
        self, raw: str, pattern: re.Pattern[str] = _TOKEN, tokens: Sequence[str] | None = None,
        spans: Sequence[Span] | None = None,
    ) -> None:
        """`tokens` replaces what `pattern` finds, one for one (a disguised word by its plain form); or stands at `spans`."""
        self.raw, self._pattern = raw, pattern
        self.lower = normal_in_place(raw)
        self.tokens: list[str] = list(tokens) if tokens is not None else _found(pattern, self.lower)
        if spans is not None:
            self.spans = list(spans)

    def in_raw(self, start: int, end: int) -> Span:
        """Where the characters `start` to `end` (not included) of `lower` stand in `raw`."""
        if start == end:
            return (self._places[start], self._places[start]) if start < len(self._places) else (len(self.raw), len(self.raw))
        return self._places[start], self._places[end - 1] + 1

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        """Each token once."""
        return frozenset(self.tokens)

    @cached_property
    def places(self) -> dict[str, list[int]]:
        """Where each token stands among `tokens`."""
        places: dict[str, list[int]] = {}
        for at, token in enumerate(self.tokens):
            places.setdefault(token, []).append(at)
        return places

    @cached_property
    def words(self) -> list[str]:
        """The tokens without marks."""
        return [token for token in self.tokens if token not in MARKS]

    @cached_property
    def spans(self) -> list[Span]:
        """Where each token stands in `raw`."""
        found = (match.span() for match in self._pattern.finditer(self.lower))
        return list(found) if self.raw.isascii() else [self.in_raw(*span) for span in found]

    @cached_property
    def _places(self) -> Sequence[int]:
        return places(self.raw)

    @cached_property
    def quoted(self) -> list[bool]:
        """For each token: does it stand between double quotes of one line? A lone quote opens nothing."""
        inside = [False] * len(self.tokens)
        if '"' not in self.vocabulary:
            return inside
        opened: int | None = None
        for at, token in enumerate(self.tokens):
            if token == "\n":
                opened = None
            elif token == '"':
                if opened is not None:
                    inside[opened + 1 : at] = [True] * (at - opened - 1)
                opened = at if opened is None else None
        return inside


def _found(pattern: re.Pattern[str], lower: str) -> list[str]:
    """What `pattern` finds. In ASCII by replacing and splitting, which takes a third of the time."""
    if pattern is not _TOKEN or not lower.isascii():
        return pattern.findall(lower)
    spaced = _AT_AN_EDGE.sub(" ", lower.translate(_SPACED))
    for mark in MARKS:
        spaced = spaced.replace(mark, f" {mark} ")
    return list(filter(None, spaced.split(" ")))


def each_in(words: Iterable[str], wanted: frozenset[str]) -> list[bool]:
    """For each word whether it is one of `wanted`, or what an apostrophe parts from the rest of it: j'ai holds j'.

    >>> each_in(["j'ai", "jamais", "je"], frozenset({"je", "j'"}))
    [True, False, True]
    """
    heads = _elided(wanted)
    if not heads:
        return list(map(wanted.__contains__, words))
    return [word in wanted or ("'" in word and word[: word.index("'") + 1] in heads) for word in words]


@lru_cache(maxsize=64)
def _elided(words: frozenset[str]) -> frozenset[str]:
    """Those that end in an apostrophe: most languages have none."""
    return frozenset(word for word in words if word.endswith("'"))


@lru_cache(maxsize=8)
def text_of(raw: str) -> Text:
    """`raw` as a Text. Kept for a few texts, because a row's rules read the same two in turn."""
    return Text(raw)
