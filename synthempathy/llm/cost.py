"""metrics/cost.json: what the texts took. It changes from run to run, so it is owned by no stage and not in dvc.lock.

A step's figures are sums over the answers that its output was made from (refused tries included), in whichever run
each was written: the store keeps every answer's share of the time and the energy. So they are totals over resumes. What
a kill took before it could be stored is not in them. `last_run` says what the last run alone did.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from synthempathy.core.files import write_json

if TYPE_CHECKING:
    from synthempathy.llm.backends import Completion

COST = Path("metrics/cost.json")
WHOLE = "whole"
_SUMMED = ("seconds", "prompt_tokens", "completion_tokens", "kwh", "retries", "cache_hits")


@dataclass
class Cost:
    """What a step took so far."""

    seconds: float = 0.0  # of writing, loading the model included
    kwh: float | None = 0.0  # None once an answer is counted whose energy was not measured
    prompt_tokens: int = 0
    completion_tokens: int = 0
    retries: int = 0  # rows asked again, and requests that a server made us repeat
    cache_hits: int = 0  # answers from the store in the last run
    written: int = 0  # answers written in the last run
    written_tokens: int = 0

    def add(self, answer: Completion, seconds: float, kwh: float | None) -> None:
        """Count an answer, from the store or written now."""
        self.seconds += seconds
        self.kwh = None if kwh is None or self.kwh is None else self.kwh + kwh
        self.prompt_tokens += answer.prompt_tokens
        self.completion_tokens += answer.completion_tokens

    def figures(self, run_seconds: float, energy_source: str | None) -> dict[str, Any]:
        """The step's entry in cost.json; null where a figure is not known."""
        return {
            "seconds": round(self.seconds, 1),
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "tokens_per_second": round(self.completion_tokens / self.seconds, 1) if self.seconds else None,
            "kwh": None if self.kwh is None else round(self.kwh, 6),
            "retries": self.retries,
            "cache_hits": self.cache_hits,
            "last_run": {
                "seconds": round(run_seconds, 1), "answers_written": self.written,
                "completion_tokens": self.written_tokens, "energy_source": energy_source,
            },
        }


def record_cost(step: str, figures: dict[str, Any], path: Path = COST) -> None:
    """Write the step's cost beside those of the other steps, where there is a metrics folder (a pipeline run)."""
    if not path.parent.is_dir():
        return
    try:
        steps: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        steps = {}
    steps.pop(WHOLE, None)
    steps = {name: known for name, known in steps.items() if set(_SUMMED) <= set(known)} | {step: figures}
    whole: dict[str, Any] = {}
    for name in _SUMMED:
        values = [known[name] for known in steps.values()]
        whole[name] = None if None in values else round(sum(values), 6)
    seconds = whole["seconds"]
    whole["tokens_per_second"] = round(whole["completion_tokens"] / seconds, 1) if seconds else None
    write_json(path, dict(sorted(steps.items())) | {WHOLE: whole})
