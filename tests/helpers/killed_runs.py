"""Start brainstorm again and again, and kill it at random moments; at last let it end. For test_brainstorm.py.

    python killed_runs.py KILLS SEEDS PROMPT

An undisturbed run writes to whole/, whose store is then moved to whole.sqlite; the others write to killed/. Prints
{"killed": how often it was killed, "in_the_middle": how often with rows in the store, "restarts": how often it ended
before its kill and began anew from an empty store, "seconds": what an undisturbed run takes}.
"""

import json
import multiprocessing
import os
import random
import shutil
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path

STORE = Path(".synthempathy/store.sqlite")
#: Imported once, not by each of the fifty.
PRELOADED = (
    "stages.brainstorm", "synthempathy.llm.backends.transformers", "torch", "transformers.generation.utils",
    "transformers.models.auto.modeling_auto", "transformers.models.auto.tokenization_auto",
    "transformers.models.mistral.modeling_mistral", "transformers.tokenization_utils_tokenizers",
)


def rows() -> int:
    if not STORE.exists():
        return 0
    try:
        with closing(sqlite3.connect(STORE)) as db:
            return db.execute("SELECT COUNT(*) FROM answers").fetchone()[0]
    except sqlite3.OperationalError:  # killed before the table was made
        return 0


def step(seeds: str, prompt: str, out: str) -> None:
    from stages.brainstorm import brainstorm

    Path("stderr").mkdir(exist_ok=True)
    os.dup2(os.open(f"stderr/{os.getpid()}", os.O_WRONLY | os.O_CREAT), 2)
    outputs = (Path(out, name) for name in ("stories.jsonl", "dropped.jsonl", "metrics.json"))
    Path(out).mkdir(exist_ok=True)
    brainstorm(Path(seeds), Path(prompt), *outputs, params=Path("params.yaml"))


def main() -> None:
    kills, inputs = int(sys.argv[1]), sys.argv[2:]
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(PRELOADED))
    draws = random.Random(3)

    def start(out="killed"):
        process = context.Process(target=step, args=(*inputs, out))
        process.start()
        return process

    def end(process):
        process.join()
        assert process.exitcode == 0, (process.exitcode, Path(f"stderr/{process.pid}").read_text())

    def wipe():
        for path in STORE.parent.glob("*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    for _ in range(2):  # the first also waits for the imports
        wipe()
        began, process = time.monotonic(), start("whole")
        end(process)
        whole = time.monotonic() - began
    STORE.rename("whole.sqlite")
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
            end(process)
            if fresh:  # not resumed, and yet sooner: the machine was busier when `whole` was measured
                whole = time.monotonic() - began
            restarts += 1
            wipe()
    end(start())
    print(json.dumps({"killed": killed, "in_the_middle": middle, "restarts": restarts, "seconds": round(whole, 2)}))


if __name__ == "__main__":
    main()
