"""Where the words of a text's normal form (text/numbered.py) stand in the text itself, and cutting whole words out.

The normal form has other lengths, and a mark may join the letter before it, so a word of it has no exact place in the
text. A piece has: the stretch between two places where a text may be parted
without changing its words. A piece is what a reader sees as one word, with what clings to it (don't,
well-known, 3.5, an emoji), and may hold several words of the normal form, or none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from synthempathy.text.numbered import normal_words

#: Marks that part words where no white space does, as dashes do and as CJK needs. Each is a starter that
#: composes with nothing (UAX #15), so that the words on its two sides do not depend on one another.
_OPENING = "([{“«‹「『【《〈（"
_MARKS = _OPENING + ")]}”»›」』】》〉）—―…;!?\"。、，！？；：؟؛،"
_PIECE = re.compile(rf"[^\s{re.escape(_MARKS)}]+|[{re.escape(_MARKS)}]")


class Piece(NamedTuple):
    """Characters `start` to `end` of the text; they hold the words `first` to `last` (exclusive) of its normal form."""

    start: int
    end: int
    first: int
    last: int


def pieces_of(text: str) -> list[Piece]:
    """The pieces of a text in order. Their words, one piece after the other, are `normal_words(text)`.

    >>> [(text[p.start:p.end], p.last - p.first) for text in ["Don't go…"] for p in pieces_of(text)]
    [("Don't", 2), ('go', 1), ('…', 0)]
    """
    pieces, first = [], 0
    for match in _PIECE.finditer(text):
        last = first + len(normal_words(match[0]))
        pieces.append(Piece(match.start(), match.end(), first, last))
        first = last
    return pieces


def characters(pieces: Sequence[Piece], first: int, last: int) -> list[int]:
    """Start and end of the pieces that hold the words `first` to `last` (exclusive, at least one)."""
    touched = [piece for piece in pieces if piece.last > first and piece.first < last]
    return [touched[0].start, touched[-1].end]


def stretches(text: str, pieces: Sequence[Piece], covered: Sequence[bool]) -> list[tuple[int, int]]:
    """The longest runs of pieces, first and last (exclusive), of which `covered` holds every word of the text.

    Marks between the words of a run go with it, and those that cling to its ends: opening ones before it, others
    after it.
    """
    runs: list[tuple[int, int]] = []
    words_end = 0  # the piece after the last one that holds words
    for at, piece in enumerate(pieces):
        if piece.first == piece.last:
            continue
        if all(covered[piece.first : piece.last]):
            if runs and runs[-1][1] == words_end:
                runs[-1] = runs[-1][0], at + 1
            else:
                runs.append((at, at + 1))
        words_end = at + 1
    return [_with_marks(text, pieces, *run) for run in runs]


def kept_text(text: str, pieces: Sequence[Piece], kept: Sequence[bool]) -> str:
    """The text of the pieces that are `kept`, as it stood; where others were cut out, white space is tidied.

    The ends are stripped; a cut leaves one space, or the line break or blank line that was there, and nothing where
    there was no white space and a mark parts the words.
    """
    left = ""
    for start, end, before in _runs(pieces, kept):
        part, gap = text[start:end], text[before:start]
        left += _space(left, gap, part) + part if left else part
    return left


def _runs(pieces: Sequence[Piece], kept: Sequence[bool]) -> list[tuple[int, int, int]]:
    """Runs of kept pieces: start and end in the text, and the end of the run before."""
    runs: list[tuple[int, int, int]] = []
    after_cut = True
    for piece, stays in zip(pieces, kept, strict=True):
        if stays and after_cut:
            runs.append((piece.start, piece.end, runs[-1][1] if runs else 0))
        elif stays:
            runs[-1] = runs[-1][0], piece.end, runs[-1][2]
        after_cut = not stays
    return runs


def _space(left: str, gap: str, right: str) -> str:
    """What parts two words once `gap`, the text between them, is gone."""
    head, tail = gap[: len(gap) - len(gap.lstrip())], gap[len(gap.rstrip()) :]
    if "\n" in head + tail:
        return "\n" * min(2, max(head.count("\n"), tail.count("\n")))
    parted = not (head or tail) and (left[-1] in _MARKS or right[0] in _MARKS)
    return "" if parted else " "


def _with_marks(text: str, pieces: Sequence[Piece], first: int, last: int) -> tuple[int, int]:
    while last < len(pieces) and _clings(pieces[last - 1], pieces[last], pieces[last]) and not _opens(text, pieces[last]):
        last += 1
    while first and _clings(pieces[first - 1], pieces[first], pieces[first - 1]) and _opens(text, pieces[first - 1]):
        first -= 1
    return first, last


def _clings(one: Piece, other: Piece, mark: Piece) -> bool:
    """Whether `other` follows `one` at once, and `mark`, one of the two, holds no words."""
    return one.end == other.start and mark.first == mark.last


def _opens(text: str, mark: Piece) -> bool:
    sign = text[mark.start]
    return sign in _OPENING or (sign == '"' and (mark.start == 0 or text[mark.start - 1].isspace()))
