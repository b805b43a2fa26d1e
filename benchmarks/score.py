"""Scoring at the paper's size: 105,000 pairs (150-word responses, 95-word explanations) by the linear scorer.

    python -m benchmarks.score                  # 105,000 pairs
    python -m benchmarks.score --pairs 5000     # a quick look

The pairs are made of the labelled pairs' sentences, drawn at random (seeded). Wall seconds are of all processes that the
scorer starts. CPU seconds are of the same work in one process, on a tenth of the pairs, times ten: they stay comparable on a
busy machine. Memory is the largest that one process held, in MiB.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import tempfile
import time
from pathlib import Path

from synthempathy.core.params import read_params
from synthempathy.scorers.kinds import load_scorer, train_scorer
from synthempathy.scorers.params import Scorer
from synthempathy.scorers.reading import sentences
from synthempathy.scorers.sources import read_labelled
from tests.helpers.empathy import DIMENSIONS

ROOT = Path(__file__).parents[1]
SEED = 5
RESPONSE_WORDS, EXPLANATION_WORDS = 150, 95
PART = 10  # the share of the pairs that CPU seconds are measured on


def made(count: int) -> tuple[list[str], list[str]]:
    """Explanations and responses of the paper's mean lengths."""
    pairs = read_labelled(ROOT / "data" / "empathy" / "labelled_pairs.csv", dimensions=DIMENSIONS).pairs
    generator = random.Random(SEED)
    asked = [pair.explanation[s.start : s.end] for pair in pairs for s in sentences(pair.explanation)]
    said = [pair.response[s.start : s.end] for pair in pairs for s in sentences(pair.response)]

    def text(pool: list[str], words: int) -> str:
        parts: list[str] = []
        while sum(len(part.split()) for part in parts) < words - 5:
            parts.append(generator.choice(pool))
        return " ".join(parts)

    return [text(asked, EXPLANATION_WORDS) for _ in range(count)], [text(said, RESPONSE_WORDS) for _ in range(count)]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=105_000)
    count = parser.parse_args().pairs
    explanations, responses = made(count)
    settings = read_params(ROOT / "params.yaml").section("scorer", Scorer)
    with tempfile.TemporaryDirectory() as folder:
        train_scorer(read_labelled(ROOT / settings.path, dimensions=DIMENSIONS).pairs, settings).save(Path(folder))
        scorer = load_scorer(Path(folder))
        started = time.perf_counter()
        scorer.score(explanations, responses)
        wall = time.perf_counter() - started
        started = time.process_time()
        for start in range(0, count // PART, 1000):  # few enough at a time that the scorer starts no other process
            scorer.score(explanations[start : start + 1000][: count // PART], responses[start : start + 1000][: count // PART])
        cpu = (time.process_time() - started) * PART
    held = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024
    words = sum(len(response.split()) for response in responses) / count
    print(f"{count:,} pairs, {words:.0f} words per response, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print(f"wall {wall:.1f} s   CPU {cpu:.1f} s   memory {held:.0f} MiB   for 105,000 pairs: CPU {cpu / count * 105_000:.1f} s")


if __name__ == "__main__":
    main()
