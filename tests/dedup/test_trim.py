"""Trimming against a plain simulation over words, and against what must hold whatever the way it is done."""

from __future__ import annotations

import random

from hypothesis import example, given, settings
from hypothesis import strategies as st

from synthempathy.dedup.spans import pieces_of
from synthempathy.dedup.trim import Trimmed, trim_repeats
from synthempathy.text.numbered import normal_words, words_of

TOKENS = [
    "a", "f", "Don't", "well-known", "“x”—y", "e\u0301t\u00e9,", "你好。", "हिन्दी", "\u05e9\u05dc\u05d5\u05dd",
    "\U0001f469\u200d\U0001f680",
]


def runs(words: list[str], length: int) -> list[tuple[str, ...]]:
    return [tuple(words[k : k + length]) for k in range(len(words) - length + 1)]


def oracle(texts: list[str], min_words: int, min_left: int) -> list[str | None]:
    """The texts as they go on, None where dropped; for texts of words parted by spaces."""
    now: list[list[str] | None] = [text.split() for text in texts]
    while True:
        owner: dict[tuple[str, ...], int] = {}
        cut = False
        for index, words in enumerate(now):
            if words is None:
                continue
            grams = runs(words, min_words)
            gone = {k + j for k, gram in enumerate(grams) if gram in owner for j in range(min_words)}
            if gone:
                left = [word for k, word in enumerate(words) if k not in gone]
                if len(left) < min_left:
                    now[index] = None
                    continue
                now[index], cut = left, True
            for k, gram in enumerate(grams):
                if not gone & set(range(k, k + min_words)):
                    owner.setdefault(gram, index)
        if not cut:
            return [None if words is None else " ".join(words) for words in now]


def trim(texts: list[str], min_words: int, min_left: int) -> Trimmed:
    return trim_repeats(texts, words_of(texts), min_words=min_words, min_words_left=min_left)


def outcome(texts: list[str], result: Trimmed) -> list[str | None]:
    return [None if i in result.dropped else result.texts.get(i, text) for i, text in enumerate(texts)]


def copied(seed: int, alphabet: list[str]) -> list[str]:
    """Texts with passages copied into later ones, again and again."""
    draw = random.Random(seed)
    texts: list[list[str]] = []
    for _ in range(draw.randint(2, 12)):
        text = [draw.choice(alphabet) for _ in range(draw.randint(0, 10))]
        for _ in range(draw.randint(0, 3)):
            source = draw.choice(texts) if texts else []
            first, at = draw.randint(0, len(source)), draw.randint(0, len(text))
            text[at:at] = source[first : first + draw.randint(1, 8)]
        texts.append(text)
    return [" ".join(text) for text in texts]


@settings(deadline=None)
@given(st.lists(st.lists(st.sampled_from("abc"), max_size=12).map(" ".join), max_size=8), st.integers(1, 4), st.integers(1, 4))
@example(["a b c d", "x a b c d y"], 4, 1)
@example(["a b c x", "b c", "p q b c x a"], 2, 1)
@example(["a b c d", "x y", "a x y b c d"], 3, 1)  # only the cut makes it a repeat ...
@example(["q w e r", "a b c d", "a b q w e r c d"], 4, 1)  # ... of another text
@example(["a b c", "a b c"], 2, 1)
@example(["a a a a", "a a a", "b a a"], 2, 1)  # overlaps itself
def test_tiny_alphabet_matches_the_simulation(texts: list[str], min_words: int, min_left: int) -> None:
    assert outcome(texts, trim(texts, min_words, min_left)) == oracle(texts, min_words, min_left)


@settings(deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 5), st.integers(1, 6))
def test_copied_passages_match_the_simulation(seed: int, min_words: int, min_left: int) -> None:
    texts = copied(seed, list("abcdefghijklm"))
    assert outcome(texts, trim(texts, min_words, min_left)) == oracle(texts, min_words, min_left)


@settings(deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 5), st.integers(1, 6), st.integers(0, 10))
def test_whatever_the_words_are(seed: int, min_words: int, min_left: int, cut: int) -> None:
    """Words of several words, of other scripts, of emoji: what is left repeats nothing, and nothing else is lost."""
    texts = copied(seed, TOKENS)
    result = trim(texts, min_words, min_left)
    seen: set[tuple[str, ...]] = set()
    for index, text in enumerate(outcome(texts, result)):
        if text is None:
            continue
        words = normal_words(text)
        pieces = iter([texts[index][p.start : p.end] for p in pieces_of(texts[index])])
        assert all(text[p.start : p.end] in pieces for p in pieces_of(text))  # whole, in order, unchanged
        assert result.words[index].tolist() == words_of_same(texts, index, text)
        grams = set(runs(words, min_words))
        assert not grams & seen  # nothing missed
        seen |= grams
        if index in result.texts:
            assert len(words) >= min_left
        else:
            assert text == texts[index] and index not in result.trims
    for index, trims in result.trims.items():
        for one in trims:
            assert one.partner < index and one.length >= min_words
            first, last = one.span
            assert last - first >= one.length
            shown = normal_words(texts[index][slice(*one.characters)])
            inside = normal_words(texts[index])[first:last]
            assert " ".join(inside) in " ".join(shown)
    for index, duplicate in result.dropped.items():
        assert duplicate.index == index and duplicate.partner < index
        assert duplicate.evidence["length"] >= min_words
    early = trim(texts[:cut], min_words, min_left)  # later texts change nothing
    assert outcome(texts[:cut], early) == outcome(texts, result)[:cut]


def words_of_same(texts: list[str], index: int, text: str) -> list[int]:
    """The numbers that words_of(texts) gives the words of `text`, which is what is left of texts[index]."""
    number: dict[str, int] = {}
    numbers = words_of(texts)
    for k, one in enumerate(texts):
        number.update(zip(normal_words(one), numbers[k].tolist(), strict=True))
    return [number[word] for word in normal_words(text)]


def test_what_is_recorded() -> None:
    shared = " ".join(f"s{k}" for k in range(6))
    texts = [f"Zero, {shared}.", f"One two — {shared}! Three, four.", f"{shared} five"]
    result = trim(texts, 5, 3)
    assert result.texts == {1: "One two — Three, four."}
    (one,) = result.trims[1]
    assert (one.partner, one.span, one.length) == (0, [2, 8], 6)
    assert texts[1][slice(*one.characters)] == shared
    assert {i: (d.partner, d.evidence) for i, d in result.dropped.items()} == {
        2: (0, {"span": [0, 6], "characters": [0, len(shared)], "length": 6}),
    }


def test_a_second_trim_is_counted_in_the_words_of_the_story_as_it_came() -> None:
    """Once q w e r is gone from the last text, a b c d stand side by side, as in the second."""
    texts = ["q w e r", "a b c d", "x a b q w e r c d y"]
    result = trim(texts, 4, 1)
    assert result.texts == {2: "x y"}
    assert [(t.partner, t.span, t.length) for t in result.trims[2]] == [(0, [3, 7], 4), (1, [1, 9], 4)]
    assert texts[2][slice(*result.trims[2][1].characters)] == "a b q w e r c d"


def test_a_repeat_inside_one_word_cannot_be_cut_and_is_dropped() -> None:
    glued = "-".join(f"w{k}" for k in range(8))
    result = trim([f"a {glued} b", f"c x-{glued} d e f"], 6, 1)
    assert not result.texts and result.dropped[1].partner == 0
