"""Batches of examples of like length: little padding, and the same order on every run, however many processes share them.

A batch is what one step learns from: `batch_size` pairs over all processes. Each process takes every n-th pair of it, in as
many parts as its memory wants, one after another. Every process has as many parts as the others, so that all step together;
a part may be empty.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from synthempathy.finetuning.examples import TokenizedExample

if TYPE_CHECKING:
    import torch

#: So many batches are drawn at random and sorted by length together: fewer mix more, more pad less.
WINDOW = 16
#: The label that the loss leaves out, as in torch and transformers.
IGNORED = -100

#: Places of examples.
Batch = list[int]


@dataclass(frozen=True)
class Shares:
    """How a batch is divided: over processes, and in each over parts that are in memory one at a time."""

    size: int
    processes: int = 1
    process: int = 0
    at_once: int | None = None  # pairs of a part; None: all that a process has of a batch

    @property
    def parts(self) -> int:
        """Parts of a batch, in each process."""
        own = math.ceil(self.size / self.processes)
        return math.ceil(own / min(own, self.at_once or own))

    def of(self, batch: Batch) -> list[Batch]:
        """This process's parts of `batch`: `parts` of them, of like size."""
        own, parts = batch[self.process :: self.processes], self.parts
        return [own[len(own) * part // parts : len(own) * (part + 1) // parts] for part in range(parts)]


class ShuffledParts:
    """This process's parts of all batches of an epoch, in an order that seed and epoch alone decide. A batch sampler."""

    def __init__(self, lengths: Sequence[int], shares: Shares, seed: int) -> None:
        self._lengths, self._shares, self._seed, self._epoch = lengths, shares, seed, 0

    @property
    def batch_sampler(self) -> ShuffledParts:
        """Itself: transformers' Trainer tells this attribute of a batch sampler which epoch it is."""
        return self

    def set_epoch(self, epoch: int) -> None:
        """Go on with the order of `epoch`, from 0."""
        self._epoch = epoch

    def __len__(self) -> int:
        return steps_an_epoch(len(self._lengths), self._shares.size) * self._shares.parts

    def __iter__(self) -> Iterator[Batch]:
        for batch in shuffled_batches(self._lengths, self._shares.size, self._seed + 1 + self._epoch):
            yield from self._shares.of(batch)


def steps_an_epoch(examples: int, size: int) -> int:
    """Batches of `size` in so many examples."""
    return math.ceil(examples / size)


def shuffled_batches(lengths: Sequence[int], size: int, seed: int) -> list[Batch]:
    """All places once, in batches of like length and random order; the same for the same seed."""
    chance = random.Random(seed)
    order = list(range(len(lengths)))
    chance.shuffle(order)
    window = WINDOW * size
    batches = []
    for start in range(0, len(order), window):
        batches += _by_length(order[start : start + window], lengths, size)
    chance.shuffle(batches)
    return batches


def sorted_batches(lengths: Sequence[int], size: int) -> list[Batch]:
    """All places once, the longest first, so that a batch that does not fit into memory fails at once."""
    return _by_length(range(len(lengths)), lengths, size)


def _by_length(places: Sequence[int], lengths: Sequence[int], size: int) -> list[Batch]:
    order = sorted(places, key=lengths.__getitem__, reverse=True)
    return [order[start : start + size] for start in range(0, len(order), size)]


def padded(examples: Sequence[TokenizedExample]) -> dict[str, torch.Tensor]:
    """A row for each example, padded on the right.

    `input_ids`, `attention_mask` and `labels` are (rows, longest); labels stand on responses alone. `logits_to_keep` are the
    places whose next token is learned in any row. Without an example: a row of which nothing is learned.
    """
    import torch

    shape = (max(1, len(examples)), max(map(len, examples), default=2))
    ids = torch.zeros(shape, dtype=torch.long)  # any token will do: padding is neither read nor learned
    mask = torch.zeros(shape, dtype=torch.long)
    mask[:, 0] = 1
    labels = torch.full(shape, IGNORED, dtype=torch.long)
    for row, example in enumerate(examples):
        end = len(example)
        ids[row, :end] = torch.tensor(example.ids)
        mask[row, :end] = 1
        labels[row, example.prompt : end] = ids[row, example.prompt : end]
    return {"input_ids": ids, "attention_mask": mask, "labels": labels, "logits_to_keep": _learned_places(labels)}


def packed(examples: Sequence[TokenizedExample]) -> dict[str, torch.Tensor]:
    """One row that holds the examples one after another, without padding: (1, tokens).

    `position_ids` start anew with each example, by which the attention knows where one ends. Otherwise as `padded`.
    """
    import torch

    if not examples:
        return packed([TokenizedExample([0, 0], 2)])
    ids = [token for example in examples for token in example.ids]
    positions = [place for example in examples for place in range(len(example))]
    labels = [
        IGNORED if place < max(1, example.prompt) else token for example in examples for place, token in enumerate(example.ids)
    ]
    labels_row = torch.tensor([labels])
    return {
        "input_ids": torch.tensor([ids]), "position_ids": torch.tensor([positions]), "labels": labels_row,
        "logits_to_keep": _learned_places(labels_row),
    }


def learned_tokens(examples: Sequence[TokenizedExample]) -> int:
    """How many tokens of them the loss looks at."""
    return sum(len(example) - example.prompt for example in examples)


def _learned_places(labels: torch.Tensor) -> torch.Tensor:
    """The places before a label of any row, at least one."""
    import torch

    found = (labels[:, 1:] != IGNORED).any(dim=0).nonzero().flatten()
    return found if len(found) else torch.zeros(1, dtype=torch.long)
