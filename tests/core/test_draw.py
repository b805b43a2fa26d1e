"""Drawing evenly: turns against a slow count, and ranks that do not change."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from synthempathy.core.draw import in_turns, rank


@given(st.lists(st.text(max_size=6), max_size=6))
def test_every_one_comes_once_and_by_its_place_in_its_queue(queues: list[str]) -> None:
    numbered = [[(place, number, one) for place, one in enumerate(queue)] for number, queue in enumerate(queues)]
    assert list(in_turns(numbered)) == sorted(one for queue in numbered for one in queue)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=6), st.integers(0, 40))
def test_no_queue_gets_two_more_than_another_that_has_some_left(sizes: list[int], wanted: int) -> None:
    taken = Counter(list(in_turns([[queue] * size for queue, size in enumerate(sizes)]))[:wanted])
    for queue, size in enumerate(sizes):
        if taken[queue] < size:
            assert taken[queue] >= max(taken.values(), default=0) - 1


def test_what_is_false_or_none_is_drawn_too() -> None:
    queues: list[list[object]] = [[None, 0], [""]]
    assert list(in_turns(queues)) == [None, "", 0]


def test_a_rank_is_of_the_id_and_the_seed_alone() -> None:
    """The value is pinned: a draw made today is the same tomorrow."""
    assert rank("authored-0001", 13).hex().startswith("b0b6f2dd")
    assert len({rank(id, seed) for id in ("a", "b") for seed in (1, 2)}) == 4
