"""The statistics against figures known otherwise: exact enumeration, normal theory, and cases without a figure."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from stages.evaluation import bootstrap
from stages.evaluation.bootstrap import Floats, Gain, gain, interval, resampled_means, sign_flip_p

SCORE = st.floats(0, 2, allow_subnormal=False)


def gained(base: Floats, tuned: Floats, samples: int = 2000, seed: int = 3) -> Gain:
    drawn = resampled_means(np.column_stack([base, tuned]), samples, seed)
    return gain(base, tuned, drawn[:, 0], drawn[:, 1])


def test_the_interval_of_a_mean_is_that_of_normal_theory_for_many_pairs() -> None:
    values = np.random.default_rng(1).normal(1.0, 0.3, 2000)
    low, high = interval(resampled_means(values[:, None], 4000, 5)[:, 0])
    half = 1.96 * values.std() / math.sqrt(len(values))
    assert (low, high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.1 * half)


def test_about_95_of_100_intervals_hold_the_true_gain() -> None:
    chance = np.random.default_rng(11)
    held = 0
    for trial in range(200):
        pair = chance.normal(0, 0.1, 60)  # a pair's own level, shared by both arms
        base, tuned = 0.8 + pair + chance.normal(0, 0.1, 60), 1.0 + pair + chance.normal(0, 0.1, 60)
        result = gained(base, tuned, samples=400, seed=trial)
        assert result.low is not None and result.high is not None
        held += result.low <= 25.0 <= result.high
    assert 180 <= held <= 199


def test_pairing_narrows_the_interval() -> None:
    level = np.random.default_rng(2).uniform(0.2, 1.8, 50)
    paired = gained(level, level + 0.1)
    crossed = gained(level, np.roll(level, 7) + 0.1)
    assert paired.percent == pytest.approx(crossed.percent)
    assert paired.low is not None and paired.high is not None and crossed.low is not None and crossed.high is not None
    assert paired.high - paired.low < 0.3 * (crossed.high - crossed.low)


def test_twice_the_score_is_a_gain_of_100_percent_without_doubt() -> None:
    base = np.array([0.5, 1.0, 0.25])
    result = gained(base, 2 * base)
    assert (result.percent, result.low, result.high) == pytest.approx((100, 100, 100))
    assert result.difference == pytest.approx(base.mean())
    assert result.note is None


def test_a_base_of_zero_has_no_percentage_but_a_difference() -> None:
    assert gained(np.zeros(4), np.full(4, 0.5)) == Gain(0.5, None, None, None, bootstrap.ZERO_BASE)
    assert gained(np.zeros(4), np.zeros(4)) == Gain(0.0, None, None, None, bootstrap.ZERO_BASE)


def test_a_base_that_is_zero_in_many_draws_has_no_upper_end() -> None:
    base, tuned = np.array([0.5, 0, 0, 0]), np.array([0.5, 1, 1, 1])  # drawn without the first: about 3 times in 10
    result = gained(base, tuned)
    assert result.percent == pytest.approx(600)
    assert result.low is not None and result.low >= 0
    assert (result.high, result.note) == (None, bootstrap.ZERO_DRAWN)


@settings(deadline=None)
@given(st.integers(1, 30).flatmap(lambda n: st.tuples(*[arrays(float, n, elements=SCORE)] * 2)))
def test_no_scores_give_a_figure_that_json_cannot_hold(scores: tuple[Floats, Floats]) -> None:
    base, tuned = scores
    result = gained(base, tuned, samples=100)
    figures = [result.difference, result.percent, result.low, result.high]
    assert all(figure is None or math.isfinite(figure) for figure in figures)
    assert (result.note is None) == (None not in figures)
    if result.percent is not None and result.low is not None and result.high is not None:
        assert result.low <= result.high
    assert 1 / 101 <= sign_flip_p(tuned - base, 100, 3) <= 1


def test_p_is_the_share_of_all_sign_flips() -> None:
    differences = np.array([0.3, 0.1, -0.2, 0.4, 0.25, 0.05, -0.1, 0.15])
    sums = np.array(list(itertools.product((1, -1), repeat=8))) @ differences
    exact = np.mean(np.abs(sums) >= abs(differences.sum()) - 1e-12)
    assert sign_flip_p(differences, 40_000, 7) == pytest.approx(exact, abs=0.006)
    assert sign_flip_p(-differences, 40_000, 7) == pytest.approx(exact, abs=0.006)


def test_p_is_1_for_no_difference_and_never_0() -> None:
    assert sign_flip_p(np.zeros(5), 200, 1) == 1
    assert sign_flip_p(np.full(60, 0.5), 999, 1) == 1 / 1000


@pytest.mark.parametrize(
    "differences", [[0.21, 0.94, 0.37, 0.11, 0.63, 0.93], [0.8, 0.92, 0.27, 0.54, 0.45, 0.93], [0.1, 0.2, 0.3]]
)
def test_a_sum_that_rounds_otherwise_in_another_order_still_counts_as_equal(differences: list[float]) -> None:
    # All pairs moved alike: 2 of 2**n sign patterns are as extreme, and no more.
    exact = 2 / 2 ** len(differences)
    assert sign_flip_p(np.array(differences), 20_000, 1) == pytest.approx(exact, abs=0.2 * exact)


def test_results_depend_on_the_seed_and_not_on_how_much_is_held_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(4).uniform(0, 2, (37, 2))
    means, p = resampled_means(values, 500, 9), sign_flip_p(values[:, 0] - 1, 500, 9)
    assert not np.array_equal(means, resampled_means(values, 500, 10))
    monkeypatch.setattr(bootstrap, "CELLS", 37 * 7)
    assert np.allclose(means, resampled_means(values, 500, 9), rtol=0, atol=1e-12)
    assert p == sign_flip_p(values[:, 0] - 1, 500, 9)
