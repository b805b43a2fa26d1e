"""Scored responses made by chance, with the means and spread of a run of the embedded model, and a git to keep them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from synthempathy.evaluation.score_table import AFTER, BEFORE, ScoredResponse
from tests.helpers.empathy import SCORES

#: Mean er, ip, ex of the corpus's responses by prompt.
#: Of metrics/empathy_scores.csv.
COLUMNS = (*BEFORE, *SCORES, *AFTER)
COE_CBT, PLAIN = (1.7, 1.87, 1.85), (1.15, 1.6, 0.25)


def scored(
    means: Sequence[float], *, draw: int, seeds: int = 11, each: int = 4, std: float = 0.25, topic: float = 0.1,
    system: str = "corpus", words: int = 150,
) -> list[ScoredResponse]:
    """Responses to the same explanations, whatever the draw: `topic` is the seeds' own, `std` the responses'."""
    own = np.random.default_rng(99).normal(0, topic, (seeds, 3))
    chance = np.random.default_rng(draw)
    rows = []
    for seed in range(seeds):
        for story in range(each):
            values = np.clip(np.array(means) + own[seed] + chance.normal(0, std, 3), 0, 2).tolist()
            scores = dict(zip(SCORES, (*values, sum(values) / 3), strict=True))
            rows.append(ScoredResponse(
                pair_id=f"s{seed}-{story}", seed_id=f"s{seed}", system=system, words=words,
                scores=scores, explanation=f"e{seed}-{story}", response=f"{draw}-{seed}-{story}",
            ))
    return rows


def write_table(path: Path, rows: Sequence[ScoredResponse]) -> Path:
    """metrics/empathy_scores.csv, as `evaluate` writes it."""
    path.parent.mkdir(exist_ok=True)
    lines = [",".join(COLUMNS), *(",".join(str(r.scores.get(c, getattr(r, c, ""))) for c in COLUMNS) for r in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def git(folder: Path, *arguments: str) -> str:
    """git in `folder`, as nobody in particular."""
    who = ("-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false")
    home = {"HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(
        ["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True, env=os.environ | home,
    )
    return done.stdout.strip()
