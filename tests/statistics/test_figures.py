"""The corpus's figures on texts that can be counted by hand, and near duplicates against all pairs."""

from __future__ import annotations

import random
from statistics import fmean, median, pstdev

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthempathy.statistics import figures
from synthempathy.statistics.figures import binned
from synthempathy.text.numbered import Vocabulary

slow_machines = settings(deadline=None)  # others may use the machine


def test_length_figures_by_hand() -> None:
    assert figures._length_figures([2, 4, 4, 4, 5, 5, 7, 9]) == {
        "mean": 5.0, "std": 2.0, "p5": pytest.approx(2.7), "p25": 4.0, "median": 4.5, "p75": 5.5,
        "p95": pytest.approx(8.3),
    }
    assert figures._length_figures([7]) == {"mean": 7, "std": 0, **dict.fromkeys(figures.QUANTILES, 7.0)}


@slow_machines
@given(st.lists(st.integers(0, 500), min_size=1, max_size=60))
def test_length_figures_are_the_usual_ones(lengths: list[int]) -> None:
    found = figures._length_figures(lengths)
    assert found["mean"] == pytest.approx(fmean(lengths))
    assert found["std"] == pytest.approx(pstdev(lengths))
    assert found["median"] == median(lengths)
    assert found["p5"] <= found["p25"] <= found["median"] <= found["p75"] <= found["p95"]


@slow_machines
@given(st.lists(st.integers(0, 300), min_size=1, max_size=50), st.integers(1, 20))
def test_bins_hold_every_length_once_and_leave_no_gap(lengths: list[int], width: int) -> None:
    bins = binned(lengths, width)
    assert sum(bins.values()) == len(lengths)
    assert list(bins) == list(range(min(bins), max(bins) + 1, width))
    for edge, rows in bins.items():
        assert rows == sum(edge <= length < edge + width for length in lengths)


def near(texts: list[str], threshold: float) -> float:
    return figures._near_duplicate_share(Vocabulary().texts(texts), threshold, seed=3)


def slow_near(texts: list[str], threshold: float) -> float:
    def shingles(text: str) -> set[tuple[str, ...]]:
        words = text.split()
        return set(zip(words, words[1:], words[2:], strict=False))

    sets = [shingles(text) for text in texts]
    found = 0
    for index, one in enumerate(sets):
        found += any(one and other and len(one & other) / len(one | other) >= threshold for other in sets[:index])
    return found / len(texts)


@pytest.mark.parametrize("threshold", [0.7, 0.9, 1.0])
def test_near_duplicates_are_those_of_all_pairs(threshold: float) -> None:
    draw = random.Random(8)
    texts = [" ".join(f"w{draw.randrange(400)}" for _ in range(60)) for _ in range(150)]
    for index in range(0, 150, 3):  # a third are earlier ones with 0 to 8 words changed
        words = texts[draw.randrange(index + 1)].split()
        for _ in range(draw.randrange(9)):
            words[draw.randrange(60)] = f"w{draw.randrange(400)}"
        texts[index] = " ".join(words)
    expected = slow_near(texts, threshold)
    assert expected > 0.02 and near(texts, threshold) == pytest.approx(expected, abs=0.007)  # one of 150 may go unseen
    assert near(texts, threshold) <= expected  # what is counted is sure


def test_short_texts_are_no_near_duplicates() -> None:
    assert near(["a b", "a b", "", "?"], 0.5) == 0.0
    assert near(["a b c", "A b, c!"], 0.5) == 0.5


def test_of_many_equal_texts_all_but_one_are_counted() -> None:
    assert near(["one and the same text"] * 300, 0.7) == pytest.approx(299 / 300)
