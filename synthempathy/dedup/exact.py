"""Exact duplicates: texts of the same normal form; and what every method gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from synthempathy.text.numbered import NumberedTexts


@dataclass(frozen=True)
class Duplicate:
    """Text `index` repeats the earlier, kept text `partner`; `evidence` says how, in plain JSON values."""

    index: int
    partner: int
    evidence: dict[str, Any] = field(default_factory=dict)


def exact_duplicates(texts: NumberedTexts) -> list[Duplicate]:
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
