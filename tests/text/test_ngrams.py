"""Runs of words as numbers, against slow definitions of the same."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings

from synthempathy.text.ngrams import different, run_hashes
from tests.helpers.numbers import lists_of_numbers, texts

slow_machines = settings(deadline=None)  # others may use the machine


def test_different_numbers_at_the_ends_of_their_range() -> None:
    assert different(np.array([3, 1, 3, -(2**63), 2**63 - 1])).tolist() == [-(2**63), 1, 3, 2**63 - 1]
    assert different(np.zeros(0, dtype=np.int64)).tolist() == []


@slow_machines
@given(lists_of_numbers)
def test_run_hashes_are_equal_for_equal_texts_alone(numbers: list[list[int]]) -> None:
    given_ = texts(*numbers)
    hashes = run_hashes(given_.flat, given_.starts).tolist()
    for one, text in enumerate(numbers):
        for other, another in enumerate(numbers):
            assert (hashes[one] == hashes[other]) == (text == another)
