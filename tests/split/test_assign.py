"""Which side each seed goes to: every side filled, each category on every side, shares as asked."""

from __future__ import annotations

import random
from collections import Counter

from hypothesis import assume, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from synthempathy.split.assign import SIDES, assign
from synthempathy.split.params import Split


def shares(validation: float = 0.12, test: float = 0.2, seed: int = 29) -> Split:
    return Split(validation=validation, test=test, seed=seed)


def seeds_of(*sizes: int) -> dict[str, str]:
    """Seeds by the size of each category."""
    return {f"s{c}-{k}": f"category {c}" for c, size in enumerate(sizes) for k in range(size)}


def seats(category_of: dict[str, str], side_of: dict[str, str]) -> dict[str, Counter[str]]:
    """For each category, its seeds per side."""
    table: dict[str, Counter[str]] = {category: Counter() for category in category_of.values()}
    for seed, category in category_of.items():
        table[category][side_of[seed]] += 1
    return table


sizes_strategy = st.lists(st.integers(1, 12), min_size=1, max_size=10)
share_strategy = st.floats(0.01, 0.98)


@given(sizes_strategy, share_strategy, share_strategy, st.integers(0, 5))
@hypothesis_settings(deadline=None, max_examples=300)
@example([3], 0.49, 0.5, 0)
@example([1, 1, 1], 0.49, 0.5, 0)
@example([1, 2], 0.01, 0.01, 0)
@example([3, 3, 3], 0.05, 0.9, 0)
@example([10, *[2] * 20], 0.12, 0.2, 0)
def test_sides_are_filled_and_see_every_category(sizes: list[int], validation: float, test: float, seed: int) -> None:
    assume(sum(sizes) >= 3 and validation + test < 1)
    category_of = seeds_of(*sizes)
    side_of = assign(category_of, shares(validation, test, seed))
    assert set(side_of) == set(category_of)
    assert set(side_of.values()) == set(SIDES)
    for counts in seats(category_of, side_of).values():
        if counts.total() >= 3:
            assert set(counts) == set(SIDES)


@given(sizes_strategy, st.randoms(use_true_random=False))
@hypothesis_settings(deadline=None)
def test_depends_on_the_seeds_and_not_on_their_order(sizes: list[int], shuffled: random.Random) -> None:
    category_of = seeds_of(*sizes)
    assume(len(category_of) >= 3)
    items = list(category_of.items())
    shuffled.shuffle(items)
    assert assign(dict(items), shares()) == assign(category_of, shares())


@given(st.lists(st.integers(30, 90), min_size=1, max_size=9), st.floats(0.05, 0.3), st.floats(0.05, 0.3))
@hypothesis_settings(deadline=None, max_examples=50)
def test_shares_hold_over_all_and_in_each_category(sizes: list[int], validation: float, test: float) -> None:
    category_of = seeds_of(*sizes)
    side_of = assign(category_of, shares(validation, test))
    total = Counter(side_of.values())
    assert total["validation"] == round(validation * len(category_of))
    assert total["test"] == round(test * len(category_of))
    for counts in seats(category_of, side_of).values():
        assert abs(counts["validation"] - validation * counts.total()) <= 1
        assert abs(counts["test"] - test * counts.total()) <= 1


def test_the_embedded_size() -> None:
    """54 seeds, six per category: every category on every side comes before validation's share of 6.5 seeds."""
    category_of = seeds_of(*[6] * 9)
    side_of = assign(category_of, shares())
    assert Counter(side_of.values()) == {"train": 34, "validation": 9, "test": 11}
    for counts in seats(category_of, side_of).values():
        assert counts["validation"] == 1 and counts["test"] in (1, 2)


def test_small_categories_do_not_drain_a_large_one() -> None:
    category_of = seeds_of(10, *[1] * 100)
    side_of = assign(category_of, shares())
    large = seats(category_of, side_of)["category 0"]
    assert large["test"] in (2, 3) and large["validation"] in (1, 2)  # of shares of 2 and 1.2
    assert Counter(side_of.values()) == {"train": 75, "validation": 13, "test": 22}


def test_the_seed_draws_other_seeds() -> None:
    category_of = seeds_of(*[20] * 5)
    draws = [assign(category_of, shares(seed=seed)) for seed in (1, 2)]
    assert draws[0] != draws[1]
    assert Counter(draws[0].values()) == Counter(draws[1].values())


def test_the_draw_is_pinned() -> None:
    """A corpus split today is split the same tomorrow, by any Python."""
    test_seeds = sorted(s for s, side in assign(seeds_of(6, 6), shares()).items() if side == "test")
    assert test_seeds == ["s0-1", "s1-2"]
