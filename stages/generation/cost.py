"""metrics/cost.json: what changes from run to run, so it is owned by no stage and kept out of dvc.lock."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from stages.common.files import write_json
from stages.generation.engines import Completion

COST = Path("metrics/cost.json")


@dataclass
class Cost:
    """What a step took. Tokens are those generated now, not those that the store gave."""

    seconds: float = 0.0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cache_hits: int = 0
    retries: int = 0

    def add(self, completion: Completion) -> None:
        """Count a completion that was generated now."""
        self.prompt_tokens += completion.prompt_tokens
        self.completion_tokens += completion.completion_tokens


def record_cost(step: str, cost: Cost, path: Path = COST) -> None:
    """Write the step's cost beside those of the other steps, where there is a metrics folder (a pipeline run)."""
    if not path.parent.is_dir():
        return
    try:
        whole = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        whole = {}
    rate = round(cost.completion_tokens / cost.seconds, 1) if cost.completion_tokens else None
    whole[step] = {
        "seconds": round(cost.seconds, 1), "prompt_tokens": cost.prompt_tokens,
        "completion_tokens": cost.completion_tokens, "tokens_per_second": rate, "cache_hits": cost.cache_hits,
        "retries": cost.retries,
    }
    write_json(path, dict(sorted(whole.items())))
