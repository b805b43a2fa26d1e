"""What people are shown: text in which nothing is obeyed, neither by a terminal nor by a spreadsheet."""

from __future__ import annotations

import re
import unicodedata

#: Whatever some program takes for the end of a line.
_BREAK = r"\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029"
#: What a formula begins with (OWASP, CSV injection); white space before it does not help. After apostrophes too, so that one
#: that `cell` set is told from one that was there.
_STARTS = rf"(?='*+[^\S{_BREAK}]*+[=+\-@\uff1d\uff0b\uff0d\uff20])"
#: At the beginning of a text and of each line in it: not every program reads quotes as it should.
_FORMULA, _MARKED_FORMULA = (re.compile(rf"(?:\A|(?<=[{_BREAK}])){mark}{_STARTS}") for mark in ("", "'"))


def harmless(text: str, *, lines: bool = False) -> str:
    """`text` with what a terminal may obey instead of show written out: controls (an escape as \\x1b), direction marks.

    With `lines`, line feeds stay.
    """
    return "".join(
        character if character.isprintable() or unicodedata.category(character) == "Zs" or (lines and character == "\n")
        else ascii(character)[1:-1]
        for character in text
    )


def cell(value: object) -> object:
    """`value` for a CSV that people open in a spreadsheet: each line of a text that would start a formula gets an apostrophe."""
    return _FORMULA.sub("'", value) if isinstance(value, str) else value


def uncell(text: str) -> str:
    """What `cell` made `text` of: for files that are read back, and written again."""
    return _MARKED_FORMULA.sub("", text)
