"""The normal form of a text."""

from __future__ import annotations

import re
import unicodedata

from hypothesis import example, given
from hypothesis import strategies as st

from synthempathy.text.numbering import Words, normal_words, words_of


@given(st.text() | st.text(alphabet=st.characters(max_codepoint=127)))
@example("a_b\x1cc\x00d\x7fe'f")
def test_the_quick_way_for_ascii_gives_what_the_definition_says(text: str) -> None:
    assert normal_words(text) == re.findall(r"\w+", unicodedata.normalize("NFKC", text).casefold())


@given(st.lists(st.lists(st.sampled_from("abc"))), st.data())
def test_taken_texts_are_the_chosen_ones_in_order(texts: list[list[str]], data: st.DataObject) -> None:
    words = words_of(" ".join(text) for text in texts)
    chosen = data.draw(st.lists(st.integers(0, len(texts) - 1))) if texts else []
    taken = words.take(chosen)
    assert isinstance(taken, Words)
    assert [taken[i].tolist() for i in range(len(taken))] == [words[i].tolist() for i in chosen]
