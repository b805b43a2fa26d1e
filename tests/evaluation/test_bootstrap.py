"""The statistics against figures known otherwise: exact enumeration, normal theory, and cases without a figure."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from synthempathy.evaluation import bootstrap
from synthempathy.evaluation.bootstrap import (
    Gain,
    Groups,
    count_groups,
    gain,
    holm,
    interval,
    resampled_means,
    sign_flip_p,
    tails,
)
from synthempathy.scorers.base import Floats, group_numbers

SCORE = st.floats(0, 2, allow_subnormal=False)


def alone(pairs: int) -> Groups:
    """Each pair is of a seed of its own."""
    return np.arange(pairs)


def gained(base: Floats, tuned: Floats, samples: int = 2000, seed: int = 3, seeds: Groups | None = None) -> Gain:
    seeds = alone(len(base)) if seeds is None else seeds
    drawn = resampled_means(np.column_stack([base, tuned]), seeds, samples, seed)
    return gain(base, tuned, drawn[:, 0], drawn[:, 1], count_groups(seeds))


def test_the_interval_of_a_mean_is_that_of_normal_theory_for_many_pairs() -> None:
    values = np.random.default_rng(1).normal(1.0, 0.3, 2000)
    low, high = interval(resampled_means(values[:, None], alone(2000), 4000, 5)[:, 0], 2000)
    half = 1.96 * values.std() / math.sqrt(len(values))
    assert (low, high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.1 * half)


def test_about_95_of_100_intervals_hold_the_true_gain() -> None:
    chance = np.random.default_rng(11)
    held = 0
    for trial in range(200):
        pair = chance.normal(0, 0.1, 60)  # a pair's own level, shared by both systems
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
    assert len(base) > 1 or result.note in (bootstrap.ONE_SEED, bootstrap.ZERO_BASE)
    if result.percent is not None and result.low is not None and result.high is not None:
        assert result.low <= result.high
    assert 1 / 101 <= sign_flip_p(tuned - base, alone(len(base)), 100, 3) <= 1


def test_p_is_the_share_of_all_sign_flips() -> None:
    differences = np.array([0.3, 0.1, -0.2, 0.4, 0.25, 0.05, -0.1, 0.15])
    sums = np.array(list(itertools.product((1, -1), repeat=8))) @ differences
    exact = np.mean(np.abs(sums) >= abs(differences.sum()) - 1e-12)
    assert sign_flip_p(differences, alone(8), 40_000, 7) == pytest.approx(exact, abs=0.006)
    assert sign_flip_p(-differences, alone(8), 40_000, 7) == pytest.approx(exact, abs=0.006)


def test_p_is_1_for_no_difference_and_never_0() -> None:
    assert sign_flip_p(np.zeros(5), alone(5), 200, 1) == 1
    assert sign_flip_p(np.full(60, 0.5), alone(60), 999, 1) == 1 / 1000


@pytest.mark.parametrize(
    "differences", [[0.21, 0.94, 0.37, 0.11, 0.63, 0.93], [0.8, 0.92, 0.27, 0.54, 0.45, 0.93], [0.1, 0.2, 0.3]]
)
def test_a_sum_that_rounds_otherwise_in_another_order_still_counts_as_equal(differences: list[float]) -> None:
    # All pairs moved alike: 2 of 2**n sign patterns are as extreme, and no more.
    exact = 2 / 2 ** len(differences)
    assert sign_flip_p(np.array(differences), alone(len(differences)), 20_000, 1) == pytest.approx(exact, abs=0.2 * exact)


def test_results_depend_on_the_seed_and_not_on_how_much_is_held_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    values, seeds = np.random.default_rng(4).uniform(0, 2, (37, 2)), alone(37) // 2
    means, p = resampled_means(values, seeds, 500, 9), sign_flip_p(values[:, 0] - 1, seeds, 500, 9)
    assert not np.array_equal(means, resampled_means(values, seeds, 500, 10))
    monkeypatch.setattr(bootstrap, "CELLS", 19 * 7)
    assert np.allclose(means, resampled_means(values, seeds, 500, 9), rtol=0, atol=1e-12)
    assert p == sign_flip_p(values[:, 0] - 1, seeds, 500, 9)


def seeded(chance: np.random.Generator, seeds: int, each: int, between: float, within: float) -> tuple[Floats, Groups]:
    """`each` values of each seed around the seed's own, all around 0."""
    groups = np.repeat(np.arange(seeds), each)
    return chance.normal(0, between, seeds)[groups] + chance.normal(0, within, seeds * each), groups


@pytest.mark.parametrize("seeds", [8, 12, 40])
def test_intervals_over_seeds_hold_the_mean_95_times_in_100_where_those_over_pairs_do_not(seeds: int) -> None:
    chance = np.random.default_rng(5)
    held, held_by_pairs = 0, 0
    for trial in range(400):
        values, groups = seeded(chance, seeds, 4, between=0.3, within=0.1)
        low, high = interval(resampled_means(values[:, None], groups, 400, trial)[:, 0], seeds)
        held += low <= 0 <= high
        low, high = interval(resampled_means(values[:, None], alone(len(values)), 400, trial)[:, 0], len(values))
        held_by_pairs += low <= 0 <= high
    assert 364 <= held <= 396  # 0.91 to 0.99
    assert held_by_pairs < 320


def test_by_chance_alone_1_test_in_20_says_5_percent_where_pairs_of_a_seed_are_alike() -> None:
    chance = np.random.default_rng(6)
    found, found_by_pairs = 0, 0
    for trial in range(400):
        values, groups = seeded(chance, 10, 4, between=0.3, within=0.1)
        found += sign_flip_p(values, groups, 400, trial) < 0.05
        found_by_pairs += sign_flip_p(values, alone(40), 400, trial) < 0.05
    assert 6 <= found <= 36
    assert found_by_pairs > 80


def test_a_single_seed_gives_a_gain_without_an_interval() -> None:
    result = gained(np.full(4, 0.5), np.full(4, 0.75), seeds=np.zeros(4, dtype=np.intp))
    assert (result.percent, result.low, result.high, result.note) == (50, None, None, bootstrap.ONE_SEED)


def test_a_seed_with_more_pairs_counts_more() -> None:
    values = np.array([[1.0], [1.0], [1.0], [0.0]])
    drawn = resampled_means(values, group_numbers(["a", "a", "a", "b"]), 2000, 1)[:, 0]
    shares = {share: float((drawn == share).mean()) for share in (0.0, 0.75, 1.0)}
    assert sum(shares.values()) == 1  # of two seeds drawn: b twice, one each, a twice
    assert shares[0.75] == pytest.approx(0.5, abs=0.05)


def test_groups_are_counted() -> None:
    assert count_groups(group_numbers(["b", "a", "b"])) == 2
    assert count_groups(group_numbers([])) == 0


def test_tails_are_wider_for_few_seeds_and_the_usual_ones_for_many() -> None:
    assert tails(10_000) == pytest.approx((0.025, 0.975), abs=2e-4)
    lows = [tails(number)[0] for number in (2, 5, 11, 100)]
    assert lows == sorted(lows)
    assert lows[2] == pytest.approx(0.0097, abs=5e-4)  # by hand: norm.cdf(-sqrt(1.1) * 2.2281)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_holm_keeps_the_order_and_lies_between_p_and_bonferroni(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    for p, q in zip(p_values, adjusted, strict=True):
        assert p <= q <= min(1, len(p_values) * p)
    by_p = [q for _, q in sorted(zip(p_values, adjusted, strict=True))]
    assert by_p == sorted(by_p)


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.6]) == [1.0, 1.0]
