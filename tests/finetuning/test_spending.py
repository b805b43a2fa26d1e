"""What a training took: tokens as they were fed, time over resumed runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from synthempathy.finetuning.batches import Shares, ShuffledParts, learned_tokens, padded
from synthempathy.finetuning.examples import TokenizedExample
from synthempathy.finetuning.spending import Spending, tokens_of
from tests.helpers.trainings import MIXED, changed, run


@pytest.mark.parametrize("shares", [Shares(4), Shares(4, 1, 0, 2), Shares(8, 2, 0, 1)])
def test_tokens_are_those_of_the_parts_that_are_fed(shares: Shares) -> None:
    examples = MIXED * 3
    read = learned = whole = 0
    for process in range(shares.processes):
        parts = ShuffledParts([len(one) for one in examples], Shares(shares.size, shares.processes, process, shares.at_once), 5)
        for epoch in range(2):
            parts.set_epoch(epoch)
            for part in parts:
                fed = [examples[place] for place in part]
                learned += learned_tokens(fed)
                read += sum(map(len, fed)) - learned_tokens(fed)
                whole += padded(fed)["input_ids"].numel() if fed else 0
    steps = 2 * -(-len(examples) // shares.size)
    assert tokens_of(examples, shares, 5, range(steps), packing=False) == (read, learned, whole - read - learned)
    assert tokens_of(examples, shares, 5, range(steps), packing=True) == (read, learned, 0)
    halves = [tokens_of(examples, shares, 5, some, packing=False) for some in (range(1), range(1, steps))]
    assert tuple(map(sum, zip(*halves, strict=True))) == (read, learned, whole - read - learned)


def test_batches_of_like_length_pad_less_than_8_percent() -> None:
    examples = [TokenizedExample([0] * (1 + (7 * i) % 90), 0) for i in range(400)]
    read, learned, padding = tokens_of(examples, Shares(8), 1, range(50), packing=False)
    assert padding / (read + learned + padding) < 0.08


def test_time_is_a_total_over_resumed_runs(tmp_path: Path) -> None:
    first = Spending("cpu")
    first._started -= 100
    first.keep_in(tmp_path)
    second = Spending("cpu")
    second._started -= 10
    second.go_on_from(tmp_path, 1)
    figures = second.figures(MIXED, Shares(2), 1, 3, packing=False)
    assert figures["seconds"] == pytest.approx(110, abs=0.5)
    assert figures["last_run"]["seconds"] == pytest.approx(10, abs=0.5)
    assert figures["last_run"]["steps"] == 2
    assert figures["peak_memory_gb"] > 0.01


def test_a_training_tells_what_it_took(home: Path) -> None:
    spent = run(MIXED * 4, MIXED, changed(epochs=1)).spent
    assert spent["completion_tokens"] == learned_tokens(MIXED * 4)
    assert spent["prompt_tokens"] + spent["completion_tokens"] == sum(map(len, MIXED * 4))
    assert spent["tokens_per_second"] > 0
