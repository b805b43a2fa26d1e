"""CPU seconds of the stages that train, scorer and safety, here and at an earlier revision, each on its own data.

    python -m benchmarks.training [--before REVISION] [--stage scorer|safety]

The revision is checked out in a folder of its own (git worktree), and run by the same Python. One after the other on the same
machine: the ratio means more than the seconds.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.busy import measured

ROOT = Path(__file__).parents[1]
BEFORE = "0956c1a"  # the last one that learned every fold anew
ARGUMENTS = {
    "scorer": [
        "data/empathy/labelled_pairs.csv", "{out}/scorer", "{out}/scorer.json", "{out}/calibration.csv", "{out}/confusion.csv",
    ],
    "safety": ["data/safety", "data/empathy/labelled_pairs.csv", "{out}/safety", "{out}/safety.json"],
}


def cpu_seconds(stage: str, tree: Path) -> float:
    """What a stage takes in a checkout; its outputs are thrown away."""
    with tempfile.TemporaryDirectory() as out:
        arguments = [argument.format(out=out) for argument in ARGUMENTS[stage]]
        here = Path.cwd()
        os.chdir(tree)
        os.environ["PYTHONPATH"] = str(tree)
        try:
            return measured([sys.executable, "-m", f"stages.{stage}", *arguments])[0]
        finally:
            os.chdir(here)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--before", default=BEFORE, help="revision to compare with; default: %(default)s")
    parser.add_argument("--stage", choices=ARGUMENTS, help="one of the two; default: both")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "before"
        subprocess.run(["git", "-C", str(ROOT), "worktree", "add", "--quiet", "--detach", str(tree), given.before], check=True)
        try:
            for stage in [given.stage] if given.stage else ARGUMENTS:
                now, before = cpu_seconds(stage, ROOT), cpu_seconds(stage, tree)
                faster = f"{before / now:.1f} times as fast"
                print(f"{stage}: CPU {before:.1f} s at {given.before}, {now:.1f} s now: {faster}", flush=True)
        finally:
            subprocess.run(["git", "-C", str(ROOT), "worktree", "remove", "--force", str(tree)], check=True)


if __name__ == "__main__":
    main()
