"""Start brainstorm again and again, and kill it at random moments; at last let it end. For test_brainstorm.py.

    python -m tests.helpers.killed_runs KILLS step|any SEEDS PROMPT      any: the step or one of its workers, drawn each time

An undisturbed run writes to whole/, whose store is then moved to whole.sqlite; the others write to killed/. No kill may
touch a row that is in the store: none is lost, and none written again. Prints {"killed": how often the step was killed,
"workers": how often a worker of it, which goes on, "in_the_middle": how many of these with rows in the store, "restarts":
how often it ended before its kill and began anew from an empty store, "left": processes that outlived it, "seconds": what
an undisturbed run takes}.
"""

import json
import multiprocessing
import os
import random
import shutil
import sqlite3
import sys
import time
from contextlib import closing, suppress
from pathlib import Path

import psutil

STORE = Path(".synthempathy/store.sqlite")
#: Imported once, not by each of the fifty.
PRELOADED = (
    "stages.brainstorm", "synthempathy.llm.backends.transformers", "torch", "transformers.generation.utils",
    "transformers.models.auto.modeling_auto", "transformers.models.auto.tokenization_auto",
    "transformers.models.mistral.modeling_mistral", "transformers.tokenization_utils_tokenizers",
)


#: In which the workers of a step that was killed end by themselves, even one that had just begun to load its model.
SECONDS_TO_END = 60


def rows() -> set[tuple]:
    """What is in the store, each row with its place there, which it changes where it is written again."""
    if not STORE.exists():
        return set()
    try:
        with closing(sqlite3.connect(STORE)) as db:
            return set(db.execute("SELECT rowid, * FROM answers"))
    except sqlite3.OperationalError:  # killed before the table was made
        return set()


def workers() -> list[psutil.Process]:
    """The processes of machine.replicas, of the step that runs and of those that were killed."""
    found = []
    for one in psutil.process_iter():
        with suppress(psutil.Error):  # it has ended
            if "spawn_main" in " ".join(one.cmdline()) and Path(one.cwd()) == Path.cwd():
                found.append(one)
    return found


def step(seeds: str, prompt: str, out: str) -> None:
    from stages.brainstorm import brainstorm

    Path("stderr").mkdir(exist_ok=True)
    os.dup2(os.open(f"stderr/{os.getpid()}", os.O_WRONLY | os.O_CREAT), 2)
    outputs = (Path(out, name) for name in ("stories.jsonl", "dropped.jsonl", "metrics.json"))
    Path(out).mkdir(exist_ok=True)
    brainstorm(Path(seeds), Path(prompt), *outputs, params=Path("params.yaml"))


def main() -> None:
    kills, whom, inputs = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
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
    found = {"killed": 0, "workers": 0, "in_the_middle": 0, "restarts": 0}
    kept: set[tuple] = set()

    def killed(name):
        nonlocal kept
        now = rows()
        assert kept <= now, f"{len(kept - now)} rows were lost or written again"
        kept = now
        found[name] += 1
        found["in_the_middle"] += bool(kept)

    while found["killed"] + found["workers"] < kills:
        fresh, began, process = not kept, time.monotonic(), start()
        process.join(draws.uniform(0.0, whole))
        while whom == "any" and draws.random() < 0.5 and (running := [w for w in workers() if w.ppid() == process.pid]):
            fresh = False
            draws.choice(running).kill()
            killed("workers")
            process.join(draws.uniform(0.0, whole))
        if process.is_alive():
            process.kill()
            process.join()
            killed("killed")
        else:  # it ended before its kill: from the beginning again
            end(process)
            if fresh:  # not resumed, and yet sooner: the machine was busier when `whole` was measured
                whole = time.monotonic() - began
            found["restarts"] += 1
            kept = set()
            wipe()
    end(start())
    assert kept <= rows()
    print(json.dumps(found | {"left": len(psutil.wait_procs(workers(), SECONDS_TO_END)[1]), "seconds": round(whole, 2)}))


if __name__ == "__main__":
    main()
