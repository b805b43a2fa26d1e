"""Texts of numbered words, made by hand."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from synthempathy.text.numbered import NumberedTexts

lists_of_numbers = st.lists(st.lists(st.integers(0, 6), max_size=40), min_size=1, max_size=12)


def texts(*numbers: list[int]) -> NumberedTexts:
    """Each list a text of one sentence."""
    flat = np.array([n for text in numbers for n in text], dtype=np.int32)
    starts = np.append(0, np.cumsum([len(text) for text in numbers], dtype=np.int64))
    opens = np.zeros(len(flat), dtype=np.bool_)
    opens[[start for start, text in zip(starts, numbers, strict=False) if text]] = True
    return NumberedTexts(flat, starts, opens)
