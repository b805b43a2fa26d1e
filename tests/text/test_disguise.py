"""Disguised words: what is undone, what stays, and that spans stay those of the text."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthempathy.text.disguise import Disguises, _Starred
from synthempathy.text.words import Text

WORDS = frozenset(("moron", "idiot", "asshole", "fuck"))
EXACT, SPELLED = Disguises(WORDS), Disguises(WORDS, belongs=lambda word: word in WORDS or word.startswith("loser"), spelled=True)


@pytest.mark.parametrize(("raw", "word"), [
    ("You m0r0n", "moron"), ("you IDIIIOT", "idiot"), ("what an id*ot", "idiot"), ("an a$$hole", "asshole"), ("f*ck", "fuck"),
])
@pytest.mark.parametrize("disguises", [EXACT, SPELLED])
def test_disguises_are_undone(disguises: Disguises, raw: str, word: str) -> None:
    assert word in disguises.undone(Text(raw)).tokens


@pytest.mark.parametrize(("raw", "word"), [("you m o r o n!", "moron"), ("m.o.r.o.n", "moron"), ("you l0sers", "losers")])
def test_letters_alone_and_stems_only_where_they_are_wanted(raw: str, word: str) -> None:
    assert word in SPELLED.undone(Text(raw)).tokens
    assert word not in EXACT.undone(Text(raw)).tokens


@pytest.mark.parametrize("raw", ["a $455 bill", "I'm in room b12", "at 5pm", "It is over!", "sooo tired"])
@pytest.mark.parametrize("disguises", [EXACT, SPELLED])
def test_ordinary_words_stay(disguises: Disguises, raw: str) -> None:
    assert WORDS.isdisjoint(disguises.undone(Text(raw)).tokens)


def test_a_text_without_a_sign_of_disguise_is_the_same_object() -> None:
    text = Text("I was late, and my boss saw me.")
    assert EXACT.undone(text) is text and SPELLED.undone(text) is text


def test_the_tokens_of_a_disguised_text_stand_where_their_spans_say() -> None:
    text = SPELLED.undone(Text("You m0r0n, you paid $455 for it!"))
    assert len(text.tokens) == len(text.spans)
    assert text.raw[slice(*text.spans[text.tokens.index("moron")])] == "m0r0n"


@given(st.sets(st.text("abc'1", min_size=2, max_size=5), max_size=12), st.text("abc*'1é", min_size=2, max_size=6))
def test_a_starred_word_is_the_first_of_the_known_ones_that_fit(words: set[str], starred: str) -> None:
    told = re.compile(re.escape(starred).replace(r"\*", "[a-z]"))
    assert _Starred(words).first(starred) == next(filter(told.fullmatch, sorted(words)), "")
