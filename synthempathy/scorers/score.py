"""score: score anyone's (explanation, response) pairs for empathy.

    python -m synthempathy.scorers.score pairs.jsonl scored.jsonl [--scorer models/scorer] [--params params.yaml]

Every row of pairs.jsonl needs `explanation` and `response`; other fields are kept. scored.jsonl has
the same rows with er, ip, ex (expected levels of EPITOME's mechanisms) and empathy (their mean), each
0 to 2. Fields of these names that a row already has are replaced.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from synthempathy.core.command import guarded
from synthempathy.core.progress import progress, say
from synthempathy.core.records import Exchange, read_records, write_records
from synthempathy.project.params import load_params

SHOWN = ("er", "ip", "ex", "empathy")
_DECIMALS = 4


def score(pairs: Path, scored: Path, *, scorer: Path, params: Path | None = None) -> None:
    """Read the scorer and the pairs, score, write one row for each."""
    from synthempathy.scorers import load_scorer

    judge = load_scorer(scorer, load_params(params) if params else None)
    rows = read_records(pairs, Exchange)
    with progress("score", len(rows)) as advance:
        scores = judge.score([r.explanation for r in rows], [r.response for r in rows], advance=advance)
    write_records(scored, (
        row.extended(**{name: round(float(scores[name][i]), _DECIMALS) for name in SHOWN}) for i, row in enumerate(rows)
    ))
    means = ", ".join(f"{name} {scores[name].mean():.2f}" for name in SHOWN)
    say(f"score: {len(rows)} pairs, mean {means} (each 0 to 2)")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m synthempathy.scorers.score", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("pairs", type=Path, help="pairs to score (JSONL)")
    parser.add_argument("scored", type=Path, help="the same with er, ip, ex, empathy (JSONL, written)")
    parser.add_argument("--scorer", type=Path, default=Path("models/scorer"), help="folder of a scorer; default: models/scorer")
    parser.add_argument("--params", type=Path, help="engine and machine of a scorer that needs them; default: its own")
    given = parser.parse_args()
    guarded(lambda: score(given.pairs, given.scored, scorer=given.scorer, params=given.params))


if __name__ == "__main__":
    main()
