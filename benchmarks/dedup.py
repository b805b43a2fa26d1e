"""Deduplication at the paper's scale: time, peak memory, recall and precision of what was planted, beside peers.

    python -m benchmarks.dedup --peers-python VENV/bin/python > benchmarks/dedup.md

The peers (datatrove, datasketch) may have a virtual environment of their own: `python3 -m venv VENV` and
`VENV=VENV .ci/install benchmarks`; or `make install EXTRAS=benchmarks` into this one, and --peers-python is left out. A peer
that is not there is left out of the table. --stories N makes it smaller, --semantic adds the method that is off by default.

Each row is a process of its own: seconds are all of it, from its start over reading the stories to the written
result, so loading libraries counts on both sides. CPU seconds are of all its threads and processes, peak memory of
its largest one. The stories and what is planted in them: benchmarks/planted_stories.py. A story dropped is right if
it is the later of a planted pair that has what the method looks for (of a peer: either of the two).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.dedup_measures import MIN_WORDS, THRESHOLD
from benchmarks.planted_stories import write_corpus

ROOT = Path(__file__).parents[1]
BANDS = ((0.7, 0.75), (0.75, 0.85), (0.85, 1.0), (1.0, 1.01))
PEERS = ("datasketch", "datatrove")


@dataclass(frozen=True)
class Run:
    """One process: what it took, and what it printed last (JSON) if anything."""

    seconds: float
    cpu: float
    megabytes: float
    printed: Any

    def __str__(self) -> str:
        return f"{self.seconds:.1f} | {self.cpu:.1f} | {self.megabytes:,.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stories", type=int, default=137_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--peers-python", default=sys.executable, help="the Python that has datatrove and datasketch")
    parser.add_argument("--semantic", action="store_true", help="TF-IDF and SVD too (minutes)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        sizes = [given.stories // 4, given.stories // 2, given.stories]
        folders = [Path(place) / str(size) for size in sizes]
        for folder, size in zip(folders, sizes, strict=True):
            write_corpus(folder, size, given.seed)
        print(f"# Deduplication of {given.stories:,} stories of about 100 words\n")
        print(f"`python -m benchmarks.dedup --stories {given.stories}`, seed {given.seed}, {os.cpu_count()} cores, "
              f"load {os.getloadavg()[0]:.1f} at the start.\n")
        methods(folders[-1], given.peers_python, given.semantic)
        whole_stage(folders[-1])
        substring_ratio(folders[-1])
        linearity(folders, sizes)


def methods(folder: Path, peers_python: str, with_semantic: bool) -> None:
    """Each method alone on all stories, and the peers of near."""
    pairs = json.loads((folder / "pairs.json").read_text())
    print("## Each method alone\n")
    print("| method | seconds | CPU seconds | peak MB | planted | recall | precision |")
    print("|---|---|---|---|---|---|---|")
    near: dict[str, tuple[Run, dict[int, int | None]]] = {}
    for name in ("exact", "substring", "trim", "near", *PEERS):
        taken = measure(name, folder, peers_python if name in PEERS else sys.executable)
        if taken is None:
            print(f"| {name} | not installed | | | | | |")
            continue
        found = {int(late): early for late, early in json.loads((folder / f"{name}.json").read_text()).items()}
        wanted = [pair for pair in pairs if has(pair, name)]
        print(f"| {name} | {taken} | {len(wanted)} | {recall(found, wanted):.4f} | {precision(found, wanted):.4f} |")
        if name in ("near", *PEERS):
            near[name] = taken, found
    if with_semantic and (taken := measure("semantic", folder, sys.executable)):
        found = json.loads((folder / "semantic.json").read_text())
        print(f"| semantic (off by default) | {taken} | {len(found)} found | | |")
    print("\n## Near duplicates found, by true Jaccard\n")
    print("| | " + " | ".join("1" if low == 1 else f"{low} to {high}" for low, high in BANDS) + " | seconds over near's |")
    print("|---|" + "---|" * (len(BANDS) + 1))
    for name, (taken, found) in near.items():
        cells = []
        for low, high in BANDS:
            wanted = [pair for pair in pairs if low <= pair["jaccard"] < high]
            cells.append(f"{recall(found, wanted):.4f} of {len(wanted)}")
        ratio, cpu = taken.seconds / near["near"][0].seconds, taken.cpu / near["near"][0].cpu
        print(f"| {name} | " + " | ".join(cells) + f" | {ratio:.1f} ({cpu:.1f} CPU) |")
    print()


def has(pair: dict[str, Any], method: str) -> bool:
    """Whether a planted pair has what the method looks for."""
    if method == "exact":
        return bool(pair["kind"] == "exact")
    return bool(pair["passage"] if method in ("substring", "trim") else pair["jaccard"] >= THRESHOLD)


def recall(found: dict[int, int | None], wanted: list[dict[str, Any]]) -> float:
    """The share of the pairs found: the later story, for the earlier one; of a peer that names no partner, either."""
    met = [
        found.get(pair["late"], -1) in (pair["early"], None) or found.get(pair["early"], -1) is None for pair in wanted
    ]
    return sum(met) / max(1, len(met))


def precision(found: dict[int, int | None], wanted: list[dict[str, Any]]) -> float:
    """The share of what was found that was planted."""
    partner = {pair["late"]: pair["early"] for pair in wanted} | {
        pair["early"]: pair["late"] for pair in wanted if found.get(pair["early"], -1) is None
    }
    right = [late in partner and early in (partner[late], None) for late, early in found.items()]
    return sum(right) / max(1, len(right))


def whole_stage(folder: Path) -> None:
    """`python -m stages.dedup` with the parameters of params.yaml: all default methods in turn."""
    out = [folder / name for name in ("unique.jsonl", "duplicates.jsonl", "metrics.json")]
    taken = process([sys.executable, "-m", "stages.dedup", folder / "stories.jsonl", *out])
    metrics = json.loads(out[2].read_text())
    rows = [json.loads(line) for line in out[1].read_text(encoding="utf-8").splitlines()]
    found: dict[int, int | None] = {int(row["id"]): int(row["detail"]) for row in rows}
    pairs = json.loads((folder / "pairs.json").read_text())
    wanted = [pair for pair in pairs if any(has(pair, method) for method in ("exact", "substring", "near"))]
    dropped = ", ".join(f"{reason} {count}" for reason, count in metrics["dropped"].items() if count)
    print("## The stage: exact, substring and near in turn, files in and out\n")
    print("| seconds | CPU seconds | peak MB | rows in | rows out | dropped | planted | recall | precision |")
    print("|---|---|---|---|---|---|---|---|---|")
    print(f"| {taken} | {metrics['rows_in']} | {metrics['rows_out']} | {dropped} | {len(wanted)} | "
          f"{recall(found, wanted):.4f} | {precision(found, wanted):.4f} |\n")


def substring_ratio(folder: Path) -> None:
    """substring over pydivsufsort alone."""
    taken = process([sys.executable, "-m", "benchmarks.dedup_measures", "bare", folder])
    ours, bare = taken.printed["ours"], taken.printed["bare"]
    ratio = statistics.median(one / other for one, other in zip(ours, bare, strict=True))
    print(f"## substring ({MIN_WORDS} words) over bare suffix array and LCP (pydivsufsort), on the same symbols\n")
    print("| CPU seconds, bare | CPU seconds, substring | median ratio of the pairs |")
    print("|---|---|---|")
    print(f"| {statistics.median(bare):.2f} | {statistics.median(ours):.2f} | {ratio:.2f} |\n")


def linearity(folders: list[Path], sizes: list[int]) -> None:
    """CPU seconds at a quarter, half and all of the stories, and of near on alike stories."""
    print("## Growth: CPU seconds and their ratio to the size before\n")
    print("| | " + " | ".join(f"{size:,} stories" for size in sizes) + " |")
    print("|---|" + "---|" * len(sizes))
    for name in ("exact", "substring", "trim", "near"):
        runs = [measure(name, folder, sys.executable) for folder in folders]
        print(f"| {name} | " + growth([run.cpu for run in runs if run]) + " |")
    alike = process([sys.executable, "-m", "benchmarks.dedup_measures", "alike", folders[0]]).printed
    print("\nnear, the worst case: all stories of one template, each with each at a Jaccard just below the threshold\n")
    print("| | " + " | ".join(f"{size} stories" for size in alike) + " |")
    print("|---|" + "---|" * len(alike))
    print("| near | " + growth(list(alike.values())) + " |")


def growth(times: list[float]) -> str:
    later = [f"{time:.1f} ({time / before:.2f}x)" for before, time in zip(times, times[1:], strict=False)]
    return " | ".join([f"{times[0]:.1f}", *later])


def measure(name: str, folder: Path, python: str) -> Run | None:
    """One measure of dedup_measures; None where its library is not installed."""
    if name in PEERS and subprocess.run([python, "-c", f"import {name}"], capture_output=True).returncode:
        return None
    shutil.rmtree(folder / name, ignore_errors=True)
    return process([python, "-m", "benchmarks.dedup_measures", name, folder])


def process(command: list[Any]) -> Run:
    """Run a command to its end. Raises CalledProcessError with its messages if it fails."""
    started = time.perf_counter()
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as messages:
        child = subprocess.Popen([str(part) for part in command], cwd=ROOT, stdout=out, stderr=messages)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - started
        out.seek(0)
        messages.seek(0)
        if child.returncode:
            sys.exit(f"{' '.join(map(str, command))} failed:\n{messages.read()[-3000:]}")
        lines = out.read().splitlines()
    printed = json.loads(lines[-1]) if lines and lines[-1].startswith("{") else None
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1000, printed)


if __name__ == "__main__":
    main()
