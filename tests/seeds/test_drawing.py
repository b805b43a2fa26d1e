"""The draw of seeds: even over the categories, full, blind to the order of the rows."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from synthempathy.seeds.drawing import draw_evenly
from synthempathy.seeds.sources import Sentence
from tests.helpers.empathy import CATEGORIES


def sentences_of(sizes: list[int]) -> list[Sentence]:
    categories = [c for c, size in zip(CATEGORIES, sizes, strict=True) for _ in range(size)]
    return [Sentence(n, f"x-{n}", f"sentence {n}", True, c, 5.0, "x") for n, c in enumerate(categories)]


sizes_of_categories = st.lists(st.integers(0, 12), min_size=9, max_size=9)


@settings(deadline=None)  # others may use the machine
@given(sizes_of_categories, st.integers(1, 70), st.integers(0, 3), st.randoms())
def test_draw_is_even_full_and_blind_to_the_order(sizes: list[int], limit: int, seed: int, random: Any) -> None:
    sentences = sentences_of(sizes)
    drawn = draw_evenly(sentences, CATEGORIES, limit, seed)
    assert len(drawn) == min(limit, len(sentences))
    counts = Counter(s.category for s in drawn)
    most = max(counts.values(), default=0)
    for category, size in zip(CATEGORIES, sizes, strict=True):
        assert counts[category] >= min(size, most - 1)  # only who has no more gets less
    assert drawn == sorted(drawn, key=lambda s: (CATEGORIES.index(s.category), s.number))
    shuffled = list(sentences)
    random.shuffle(shuffled)
    assert draw_evenly(shuffled, CATEGORIES, limit, seed) == drawn


@settings(deadline=None)  # others may use the machine
@given(sizes_of_categories, st.integers(1, 70), st.integers(0, 3))
def test_higher_limit_only_adds(sizes: list[int], limit: int, seed: int) -> None:
    fewer = draw_evenly(sentences_of(sizes), CATEGORIES, limit, seed)
    more = draw_evenly(sentences_of(sizes), CATEGORIES, limit + 5, seed)
    assert {s.id for s in fewer} <= {s.id for s in more}


def test_another_seed_draws_others_and_null_takes_all() -> None:
    sentences = sentences_of([20] * 9)
    draws = {tuple(s.id for s in draw_evenly(sentences, CATEGORIES, 36, seed)) for seed in range(5)}
    assert len(draws) == 5
    assert draw_evenly(sentences, CATEGORIES, None, 0) == sentences
