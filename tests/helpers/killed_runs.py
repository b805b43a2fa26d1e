"""Start brainstorm again and again, and kill it at random moments; at last let it end. For test_runner.py.

    python killed_runs.py KILLS INPUT... OUTPUT...

Prints {"killed": how often it was killed, "in_the_middle": how often with rows in the store, "restarts": how often it
ended before its kill and began anew from an empty store, "seconds": what an undisturbed run takes}.
"""

import json
import multiprocessing
import os
import random
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path

STORE = Path(".synthempathy/store.sqlite")


def rows() -> int:
    if not STORE.exists():
        return 0
    try:
        with closing(sqlite3.connect(STORE)) as db:
            return db.execute("SELECT COUNT(*) FROM answers").fetchone()[0]
    except sqlite3.OperationalError:  # killed before the table was made
        return 0


def step(paths: list[str]) -> None:
    from stages.brainstorm import brainstorm

    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    Path(paths[2]).parent.mkdir(exist_ok=True)
    brainstorm(*map(Path, paths), params=Path("params.yaml"))


def main() -> None:
    kills, paths = int(sys.argv[1]), sys.argv[2:]
    context = multiprocessing.get_context("forkserver")  # imports torch once, not fifty times
    context.set_forkserver_preload(["stages.brainstorm", "torch", "transformers"])
    draws = random.Random(3)

    def start():
        process = context.Process(target=step, args=(paths,))
        process.start()
        return process

    def wipe():
        for path in STORE.parent.glob("*"):
            path.unlink()

    for _ in range(2):  # the first also waits for the imports
        wipe()
        began, process = time.monotonic(), start()
        process.join()
        assert process.exitcode == 0
        whole = time.monotonic() - began
    wipe()
    killed, middle, restarts = 0, 0, 0
    while killed < kills:
        fresh, began, process = not rows(), time.monotonic(), start()
        process.join(draws.uniform(0.0, whole))
        if process.is_alive():
            process.kill()
            process.join()
            killed += 1
            middle += rows() > 0
        else:  # it ended before its kill: from the beginning again
            assert process.exitcode == 0
            if fresh:  # not resumed, and yet sooner: the machine was busier when `whole` was measured
                whole = time.monotonic() - began
            restarts += 1
            wipe()
    last = start()
    last.join()
    assert last.exitcode == 0
    print(json.dumps({"killed": killed, "in_the_middle": middle, "restarts": restarts, "seconds": round(whole, 2)}))


if __name__ == "__main__":
    main()
