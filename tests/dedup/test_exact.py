"""Exact duplicates and the normal form, against the plainest possible oracle."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from synthempathy.dedup.exact import exact_duplicates
from synthempathy.dedup.substring import repeated_substrings
from synthempathy.dedup.trim import trim_repeats
from synthempathy.text.minhash import near_duplicates
from synthempathy.text.numbered import NumberedTexts, normal_words, words_of

TEXTS = st.lists(st.text(alphabet="aAbﬁ İß①e\u0301é!'_\n\U0001f600", max_size=6), max_size=12)


def oracle(texts: list[str]) -> list[tuple[int, int]]:
    def plain(text: str) -> str:
        """Without marks that combine: NFKD parts them from their letters."""
        parted = unicodedata.normalize("NFKD", text).casefold()
        return " ".join(re.findall(r"\w+", "".join(c for c in parted if not unicodedata.combining(c))))

    forms = [plain(text) for text in texts]
    return [(i, forms.index(n)) for i, n in enumerate(forms) if forms.index(n) < i]


@settings(deadline=None)
@given(TEXTS)
@example(["", "!", "\U0001f600 …", "a", "A."])
@example(["a b", "ab", "a  b", "A, b", "a_b"])
@example(["Straße", "STRASSE", "ﬁn", "fin", "e\u0301", "é"])
def test_matches_the_oracle(texts: list[str]) -> None:
    found = exact_duplicates(words_of(texts))
    assert [(d.index, d.partner) for d in found] == oracle(texts)
    assert all(d.evidence == {} for d in found)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Don't PANIC, it's 2 a.m.!", ["don", "t", "panic", "it", "s", "2", "a", "m"]),
        ("\uff26\uff35\uff2c\uff2c width", ["full", "width"]),
        ("Stra\u00dfe \u0130", ["strasse", "i"]),
        ("… \U0001f600 —", []),
        ("", []),
    ],
)
def test_normal_form(text: str, words: list[str]) -> None:
    assert normal_words(text) == words


@settings(deadline=None)
@given(st.lists(st.lists(st.sampled_from("xyz"), max_size=5), max_size=8), st.data())
def test_words_are_numbered_alike_and_taken_by_text(texts: list[list[str]], data: st.DataObject) -> None:
    words = words_of(map(" ".join, texts))
    assert len(words) == len(texts)
    assert words.lengths.tolist() == [len(t) for t in texts]
    for one in range(len(texts)):
        for other in range(len(texts)):
            assert (words[one].tolist() == words[other].tolist()) == (texts[one] == texts[other])
    chosen = data.draw(st.lists(st.integers(0, len(texts) - 1), max_size=5) if texts else st.just([]))
    taken: NumberedTexts = words.take(chosen)
    assert [t.tolist() for t in map(taken.__getitem__, range(len(taken)))] == [words[i].tolist() for i in chosen]


STORY = "My landlord sold the house on Monday. I have thirty days, and no idea where to go with two children."


@pytest.mark.parametrize("disguised", [
    # invisible characters
    STORY.replace("a", "\u200ba"), "\ufeff" + STORY.replace(" ", " \u2060"), STORY.replace("land", "land\u00ad"),
    STORY.replace("o", "\u043e"), STORY.replace("d", "\uff44"), STORY.replace("e", "e\u0335"),  # look-alikes
])
def test_invisible_characters_and_look_alikes_hide_no_repeat(disguised: str) -> None:
    assert disguised != STORY
    texts = words_of([STORY, disguised])
    assert [(d.index, d.partner) for d in exact_duplicates(texts)] == [(1, 0)]
    assert [found[:2] for found in near_duplicates(texts, threshold=0.7, permutations=64, shingle_words=3, seed=1)] == [(1, 0)]
    assert [(d.index, d.partner) for d in repeated_substrings(texts, 15)] == [(1, 0)]


def test_a_repeat_in_disguise_is_cut_out_of_the_text_as_it_stands() -> None:
    disguised = "First of all: " + STORY.replace("o", "\u043e\u200b") + " What now?"
    trims = trim_repeats([STORY, disguised], words_of([STORY, disguised]), min_words=15, min_words_left=1)
    assert trims.texts == {1: "First of all: What now?"}
