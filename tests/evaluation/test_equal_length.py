"""The gain at equal length, where it is known how much of the gain is length."""

from __future__ import annotations

import numpy as np
import pytest

from synthempathy.evaluation.bootstrap import ONE_SEED, ZERO_BASE
from synthempathy.evaluation.equal_length import EqualLength, equal_length, word_counts
from synthempathy.scorers.base import Floats

SEEDS = np.repeat(np.arange(20), 4)


def made(per_log_word: float, own: float, seed: int = 1) -> tuple[Floats, Floats, Floats, Floats]:
    """Scores and words of both systems: tuned is a quarter longer; `own` is what it gains apart from that."""
    chance = np.random.default_rng(seed)
    pairs = len(SEEDS)
    topic = chance.normal(0, 0.05, 20)[SEEDS]
    base_words = np.rint(120 * np.exp(chance.normal(0, 0.3, pairs)))
    tuned_words = np.rint(150 * np.exp(chance.normal(0, 0.3, pairs)))
    base = 0.5 + per_log_word * np.log(base_words / 120) + topic + chance.normal(0, 0.03, pairs)
    tuned = 0.5 + own + per_log_word * np.log(tuned_words / 120) + topic + chance.normal(0, 0.03, pairs)
    return base, tuned, base_words, tuned_words


def fitted(*arrays: Floats) -> EqualLength:
    return equal_length(*arrays, SEEDS, 2000, 7)


def test_a_gain_that_is_all_length_is_gone_at_equal_length() -> None:
    arrays = made(per_log_word=0.4, own=0.0)
    raw = float((arrays[1] - arrays[0]).mean())
    found = fitted(*arrays)
    assert raw > 0.06
    assert found.difference == pytest.approx(0, abs=0.02)
    assert found.low is not None and found.high is not None
    assert found.low < 0 < found.high
    assert found.per_doubling == pytest.approx(0.4 * np.log(2), abs=0.03)


def test_a_gain_that_length_has_no_part_in_stays() -> None:
    arrays = made(per_log_word=0.0, own=0.25)
    found = fitted(*arrays)
    assert found.difference == pytest.approx(0.25, abs=0.02)
    assert found.percent == pytest.approx(100 * 0.25 / 0.5, abs=5)
    assert found.low is not None and found.high is not None
    assert found.low < found.percent < found.high
    assert found.low > 40
    assert found.per_doubling == pytest.approx(0, abs=0.03)


def test_half_and_half_is_separated_and_its_interval_holds_the_truth() -> None:
    held = 0
    for seed in range(60):
        found = fitted(*made(per_log_word=0.4, own=0.1, seed=seed))
        assert found.difference == pytest.approx(0.1, abs=0.04)
        assert found.low is not None and found.high is not None
        held += found.low <= 100 * 0.1 / 0.5 <= found.high
    assert held >= 52


def test_where_lengths_do_not_overlap_there_is_no_figure_but_a_note() -> None:
    base, tuned, base_words, tuned_words = made(0.4, 0.1)
    found = fitted(base, tuned, base_words, tuned_words + 1000)
    assert (found.difference, found.percent, found.low, found.high) == (None, None, None, None)
    assert found.note is not None
    assert found.note.startswith("lengths do not overlap: ")
    tuned_words[0] = base_words.max()
    found = fitted(base, tuned, base_words, np.maximum(tuned_words, base_words.max()))
    assert found.difference is None
    assert found.note is not None
    assert "of 80 responses, 8 are needed" in found.note


def test_equal_lengths_leave_the_raw_difference() -> None:
    base, tuned, base_words, _ = made(0.0, 0.25)
    raw = pytest.approx(float((tuned - base).mean()))
    assert fitted(base, tuned, base_words, base_words).difference == raw
    found = fitted(base, tuned, 0 * base_words + 90, 0 * base_words + 90)
    assert (found.difference, found.per_doubling) == (raw, None)
    assert found.low is not None and found.low > 0


def test_a_base_of_zero_has_a_difference_and_a_single_seed_no_interval() -> None:
    base, tuned, base_words, tuned_words = made(0.0, 0.25)
    found = fitted(0 * base, tuned, base_words, tuned_words)
    assert found.difference is not None
    assert (found.percent, found.note) == (None, ZERO_BASE)
    found = equal_length(base, tuned, base_words, tuned_words, 0 * SEEDS, 2000, 7)
    assert found.percent is not None
    assert (found.low, found.note) == (None, ONE_SEED)


def test_words_are_counted_and_an_empty_response_is_one() -> None:
    assert word_counts(["a b c", "", " \n"]).tolist() == [3, 1, 1]
