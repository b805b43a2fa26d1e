"""A text as lower-case words and sentence marks, read once and shared by all rules of a row."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property, lru_cache

#: What no phrase crosses. A comma or a hyphen is not among them.
MARKS = frozenset('.!?;:\n"')

_TOKEN = re.compile(r"""[^\W_]+(?:'[^\W_]+)*|[.!?;:\n"]""")
_STRAIGHT = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2026": "."})


class Text:
    """One text. `tokens` are its words, lower-case with straight quotes, and its marks."""

    def __init__(self, raw: str, pattern: re.Pattern[str] = _TOKEN, tokens: Sequence[str] | None = None) -> None:
        """`tokens` replaces what `pattern` finds, one for one (a disguised word by its plain form)."""
        self.raw, self._pattern = raw, pattern
        self.lower = lowered(raw)
        self.tokens: list[str] = list(tokens) if tokens is not None else pattern.findall(self.lower)

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
    def spans(self) -> list[tuple[int, int]]:
        """Where each token stands in `raw`."""
        return [found.span() for found in self._pattern.finditer(self.lower)]

    @cached_property
    def quoted(self) -> list[bool]:
        """For each token: does it stand between double quotes of one line? A lone quote opens nothing."""
        inside = [False] * len(self.tokens)
        opened: int | None = None
        for at, token in enumerate(self.tokens):
            if token == "\n":
                opened = None
            elif token == '"':
                if opened is not None:
                    inside[opened + 1 : at] = [True] * (at - opened - 1)
                opened = at if opened is None else None
        return inside


@lru_cache(maxsize=8)
def text_of(raw: str) -> Text:
    """`raw` as a Text. Kept for a few texts, because a row's rules read the same two in turn."""
    return Text(raw)


def lowered(raw: str) -> str:
    """`raw` in lower case with straight quotes, character for character, so that places stay the same."""
    straight = raw.translate(_STRAIGHT)
    lower = straight.lower()
    if len(lower) == len(raw):
        return lower
    return "".join(c.lower() if len(c.lower()) == 1 else c for c in straight)  # "\u0130" would become two
