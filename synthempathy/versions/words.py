"""Two texts word by word: which words are in A alone, which in B alone, and which are common."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

from synthempathy.pages.texts import MOST_CHARACTERS, Piece, left_out, piece

#: In long texts white space hangs on the word before it: half as many, and a comma more marks its word.
_COARSE = re.compile(r"\s+|\S+\s*")
_TOKEN = re.compile(r"\s+|\w+(?:['’-]\w+)*|[^\w\s]")
#: Between two changes, fewer common words than this are part of the change: texts that share a "the" here and an "I" there
#: are read as two texts, not as a hundred edits.
FEWEST_COMMON = 3
#: Pairs of tokens up to which every one is compared. Beyond, difflib leaves out the commonest, and misses common passages.
ALL_COMPARED = 1_000_000
#: A text of more words and marks is shown without marks: comparing takes the square of them.
MOST_TOKENS = 4_000


def side_by_side(first: str, second: str, most: int = MOST_CHARACTERS) -> tuple[list[Piece], list[Piece]]:
    """Both texts with what only they have marked (del in A, ins in B), each cut at `most` characters, with a note."""
    left: list[Piece] = []
    right: list[Piece] = []
    a, b = tokens(first[:most]), tokens(second[:most])
    if len(a) * len(b) > ALL_COMPARED:
        a, b = _COARSE.findall(first[:most]), _COARSE.findall(second[:most])
    if max(len(a), len(b)) > MOST_TOKENS:
        note = Piece("note", "[too long to compare word by word] ")
        left, right = [note, piece("", "".join(a))], [note, piece("", "".join(b))]
    else:
        for same, before, after in changes(a, b):
            left += [piece("" if same else "del", "".join(before))] if before else []
            right += [piece("" if same else "ins", "".join(after))] if after else []
    for pieces, text in ((left, first), (right, second)):
        if len(text) > most:
            pieces.append(left_out(len(text) - most))
    return left, right


def tokens(text: str) -> list[str]:
    """Words, marks of punctuation and white space, which together are the text."""
    return _TOKEN.findall(text)


def changes(first: Sequence[str], second: Sequence[str]) -> list[tuple[bool, list[str], list[str]]]:
    """Runs of both in order: whether they are the same, the tokens of A, the tokens of B."""
    found: list[tuple[bool, list[str], list[str]]] = []
    codes = SequenceMatcher(None, first, second, autojunk=len(first) * len(second) > ALL_COMPARED).get_opcodes()
    for place, (what, a, b, c, d) in enumerate(codes):
        same = what == "equal"
        if same and 0 < place < len(codes) - 1 and sum(token[0].isalnum() for token in first[a:b]) < FEWEST_COMMON:
            same = False
        if found and found[-1][0] == same:
            found[-1][1].extend(first[a:b])
            found[-1][2].extend(second[c:d])
        else:
            found.append((same, list(first[a:b]), list(second[c:d])))
    return found
