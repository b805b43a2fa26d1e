"""The measures against slow definitions of the same, and on texts whose figures can be counted by hand."""

from __future__ import annotations

import random
import time
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.statistics import measures

texts_of_numbers = st.lists(st.lists(st.integers(0, 6), max_size=40), min_size=1, max_size=12)


def test_words_fold_case_and_apostrophes() -> None:
    assert measures.words("Don’t GO -- don't, 3 o'clock_ish…") == ["don't", "go", "don't", "3", "o'clock", "ish"]
    assert measures.words("?! ... ''") == []


def test_numbered_gives_equal_numbers_to_equal_words() -> None:
    assert measures.numbered(["a b A", "", "c b"]) == ([[0, 1, 0], [], [2, 1]], 3)


def test_length_figures_by_hand() -> None:
    assert measures.length_figures([2, 4, 4, 4, 5, 5, 7, 9]) == {"mean": 5.0, "std": 2.0, "median": 4.5}
    assert measures.length_figures([7]) == {"mean": 7.0, "std": 0.0, "median": 7.0}


@settings(deadline=None)  # others may use the machine
@given(texts_of_numbers, st.sampled_from([1, 2]))
def test_distinct_is_different_over_all(texts: list[list[int]], n: int) -> None:
    grams = [tuple(text[i : i + n]) for text in texts for i in range(len(text) - n + 1)]
    assert measures.distinct(texts, n) == (len(set(grams)) / len(grams) if grams else 0.0)


def test_distinct_counts_no_bigram_across_texts() -> None:
    assert measures.distinct([[1, 2], [1, 2], [1, 2]], 2) == pytest.approx(1 / 3)


@settings(deadline=None)  # others may use the machine
@given(st.lists(st.integers(0, 6), max_size=60), st.integers(1, 20))
def test_mattr_is_the_mean_over_all_windows(text: list[int], window: int) -> None:
    windows = [text[i : i + window] for i in range(max(len(text) - window, 0) + 1)]
    ratios = [len(set(w)) / len(w) for w in windows if w]
    assert measures.mattr(text, window) == pytest.approx(sum(ratios) / len(ratios) if ratios else 0.0)


@settings(deadline=None)  # others may use the machine
@given(texts_of_numbers, st.integers(1, 5))
def test_top_openings_are_the_commonest(texts: list[list[int]], openings: int) -> None:
    counts = sorted(Counter(str(text[:3]) for text in texts).values(), reverse=True)
    assert measures.top_opening_share(texts, openings) == pytest.approx(sum(counts[:openings]) / len(texts))


def test_top_openings_by_hand() -> None:
    texts = [[1, 2, 3, 4], [1, 2, 3, 5], [1, 2, 4], [7], []]
    assert measures.top_opening_share(texts, 1) == pytest.approx(0.4)


@settings(deadline=None)  # others may use the machine
@given(st.lists(st.integers(0, 300), min_size=1, max_size=50), st.integers(1, 20))
def test_bins_hold_every_length_once_and_leave_no_gap(lengths: list[int], width: int) -> None:
    bins = measures.binned(lengths, width)
    assert sum(bins.values()) == len(lengths)
    assert list(bins) == list(range(min(bins), max(bins) + 1, width))
    for edge, rows in bins.items():
        assert rows == sum(edge <= length < edge + width for length in lengths)


def test_time_grows_with_the_words_not_their_square() -> None:
    draw = random.Random(3)

    def seconds(size: int) -> float:
        texts = [[draw.randrange(2000) for _ in range(size)]]
        start = time.process_time()
        measures.mattr(texts[0], 100)
        measures.distinct(texts, 2)
        return time.process_time() - start

    seconds(10_000)
    assert min(seconds(200_000) for _ in range(2)) < 30 * max(min(seconds(20_000) for _ in range(3)), 0.003)
