"""Batches: every example once, little padding, labels on responses alone, and the same batches however they are shared."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from synthempathy.finetuning.batches import (
    IGNORED,
    Shares,
    ShuffledParts,
    learned_tokens,
    packed,
    padded,
    shuffled_batches,
    sorted_batches,
    steps_an_epoch,
)
from synthempathy.finetuning.examples import TokenizedExample

EXAMPLE = st.integers(2, 40).flatmap(
    lambda n: st.builds(TokenizedExample, st.lists(st.integers(1, 99), min_size=n, max_size=n), st.integers(1, n - 1))
)
EXAMPLES = st.lists(EXAMPLE, min_size=1, max_size=60)
LENGTHS = st.lists(st.integers(1, 99), min_size=1, max_size=60)


@given(LENGTHS, st.integers(1, 9), st.integers(0, 5))
def test_every_example_is_in_one_batch(lengths: list[int], size: int, seed: int) -> None:
    for batches in (shuffled_batches(lengths, size, seed), sorted_batches(lengths, size)):
        assert sorted(place for batch in batches for place in batch) == list(range(len(lengths)))
        assert all(1 <= len(batch) <= size for batch in batches)
        assert len(batches) == steps_an_epoch(len(lengths), size)  # as many steps as the schedule counts on


def test_the_order_is_the_seeds_alone_and_lengths_are_alike() -> None:
    lengths = [1 + (7 * i) % 90 for i in range(400)]
    first, again, other = (shuffled_batches(lengths, 8, seed) for seed in (1, 1, 2))
    assert first == again != other
    assert first != sorted_batches(lengths, 8)
    padding = sum(max(lengths[i] for i in batch) * len(batch) for batch in first) / sum(lengths) - 1
    assert padding < 0.08


@given(LENGTHS, st.integers(1, 9), st.integers(1, 4), st.none() | st.integers(1, 5))
def test_the_processes_parts_are_the_batches_and_all_step_together(
    lengths: list[int], size: int, processes: int, at_once: int | None
) -> None:
    each = [ShuffledParts(lengths, Shares(size, processes, process, at_once), seed=1) for process in range(processes)]
    parts = each[0]._shares.parts
    shares = [list(one) for one in each]
    assert {len(share) for share in shares} == {len(each[0])}
    for step, batch in enumerate(shuffled_batches(lengths, size, 2)):
        own = [share[parts * step : parts * (step + 1)] for share in shares]
        assert sorted(place for some in own for part in some for place in part) == sorted(batch)
        assert all(len(part) <= (at_once or size) for some in own for part in some)
        assert max(map(len, own[0])) - min(map(len, own[0])) <= 1


def test_each_epoch_has_an_order_of_its_own() -> None:
    parts = ShuffledParts(list(range(40)), Shares(4), seed=1)
    orders = []
    for epoch in (0, 1, 0):
        parts.set_epoch(epoch)
        orders.append(list(parts))
    assert orders[0] == orders[2] != orders[1]


@given(EXAMPLES)
def test_labels_stand_on_responses_and_padding_is_masked(examples: list[TokenizedExample]) -> None:
    batch = padded(examples)
    ids, mask, labels = batch["input_ids"], batch["attention_mask"], batch["labels"]
    for row, example in enumerate(examples):
        end = len(example)
        assert ids[row, :end].tolist() == example.ids
        assert mask[row].tolist() == [1] * end + [0] * (ids.shape[1] - end)
        assert labels[row, example.prompt : end].tolist() == example.ids[example.prompt :]
    assert int((labels != IGNORED).sum()) == learned_tokens(examples)
    assert ids.dtype == labels.dtype == torch.long


@given(EXAMPLES)
def test_a_packed_row_holds_all_examples_without_padding(examples: list[TokenizedExample]) -> None:
    batch = packed(examples)
    assert batch["input_ids"].tolist() == [[token for example in examples for token in example.ids]]
    assert (batch["position_ids"] == 0).sum() == len(examples)
    assert int((batch["labels"] != IGNORED).sum()) == learned_tokens(examples)


@pytest.mark.parametrize("collate", [padded, packed])
@given(examples=EXAMPLES)
def test_logits_are_kept_before_every_label_and_nowhere_before_all_responses(collate, examples) -> None:
    batch = collate(examples)
    learned = {place - 1 for row in batch["labels"] for place in (row != IGNORED).nonzero().flatten().tolist()}
    assert batch["logits_to_keep"].tolist() == sorted(learned)


@pytest.mark.parametrize("collate", [padded, packed])
def test_a_part_without_an_example_is_a_row_of_which_nothing_is_learned(collate) -> None:
    batch = collate([])
    assert batch["input_ids"].shape == (1, 2)
    assert (batch["labels"] == IGNORED).all()
    assert len(batch["logits_to_keep"]) == 1
