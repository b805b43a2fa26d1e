"""Repeated passages against brute force over all pairs, on the texts that break suffix arrays."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from synthempathy.dedup.substring import repeated_substrings
from synthempathy.text.numbered import normal_words, words_of

Found = tuple[int, int, int, int]  # text, partner, offset, length


def longest_common_run(text: list[str], other: list[str]) -> tuple[int, int]:
    """Length and first offset in `text` of the longest run of words that both hold."""
    best, offset = 0, 0
    above = [0] * (len(other) + 1)
    for i, word in enumerate(text):
        row = [0] * (len(other) + 1)
        for j, partner_word in enumerate(other):
            if word == partner_word:
                row[j + 1] = above[j] + 1
                if row[j + 1] > best:
                    best, offset = row[j + 1], i + 1 - row[j + 1]
        above = row
    return best, offset


def oracle(texts: list[str], min_words: int) -> list[Found]:
    words = [normal_words(t) for t in texts]
    kept: list[int] = []
    found: list[Found] = []
    for index, text in enumerate(words):
        runs = [(*longest_common_run(text, words[partner]), partner) for partner in kept]
        length, offset, partner = min(runs, key=lambda run: (-run[0], run[2], run[1]), default=(0, 0, -1))
        if length >= min_words:
            found.append((index, partner, offset, length))
        else:
            kept.append(index)
    return found


def search(texts: list[str], min_words: int) -> list[Found]:
    found = repeated_substrings(words_of(texts), min_words)
    rows: list[Found] = []
    for duplicate in found:
        evidence: dict[str, Any] = dict(duplicate.evidence)
        first, end = evidence.pop("span")
        assert evidence == {"length": end - first}
        rows.append((duplicate.index, duplicate.partner, first, end - first))
    return rows


def texts_of(alphabet: str, longest: int, most: int) -> st.SearchStrategy[list[str]]:
    return st.lists(st.lists(st.sampled_from(alphabet), max_size=longest).map(" ".join), max_size=most)


@settings(deadline=None)
@given(texts_of("ab", 9, 8), st.integers(1, 5))
@example([], 2)
@example([""], 2)
@example(["", "!", "…"], 1)
@example(["a a a a a a", "a a a", "b a a a b"], 3)  # overlaps itself
@example(["a b", "c d", "a b c d"], 3)  # only across an edge: a b | c d
@example(["x a b", "y a b", "z a b"], 2)  # words that stand once are breaks
@example(["a b c", "b c d", "c d a"], 2)  # the third repeats only the second, which is dropped
@example(["a b x b c d", "b c d a b"], 2)  # the longer of two repeats counts, wherever it stands
def test_tiny_alphabet_matches_the_oracle(texts: list[str], min_words: int) -> None:
    assert search(texts, min_words) == oracle(texts, min_words)


@settings(deadline=None)
@given(texts_of("abcdefghé\u4e16", 14, 10), st.integers(2, 4))
def test_wider_alphabet_matches_the_oracle(texts: list[str], min_words: int) -> None:
    assert search(texts, min_words) == oracle(texts, min_words)


@settings(deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 6))
def test_texts_cut_from_one_another_match_the_oracle(seed: int, min_words: int) -> None:
    """Passages copied into later texts, again and again, so that partners are themselves dropped."""
    draw = random.Random(seed)
    texts: list[list[str]] = []
    for _ in range(draw.randint(2, 14)):
        text = [draw.choice("abcdefghijklm") for _ in range(draw.randint(0, 10))]
        for _ in range(draw.randint(0, 2)):
            source = draw.choice(texts) if texts else []
            first = draw.randint(0, len(source))
            at = draw.randint(0, len(text))
            text[at:at] = source[first : first + draw.randint(1, 8)]
        texts.append(text)
    joined = [" ".join(text) for text in texts]
    assert search(joined, min_words) == oracle(joined, min_words)


@settings(deadline=None)
@given(texts_of("abc", 8, 8), st.integers(2, 4), st.data())
def test_later_texts_do_not_change_what_became_of_earlier_ones(
    texts: list[str], min_words: int, data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(texts)))
    assert search(texts[:cut], min_words) == [f for f in search(texts, min_words) if f[0] < cut]


def test_more_words_than_two_bytes_can_number() -> None:
    """Above 65,535 words that repeat, a symbol takes four bytes; neighbours must not be mixed up."""
    words = [f"w{number}" for number in range(70_000)]
    shuffled = random.Random(5).sample(words, len(words))
    texts = [" ".join(shuffled[k : k + 100]) for k in range(0, len(words), 100)]
    again = [" ".join([*words[k : k + 60], *shuffled[k + 7 : k + 47]]) for k in range(0, len(words), 100)]
    found = search([*texts, *again], 40)
    assert len(found) == 700
    for index, partner, offset, length in found:
        assert (partner, offset, length) == (index - 700, 60, 40)


def test_one_passage_in_very_many_texts_takes_no_time() -> None:
    """A quadratic search would look at 200 million pairs of places."""
    opener = " ".join(f"o{k}" for k in range(50))
    texts = [f"{opener} {number} {number + 1} {number + 2}" for number in range(0, 60_000, 3)]
    found = search(texts, 40)
    assert [f[:3] for f in found] == [(index, 0, 0) for index in range(1, 20_000)]
    assert {f[3] for f in found} == {50}
