"""Batches: every example once, little padding, labels on responses alone."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from synthempathy.finetuning.batches import IGNORED, learned_tokens, shuffled_batches, sorted_batches, tensors
from synthempathy.finetuning.examples import TokenizedExample

EXAMPLE = st.integers(2, 40).flatmap(
    lambda n: st.builds(TokenizedExample, st.lists(st.integers(1, 99), min_size=n, max_size=n), st.integers(1, n - 1))
)
EXAMPLES = st.lists(EXAMPLE, min_size=1, max_size=60)


def key(example: TokenizedExample) -> tuple[list[int], int]:
    return example.ids, example.prompt


@given(EXAMPLES, st.integers(1, 9), st.integers(0, 5))
def test_every_example_is_in_one_batch(examples: list[TokenizedExample], size: int, seed: int) -> None:
    for batches in (shuffled_batches(examples, size, seed), sorted_batches(examples, size)):
        assert sorted(key(e) for batch in batches for e in batch) == sorted(map(key, examples))
        assert all(1 <= len(batch) <= size for batch in batches)
        assert len(batches) == -(-len(examples) // size)  # as many steps as the schedule counts on


def test_the_order_is_the_seeds_alone_and_lengths_are_alike() -> None:
    examples = [TokenizedExample(list(range(1 + (7 * i) % 90)), 0) for i in range(400)]
    first, again, other = (shuffled_batches(examples, 8, seed) for seed in (1, 1, 2))
    assert first == again != other
    assert first != sorted_batches(examples, 8)
    padding = sum(len(max(batch, key=len)) * len(batch) for batch in first) / sum(map(len, examples)) - 1
    assert padding < 0.08


@given(EXAMPLES)
def test_labels_stand_on_responses_and_padding_is_masked(examples: list[TokenizedExample]) -> None:
    ids, mask, labels = tensors(examples)
    for row, example in enumerate(examples):
        end = len(example)
        assert ids[row, :end].tolist() == example.ids
        assert mask[row].tolist() == [1] * end + [0] * (ids.shape[1] - end)
        assert labels[row, example.prompt : end].tolist() == example.ids[example.prompt :]
    assert int((labels != IGNORED).sum()) == learned_tokens(examples)
    assert ids.dtype == labels.dtype == torch.long
