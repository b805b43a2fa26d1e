"""Score anyone's (explanation, response) pairs by the rubric that a scorer learned.

    synthempathy score pairs.jsonl scored.jsonl [--scorer models/scorer] [--params params.yaml]

Every row of pairs.jsonl needs `explanation` and `response`; other fields are kept. scored.jsonl has the same rows with the
scores that the scorer knows (one a dimension, and their mean), each 0 to 2. Fields of these names that a row
already has are replaced.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from synthempathy.core.params import read_params
from synthempathy.core.progress import progress, say
from synthempathy.core.records import Exchange, read_records, write_records
from synthempathy.llm.params import Machine
from synthempathy.scorers.base import Surroundings
from synthempathy.scorers.kinds import load_scorer
from synthempathy.scorers.params import Scorer

_PARAMS = Path("params.yaml")
_DECIMALS = 4


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("pairs", type=Path, help="pairs to score (JSONL)")
    parser.add_argument("scored", type=Path, help="the same with their scores (JSONL, written)")
    parser.add_argument("--scorer", type=Path, default=Path("models/scorer"), help="folder of a scorer; default: models/scorer")
    parser.add_argument(
        "--params", type=Path, help="take machine and scorer.judge.engine from this file; default: machine of params.yaml, "
        "where it is there, and the engine that the scorer was made with",
    )


def run(given: argparse.Namespace) -> None:
    """Read the scorer and the pairs, score, write one row for each."""
    around = Surroundings()
    if given.params or _PARAMS.is_file():
        params = read_params(given.params or _PARAMS)
        engine = params.section("scorer", Scorer).judge.engine if given.params else None
        around = Surroundings(params.section("machine", Machine), engine=engine)
    scorer = load_scorer(given.scorer, around)
    rows = read_records(given.pairs, Exchange)
    with progress("score", len(rows)) as advance:
        scores = scorer.score([r.explanation for r in rows], [r.response for r in rows], advance=advance)
    write_records(given.scored, (
        row.extended(**{name: round(float(scores[name][i]), _DECIMALS) for name in scorer.scores}) for i, row in enumerate(rows)
    ))
    means = ", ".join(f"{name} {scores[name].mean():.2f}" for name in scorer.scores)
    say(f"score: {len(rows)} pairs, mean {means} (each 0 to 2)")
