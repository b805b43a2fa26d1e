"""Trimming: repeated passages (substring.py) cut out of the later texts, in place of dropping them.

In the texts' order, a passage belongs to the first text that keeps it whole; every later text loses its
words. Only whole pieces (spans.py) are cut, so the ends of a passage may stay: part of a word never goes.
A text that is left with too few words is dropped, and so is one of which a whole passage cannot be cut.
Cutting brings words side by side that were not, so the search is repeated until it finds nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from synthempathy.dedup.exact import Duplicate
from synthempathy.dedup.spans import Piece, characters, kept_text, pieces_of, stretches
from synthempathy.dedup.substring import Booleans, Places, repeated_places
from synthempathy.text.numbered import Integers, NumberedTexts


@dataclass(frozen=True)
class Trim:
    """The words `span` (first, end) of a text, which the earlier text `partner` holds too.

    `span` counts the words of the text's normal form before any trimming; `characters` is where their pieces stand.
    `length` is the words of the repeat, fewer than the span's where an earlier trim lies inside it.
    """

    partner: int
    span: list[int]
    characters: list[int]
    length: int


@dataclass
class Trimmed:
    """What became of the texts: `texts` holds those that were cut and kept, `words` all that were kept or dropped."""

    words: NumberedTexts
    texts: dict[int, str] = field(default_factory=dict)
    trims: dict[int, list[Trim]] = field(default_factory=dict)
    dropped: dict[int, Duplicate] = field(default_factory=dict)


def trim_repeats(texts: Sequence[str], words: NumberedTexts, *, min_words: int, min_words_left: int) -> Trimmed:
    """Cut from every text what it repeats of earlier ones in runs of `min_words` words or more; `words` are the texts'.

    Afterwards no two kept texts share such a run. A dropped text has the evidence of its longest repeat.
    """
    result = Trimmed(words)
    drafts: dict[int, _Draft] = {}
    while True:
        kept = np.array([i for i in range(len(texts)) if i not in result.dropped], dtype=np.int64)
        current = result.words.take(kept)
        gone = _one_round(texts, kept, current, drafts, result, min_words, min_words_left)
        if not gone:
            break
        _remove(result, gone)
    result.texts = {i: draft.text() for i, draft in drafts.items() if i not in result.dropped and draft.is_cut}
    result.trims = {i: draft.trims for i, draft in drafts.items() if draft.trims}
    return result


class _Draft:
    """A text that loses pieces. Words are counted as they are now; `origin` gives the number that each had at the start."""

    def __init__(self, text: str) -> None:
        self._text, self._pieces = text, pieces_of(text)
        self._kept = [True] * len(self._pieces)
        self.trims: list[Trim] = []
        self.origin = np.arange(self._pieces[-1].last if self._pieces else 0)

    @property
    def is_cut(self) -> bool:
        return not all(self._kept)

    def text(self) -> str:
        return kept_text(self._text, self._pieces, self._kept)

    def trim_of(self, partner: int, first: int, end: int) -> Trim:
        """The record of a repeat of the words `first` to `end` (exclusive)."""
        span = [int(self.origin[first]), int(self.origin[end - 1]) + 1]
        return Trim(partner, span, characters(self._pieces, *span), end - first)

    def cut(self, covered: Booleans) -> Booleans:
        """Cut the pieces of which `covered` holds all words; give for each word whether it went."""
        left, numbers = self._left()
        went = [k for run in stretches(self._text, left, covered.tolist()) for k in range(*run)]
        gone = np.zeros(len(covered), dtype=bool)
        for k in went:
            self._kept[numbers[k]] = False
            gone[left[k].first : left[k].last] = True
        self.origin = self.origin[~gone]
        return gone

    def _left(self) -> tuple[list[Piece], list[int]]:
        """The pieces still kept, their words numbered as they are now, and the number of each piece."""
        left, numbers, first = [], [], 0
        for number, piece in enumerate(self._pieces):
            if self._kept[number]:
                last = first + piece.last - piece.first
                left.append(piece._replace(first=first, last=last))
                numbers.append(number)
                first = last
        return left, numbers


def _one_round(
    texts: Sequence[str], kept: Integers, words: NumberedTexts, drafts: dict[int, _Draft], result: Trimmed,
    min_words: int, min_words_left: int,
) -> dict[int, Booleans]:
    """Cut or drop, in order, the texts `kept` whose words are `words`; give the words gone from each one cut."""
    if words.lengths.max(initial=0) < min_words:
        return {}
    places = repeated_places(words, min_words)
    owner = np.full(int(places.passage.max(initial=-1)) + 1, -1, dtype=np.int64)
    went: dict[int, Booleans] = {}
    for at, passages, offsets in _by_text(places):
        text = int(kept[at])
        held = owner[passages] >= 0
        if not held.any():
            owner[passages] = text
            continue
        draft = drafts.setdefault(text, _Draft(texts[text]))
        covered = _covered(offsets[held], min_words, len(words[at]))
        found = [
            draft.trim_of(partner, first, end)
            for partner, first, end in _runs(owner[passages[held]], offsets[held], min_words)
        ]
        gone = draft.cut(covered)
        whole = ~_touched(gone, offsets, min_words)
        if (whole & held).any() or len(gone) - int(gone.sum()) < min_words_left:
            longest = max(found, key=lambda trim: trim.length)
            evidence = {"span": longest.span, "characters": longest.characters, "length": longest.length}
            result.dropped[text] = Duplicate(text, longest.partner, evidence)
        else:
            owner[passages[whole]] = text
            draft.trims += found
            went[text] = gone
    return went


def _by_text(places: Places) -> Iterator[tuple[int, Integers, Integers]]:
    """Each text with its passages and their offsets, rising; texts in order."""
    order = np.lexsort((places.offset, places.text))
    texts, begins = np.unique(places.text[order], return_index=True)
    passages, offsets = (np.split(column[order], begins[1:]) for column in (places.passage, places.offset))
    yield from zip(texts.tolist(), passages, offsets, strict=False)


def _covered(offsets: Integers, length: int, words: int) -> Booleans:
    """Which words lie in a run of `length` that starts at one of `offsets`."""
    edges = np.zeros(words + 1, dtype=np.int64)
    edges[offsets] += 1
    edges[offsets + length] -= 1
    covered: Booleans = np.cumsum(edges)[:-1] > 0
    return covered


def _touched(gone: Booleans, offsets: Integers, length: int) -> Booleans:
    """Whether a word of the run of `length` at each offset is gone."""
    before = np.concatenate([[0], np.cumsum(gone)])
    touched: Booleans = before[offsets + length] > before[offsets]
    return touched


def _runs(partners: Integers, offsets: Integers, length: int) -> list[tuple[int, int, int]]:
    """Repeats of one partner at offsets that follow one another, as one: partner, first word, end."""
    breaks = np.flatnonzero((np.diff(offsets) != 1) | (np.diff(partners) != 0)) + 1
    firsts, lasts = np.concatenate([[0], breaks]), np.concatenate([breaks, [len(offsets)]]) - 1
    return list(zip(
        partners[firsts].tolist(), offsets[firsts].tolist(), (offsets[lasts] + length).tolist(), strict=True,
    ))


def _remove(result: Trimmed, gone: dict[int, Booleans]) -> None:
    mask = np.zeros(len(result.words.flat), dtype=bool)
    for text, words in gone.items():
        mask[result.words.starts[text] : result.words.starts[text + 1]] = words
    result.words = result.words.without(mask)
