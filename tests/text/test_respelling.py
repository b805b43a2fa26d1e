"""Misspelt words: what is read into them, and that ordinary texts stay as they are."""

from __future__ import annotations

import time

import pytest

from synthempathy.text.respelling import Respelling
from synthempathy.text.words import Text

_WORDS = """
    i hate all the women men immigrants muslims and they are we you should go back home in wo us met a dirty migraines nothing but
    trash block blocks was late
"""
KNOWN = dict.fromkeys(_WORDS.split(), 5)
RESPELLING = Respelling(KNOWN, {"women", "immigrants", "muslims", "hate", "dirty", "trash"})


@pytest.mark.parametrize(("raw", "words"), [
    ("i hate womne", "i hate women"), ("all imigrants", "all immigrants"), ("the immmigrants", "the immigrants"),
    ("mulsims are drity", "muslims are dirty"), ("ihateallwomen", "i hate all women"), ("i h a t e women", "i hate women"),
    ("i h a t e w o m e n", "i hate women"), ("the mus lims", "the muslims"), ("we hate imm igrants", "we hate immigrants"),
])
def test_slips_are_mended(raw: str, words: str) -> None:
    text = RESPELLING.undone(Text(raw))
    assert " ".join(text.tokens) == words
    assert len(text.spans) == len(text.tokens)


@pytest.mark.parametrize("raw", [
    "migraines all the men met us", "Blocks. A block!", "zxqwv bllok", "a b c d", "u s a", "we met j k", "hat wom", "", "?!",
])
def test_known_words_and_what_means_nothing_stay(raw: str) -> None:
    text = Text(raw)
    assert RESPELLING.undone(text) is text


def test_evidence_stands_where_the_slip_does() -> None:
    text = RESPELLING.undone(Text("They are all mus lims, ihatewomen!"))
    assert text.raw[slice(*text.spans[text.tokens.index("muslims")])] == "mus lims"
    assert text.raw[slice(*text.spans[text.tokens.index("women")])] == "ihatewomen"


@pytest.mark.parametrize(("raw", "words"), [
    ("z z h a t e", "z z hate"),  # from the first letter on from which the rest are words
    ("h a t e z z", "h a t e z z"), ("x. i, h-a  t,e. b", "x . i hate . b"), ("z " * 200 + "h a t e", "z " * 200 + "hate"),
    ("i " * 9 + "h a t e", "i " * 9 + "hate"),
])
def test_letters_apart_are_read_on_to_their_end(raw: str, words: str) -> None:
    assert " ".join(RESPELLING.undone(Text(raw)).tokens) == words


def test_a_long_run_of_letters_apart_takes_linear_time() -> None:
    started = time.process_time()
    RESPELLING.undone(Text("k i l l " * 12_500))
    assert time.process_time() - started < 2
