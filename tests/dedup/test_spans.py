"""Pieces of a text: their words are the text's, and cutting some out leaves the others whole."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from synthempathy.dedup.spans import characters, kept_text, pieces_of, stretches
from synthempathy.text.numbered import normal_words

#: Marks that combine, letters that NFKC or casefold change in length, scripts without spaces, right to left, emoji.
NASTY = (
    "aB'-.,!—… \n\u00a0\u2028\u3000\u0301\u0338\u0308é\ufb01ß\u0130①\u1100\u1161你好。、क\u094dषि\u05d0\u05d1\u0627"
    "\u061f\u200d\u200f\U0001f469\U0001f3fd\U0001f680\ufdfa\u00a8(“”\""
)
TEXTS = st.text(alphabet=NASTY, max_size=40) | st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


def cut(text: str, first: int, last: int) -> str:
    """The text without the words `first` to `last`."""
    pieces = pieces_of(text)
    covered = [first <= k < last for k in range(len(normal_words(text)))]
    gone = {k for run in stretches(text, pieces, covered) for k in range(*run)}
    return kept_text(text, pieces, [k not in gone for k in range(len(pieces))])


@settings(deadline=None)
@given(TEXTS)
@example("e\u0301 \u0301x—\u0301y!\u0338=\u0338")
@example("\ufdfa\u00a8a\u00a8 ﬁ①")
def test_the_words_of_the_pieces_are_the_words_of_the_text(text: str) -> None:
    pieces, words = pieces_of(text), normal_words(text)
    assert [w for p in pieces for w in normal_words(text[p.start : p.end])] == words
    first = 0
    for one in pieces:
        assert one.first == first and normal_words(text[one.start : one.end]) == words[one.first : one.last]
        first = one.last
    assert first == len(words)
    assert "".join(text[p.start : p.end] for p in pieces) == "".join(text.split())  # nothing but white space between


@settings(deadline=None)
@given(TEXTS, st.data())
def test_a_cut_takes_whole_pieces_of_covered_words_and_leaves_the_rest_as_it_was(text: str, data: st.DataObject) -> None:
    words, pieces = normal_words(text), pieces_of(text)
    first, last = sorted(data.draw(st.tuples(*[st.integers(0, len(words))] * 2)))
    result = cut(text, first, last)
    result.encode("utf-8")
    whole = [p for p in pieces if p.first < p.last and first <= p.first and p.last <= last]
    gone = {k for p in whole for k in range(p.first, p.last)}
    assert normal_words(result) == [word for k, word in enumerate(words) if k not in gone]
    left = iter(text[p.start : p.end] for p in pieces)
    assert all(piece in left for piece in (result[p.start : p.end] for p in pieces_of(result)))  # in order, unchanged
    if whole:
        assert result == result.strip()
    else:
        assert result == text.strip()


WHOLE = ["a", "don't", "well-known", "e\u0301", "\U0001f469\u200d\U0001f680", "\u05d0\u05d1"]


@settings(deadline=None)
@given(st.lists(st.sampled_from(WHOLE)), st.data())
def test_between_spaces_a_word_stays_whole(tokens: list[str], data: st.DataObject) -> None:
    text = " ".join(tokens)
    first, last = sorted(data.draw(st.tuples(*[st.integers(0, len(normal_words(text)))] * 2)))
    left = iter(tokens)
    assert all(token in left for token in cut(text, first, last).split(" ") if token)


@pytest.mark.parametrize(
    ("text", "first", "last", "left"),
    [
        ("He left. The boss (who yelled) at everyone, and then we went.", 2, 8, "He left. and then we went."),
        ("“I want it,” he said. “No.”", 0, 3, "he said. “No.”"),
        ("a well-known man—he said—went   home", 2, 4, "a well-known he said—went   home"),
        ("One two.\n\nThree four.\n\nSix.", 2, 4, "One two.\n\nSix."),
        ("One\ntwo three\nfour", 1, 3, "One\nfour"),
        ("甲乙，丙丁。戊己", 1, 2, "甲乙，戊己"),
        ("क्या हिन्दी शब्द", 3, 5, "क्या हिन्दी शब्द"),
        ("x don't y", 2, 3, "x don't y"),
        ("go — then \U0001f469\u200d\U0001f680 stop", 1, 2, "go — \U0001f469\u200d\U0001f680 stop"),
        ("one two \U0001f680 — three four", 1, 3, "one four"),
        ("all of it", 0, 3, ""),
    ],
)
def test_reads_well(text: str, first: int, last: int, left: str) -> None:
    assert cut(text, first, last) == left


def test_characters_are_those_of_the_text_before_normalising() -> None:
    text = "The \ufb01re—it's e\u0301norme!"
    words = normal_words(text)
    assert words == ["the", "fire", "it", "s", "enorme"]
    assert [text[slice(*characters(pieces_of(text), k, k + 1))] for k in range(5)] == [
        "The", "\ufb01re", "it's", "it's", "e\u0301norme",
    ]
    assert text[slice(*characters(pieces_of(text), 1, 4))] == "\ufb01re—it's"
