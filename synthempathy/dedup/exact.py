"""Exact duplicates: texts of the same normal form (words.py)."""

from __future__ import annotations

from synthempathy.text.numbering import Duplicate, Words


def exact_duplicates(texts: Words) -> list[Duplicate]:
    """Every text whose words are, one for one, those of an earlier text; the first is the partner.

    Texts without words all have the same, empty, normal form, and so repeat one another.
    """
    first: dict[bytes, int] = {}
    found = []
    for index in range(len(texts)):
        partner = first.setdefault(texts[index].tobytes(), index)
        if partner != index:
            found.append(Duplicate(index, partner))
    return found
