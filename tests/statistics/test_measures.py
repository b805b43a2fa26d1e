"""The measures against slow definitions of the same, and on texts whose figures can be counted by hand."""

from __future__ import annotations

from statistics import fmean, median, pstdev

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthempathy.statistics import measures
from synthempathy.text.texts import Texts

lists_of_numbers = st.lists(st.lists(st.integers(0, 6), max_size=40), min_size=1, max_size=12)
slow_machines = settings(deadline=None)  # others may use the machine


def texts(*numbers: list[int]) -> Texts:
    """Each list a text of one sentence."""
    flat = np.array([n for text in numbers for n in text], dtype=np.int32)
    starts = np.append(0, np.cumsum([len(text) for text in numbers], dtype=np.int64))
    opens = np.zeros(len(flat), dtype=np.bool_)
    opens[[start for start, text in zip(starts, numbers, strict=False) if text]] = True
    return Texts(flat, starts, opens)


def test_length_figures_by_hand() -> None:
    assert measures.length_figures([2, 4, 4, 4, 5, 5, 7, 9]) == {
        "mean": 5.0, "std": 2.0, "p5": pytest.approx(2.7), "p25": 4.0, "median": 4.5, "p75": 5.5,
        "p95": pytest.approx(8.3),
    }
    assert measures.length_figures([7]) == {"mean": 7, "std": 0, **dict.fromkeys(measures.QUANTILES, 7.0)}


@slow_machines
@given(st.lists(st.integers(0, 500), min_size=1, max_size=60))
def test_length_figures_are_the_usual_ones(lengths: list[int]) -> None:
    found = measures.length_figures(lengths)
    assert found["mean"] == pytest.approx(fmean(lengths))
    assert found["std"] == pytest.approx(pstdev(lengths))
    assert found["median"] == median(lengths)
    assert found["p5"] <= found["p25"] <= found["median"] <= found["p75"] <= found["p95"]


@slow_machines
@given(lists_of_numbers, st.sampled_from([1, 2, 3]), st.sampled_from([7, 2**31]))
def test_distinct_is_different_over_all(numbers: list[list[int]], n: int, kinds: int) -> None:
    grams = [tuple(text[i : i + n]) for text in numbers for i in range(len(text) - n + 1)]
    expected = len(set(grams)) / len(grams) if grams else 0.0
    assert measures.distinct(texts(*numbers), n, kinds) == expected  # 2**31 kinds: three do not fit into 63 bits


def test_distinct_counts_no_bigram_across_texts() -> None:
    assert measures.distinct(texts([1, 2], [1, 2], [1, 2]), 2, 3) == pytest.approx(1 / 3)


@slow_machines
@given(lists_of_numbers, st.integers(1, 20))
def test_mattr_is_the_mean_over_all_windows(numbers: list[list[int]], window: int) -> None:
    def slow(text: list[int]) -> float:
        windows = [text[i : i + window] for i in range(max(len(text) - window, 0) + 1)]
        ratios = [len(set(w)) / len(w) for w in windows if w]
        return sum(ratios) / len(ratios) if ratios else 0.0

    assert measures.mattr(texts(*numbers), window).tolist() == pytest.approx([slow(text) for text in numbers])


def test_different_numbers_at_the_ends_of_their_range() -> None:
    assert measures.different(np.array([3, 1, 3, -(2**63), 2**63 - 1])).tolist() == [-(2**63), 1, 3, 2**63 - 1]
    assert measures.different(np.zeros(0, dtype=np.int64)).tolist() == []


@slow_machines
@given(lists_of_numbers)
def test_run_hashes_are_equal_for_equal_texts_alone(numbers: list[list[int]]) -> None:
    given_ = texts(*numbers)
    hashes = measures.run_hashes(given_.flat, given_.starts).tolist()
    for one, text in enumerate(numbers):
        for other, another in enumerate(numbers):
            assert (hashes[one] == hashes[other]) == (text == another)


@slow_machines
@given(st.lists(st.integers(0, 300), min_size=1, max_size=50), st.integers(1, 20))
def test_bins_hold_every_length_once_and_leave_no_gap(lengths: list[int], width: int) -> None:
    bins = measures.binned(lengths, width)
    assert sum(bins.values()) == len(lengths)
    assert list(bins) == list(range(min(bins), max(bins) + 1, width))
    for edge, rows in bins.items():
        assert rows == sum(edge <= length < edge + width for length in lengths)
