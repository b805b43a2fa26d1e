"""What people are shown: text in which nothing is obeyed, neither by a terminal nor by a spreadsheet."""

from __future__ import annotations

import unicodedata

#: What a formula begins with (OWASP, CSV injection); white space before it does not help.
_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")


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
    """`value` for a CSV that people open in a spreadsheet: a text that would start a formula begins with an apostrophe."""
    return f"'{value}" if isinstance(value, str) and _starts_formula(value) else value


def uncell(text: str) -> str:
    """What `cell` made `text` of: for files that are read back, and written again."""
    return text[1:] if text[:1] == "'" and _starts_formula(text[1:]) else text


def _starts_formula(text: str) -> bool:
    """After apostrophes too, so that one that `cell` set is told from one that was there."""
    return text.lstrip("'").lstrip()[:1] in _FORMULA
