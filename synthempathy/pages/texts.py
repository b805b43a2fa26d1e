"""Texts as a page shows them: harmless, bounded, in pieces, each of which the page writes as text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

from synthempathy.core.harmless import harmless

#: Of one text: the filter lets none in that is longer (filter.max_characters), so this cuts what nobody was to read.
MOST_CHARACTERS = 20_000
#: Around evidence that stands behind the cut, and how many such places are shown.
AROUND, MOST_PLACES = 200, 20

Kind = Literal["", "mark", "del", "ins", "note"]


class Piece(NamedTuple):
    """A piece of a text, harmless: plain, evidence, words that are only in A or only in B, or a note of ours."""

    kind: Kind
    text: str


def shown(text: str, spans: Iterable[Sequence[int]] = (), most: int = MOST_CHARACTERS) -> list[Piece]:
    """`text` with `spans` ([start, end] in its characters; they may overlap) marked, and its first `most` characters.

    Of what is longer, a note says how much is not shown, and evidence behind the cut is shown with what stands around it.
    """
    marks = _joined(spans, len(text))
    windows = [(0, min(most, len(text)))]
    for start, end in marks:
        if end > most and len(windows) <= MOST_PLACES:
            windows.append((max(start - AROUND, most), min(end + AROUND, start + 2 * AROUND, len(text))))
    pieces: list[Piece] = []
    at = 0
    for start, end in _joined(windows, len(text)):
        if start > at:
            pieces.append(left_out(start - at))
        pieces += _marked(text, marks, start, end)
        at = end
    return [*pieces, left_out(len(text) - at)] if at < len(text) else pieces


def left_out(characters: int) -> Piece:
    """The note in the place of characters that are not shown."""
    return Piece("note", f" [{characters:,} characters are not shown here] ")


def piece(kind: Kind, text: str) -> Piece:
    """A piece of data, made harmless; line feeds stay."""
    return Piece(kind, harmless(text, lines=True))


def _marked(text: str, marks: Iterable[tuple[int, int]], start: int, end: int) -> Iterator[Piece]:
    at = start
    for first, last in marks:
        first, last = max(first, start), min(last, end)
        if first >= last:
            continue
        if first > at:
            yield piece("", text[at:first])
        yield piece("mark", text[first:last])
        at = last
    if at < end:
        yield piece("", text[at:end])


def _joined(spans: Iterable[Sequence[int]], length: int) -> list[tuple[int, int]]:
    """Spans in order, those that touch as one, none empty."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted((max(0, one[0]), min(one[1], length)) for one in spans):
        if start >= end:
            continue
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return joined
