"""What two other programs cost a stage: its CPU seconds and its wall time, quiet and beside two busy loops.

    python -m benchmarks.busy [MODULE ARGUMENT ...]    by default the scorer, trained on the shipped pairs

Where several threads wait for each other by spinning, a busy machine makes a stage take many times its CPU seconds. Run it
in a checkout with the outputs of `dvc repro`; nothing there is changed where the outputs named are elsewhere.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time


def measured(command: list[str]) -> tuple[float, float]:
    """(CPU seconds, wall seconds) of a command."""
    before, started = os.times(), time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return cpu, time.monotonic() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", nargs="*", metavar="MODULE ARGUMENT")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        stage = given.command or [
            "stages.scorer", "data/empathy/labelled_pairs.csv", f"{folder}/scorer",
            f"{folder}/scorer.json", f"{folder}/calibration.csv", f"{folder}/confusion.csv",
        ]
        command = [sys.executable, "-m", *stage]
        quiet_cpu, quiet_wall = measured(command)
        print(f"quiet             CPU {quiet_cpu:7.1f} s, wall {quiet_wall:7.1f} s", flush=True)
        loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2)]
        try:
            busy_cpu, busy_wall = measured(command)
        finally:
            for loop in loops:
                loop.kill()
        print(f"beside two loops  CPU {busy_cpu:7.1f} s, wall {busy_wall:7.1f} s; CPU {busy_cpu / quiet_cpu:.2f} times")


if __name__ == "__main__":
    main()
