"""What a training took: time, energy, tokens, memory. For metrics/cost.json, as it changes from run to run.

Seconds and energy are totals over resumed runs: checkpoints hold them. What a kill took after its last checkpoint is not in
them.
"""

from __future__ import annotations

import json
import resource
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from synthempathy.core.files import write_json
from synthempathy.finetuning.batches import Shares, learned_tokens, shuffled_batches, steps_an_epoch
from synthempathy.finetuning.examples import TokenizedExample
from synthempathy.llm.energy import Meter

FILE = "spent.json"
GB = 1e9


class Spending:
    """Counts from when it was made; loading the model is in it."""

    def __init__(self, device: str) -> None:
        self._gpu = device.startswith("cuda")
        self._meter, self._started = Meter(gpu=self._gpu), time.monotonic()
        self._before: dict[str, float | None] = {"seconds": 0.0, "kwh": 0.0}
        self._first = 0

    def go_on_from(self, checkpoint: Path, step: int) -> None:
        """Add what the runs before took."""
        self._before, self._first = json.loads((checkpoint / FILE).read_text(encoding="utf-8")), step

    def keep_in(self, checkpoint: Path) -> None:
        """Write what was taken so far beside a checkpoint's other files."""
        write_json(checkpoint / FILE, {"seconds": self._seconds(), "kwh": self._kwh()})

    def figures(
        self, examples: Sequence[TokenizedExample], shares: Shares, seed: int, steps: int, *, packing: bool
    ) -> dict[str, Any]:
        """The step's entry in cost.json; null where a figure is not known. Training reads prompts and learns responses."""
        read, learned, padding = tokens_of(examples, shares, seed, range(steps), packing=packing)
        now = sum(tokens_of(examples, shares, seed, range(self._first, steps), packing=packing)[:2])
        own = time.monotonic() - self._started
        kwh = self._kwh()
        return {
            "seconds": round(self._seconds(), 1), "prompt_tokens": read, "completion_tokens": learned,
            "tokens_per_second": round((read + learned) / self._seconds(), 1), "kwh": None if kwh is None else round(kwh, 6),
            "retries": 0, "cache_hits": 0, "padding_share": round(padding / (read + learned + padding), 4),
            "peak_memory_gb": round(self._peak() / GB, 3),
            "last_run": {
                "seconds": round(own, 1), "steps": steps - self._first, "tokens_per_second": round(now / own, 1),
                "energy_source": self._meter.source,
            },
        }

    def _seconds(self) -> float:
        return (self._before["seconds"] or 0.0) + time.monotonic() - self._started

    def _kwh(self) -> float | None:
        before, now = self._before["kwh"], self._meter.kwh()
        return None if before is None or now is None else before + now

    def _peak(self) -> float:
        """Bytes, of the GPU as torch allocated it, or of this process."""
        if self._gpu:
            import torch

            return float(torch.cuda.max_memory_allocated())
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0


def tokens_of(
    examples: Sequence[TokenizedExample], shares: Shares, seed: int, steps: range, *, packing: bool
) -> tuple[int, int, int]:
    """Tokens of prompts, of responses, and of padding, that these steps go through in all processes."""
    lengths = [len(example) for example in examples]
    each = steps_an_epoch(len(examples), shares.size)
    read = learned = padding = 0
    for epoch in range(steps.start // each, -(-steps.stop // each)):
        batches = shuffled_batches(lengths, shares.size, seed + 1 + epoch)
        for step, batch in enumerate(batches, epoch * each):
            if step not in steps:
                continue
            here = learned_tokens([examples[place] for place in batch])
            learned += here
            read += sum(lengths[place] for place in batch) - here
            for process in range(0 if packing else shares.processes):
                for part in Shares(shares.size, shares.processes, process, shares.at_once).of(batch):
                    own = [lengths[place] for place in part]
                    padding += max(own, default=0) * len(own) - sum(own)
    return read, learned, padding
