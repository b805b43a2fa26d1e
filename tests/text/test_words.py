"""Texts as words: every place stays, and what stands in quotes is known."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from synthempathy.text.words import Text, lowered


@given(st.text())
def test_lower_case_keeps_every_place(text: str) -> None:
    assert len(lowered(text)) == len(text)


@given(st.text(alphabet="ab '\u2019\"\u201c.,-\n\u0130", max_size=60))
def test_tokens_can_be_cut_out_of_the_text_again(raw: str) -> None:
    text = Text(raw)
    assert [lowered(raw[start:end]) for start, end in text.spans] == text.tokens
    assert len(text.quoted) == len(text.tokens)
