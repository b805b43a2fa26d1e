"""How a scorer reads a text: words, sentences, and texts that say nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthempathy.scorers.reading import is_silent, sentences, words


def test_words_look_the_same_however_they_were_typed() -> None:
    assert words("I’m SO sorry, it's 3am") == words("i am so sorry its 4 am") == ("im", "so", "sorry", "its", "0", "am")
    assert words("u ok? <3 🙏") == ("you", "ok", "<3", "🙏")


def test_sentences_know_their_place_and_whether_they_ask() -> None:
    text = 'No. "Are you ok?" she said.\n- rest\nWhy?!'
    parts = sentences(text)
    assert [text[s.start : s.end] for s in parts] == ["No.", '"Are you ok?"', "she said.", "- rest", "Why?!"]
    assert [s.asked for s in parts] == [False, True, False, False, True]


@given(st.text())
def test_any_text_is_read_in_order_and_no_word_is_lost_or_made(text: str) -> None:
    parts = sentences(text)
    assert all(a.end <= b.start for a, b in zip(parts, parts[1:], strict=False))
    assert [s.words for s in parts] == [words(text[s.start : s.end]) for s in parts]
    assert all(s.words for s in parts)


@pytest.mark.parametrize(
    ("text", "silent"), [("", True), (" \n", True), ("...?!", True), ("ok", False), ("да", False), ("🙏", False)],
)
def test_a_text_is_silent_without_a_word_of_any_script_or_an_emoji(text: str, silent: bool) -> None:
    assert is_silent(text) == silent


def test_letters_of_every_script_are_letters_where_the_language_is_not_english() -> None:
    assert words("Für Jürgen, straße", any_script=True) == words("Fu\u0308r Ju\u0308rgen, Straße", any_script=True) == (
        "für", "jürgen", "straße",
    )
    assert words("Für") == ("f", "r")  # as saved scorers of English have it
    assert [part.asked for part in sentences("Ist das so?“ Ja. 你好吗？好。", any_script=True)] == [True, False, True, False]
