"""Time and memory of the stage `stats` over pairs at the paper's scale, and how both grow.

    python benchmarks/corpus_statistics.py                  # 105,000 pairs, twice and four times as many
    python benchmarks/corpus_statistics.py --pairs 20000    # quicker

The pairs are drawn with a seed: explanations of about 95 words, responses of about 154, words by Zipf's law out of
60,000, responses with templated openings and sentences, one text in fifty nearly the same as one before. Each size runs
`python -m stages.stats` with params.yaml as a process of its own; reading and writing count.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
CATEGORIES = ("Work", "School", "Financial Problem", "Family Issues", "Other")
FUNCTION_WORDS = """
    the i to and a you it of that in is was my for have with me not but on this be so feel can are what when at
    how they do all just there if like about or from as it's an know would been more one had your time up out by
"""
VOCABULARY = 60_000
TEMPLATES = [
    "I am so sorry that you are going through this.", "It makes sense that you feel this way.",
    "That sounds really hard.", "Thank you for trusting me with it.", "You are not alone in this.",
    "What would help you most right now?", "I can hear how much this weighs on you.", "I am here to listen.",
]
NEAR_DUPLICATES = 0.02  # share of texts that repeat an earlier one but for three words


class Writer:
    """Draws texts from `words`, the commonest first; the same seed gives the same texts."""

    def __init__(self, words: list[str], seed: int) -> None:
        self.draw = np.random.default_rng(seed)
        self.words = np.array(words, dtype=object)
        weights = 1 / (np.arange(len(words)) + 2.7)  # Zipf and Mandelbrot
        self.steps = np.cumsum(weights / weights.sum())
        self.earlier: list[list[str]] = []

    def sentences(self, mean_words: float) -> list[str]:
        """Sentences of about 13 words, together about `mean_words`."""
        if self.earlier and self.draw.random() < NEAR_DUPLICATES:
            return self._changed(self.earlier[self.draw.integers(len(self.earlier))])
        count = max(20, int(self.draw.normal(mean_words, 12)))
        numbers = np.minimum(np.searchsorted(self.steps, self.draw.random(count)), len(self.words) - 1)
        words, found, start = self.words[numbers].tolist(), [], 0
        while start < count:
            end = start + int(self.draw.integers(6, 21))
            found.append(" ".join(words[start:end]).capitalize() + ("?" if self.draw.random() < 0.1 else "."))
            start = end
        if len(self.earlier) < 2000 or self.draw.random() < 0.01:
            self.earlier.append(found)
        return found

    def _changed(self, sentences: list[str]) -> list[str]:
        words = " ".join(sentences).split()
        for place in self.draw.integers(0, len(words), 3):
            words[place] = self.words[self.draw.integers(len(self.words))]
        return [" ".join(words)]

    def response(self) -> str:
        kinds = self.draw.integers(0, len(TEMPLATES), 4)
        opening, *others, closing = (TEMPLATES[kind] for kind in kinds)
        return " ".join([opening, *others, *self.sentences(120), closing])


def made_up_words() -> list[str]:
    """VOCABULARY words: English function words, then others of one to four syllables in no order."""
    parts = [c + v for c in "bdfgklmnprstvz" for v in ("a", "e", "i", "o", "u", "ea", "ing", "er")]
    draw = np.random.default_rng(0)
    found = dict.fromkeys(FUNCTION_WORDS.split())
    while len(found) < VOCABULARY:
        found["".join(parts[k] for k in draw.integers(0, len(parts), draw.integers(1, 5)))] = None
    return list(found)


def write_pairs(path: Path, pairs: int) -> None:
    """`pairs` rows as the filter would write them."""
    words = made_up_words()
    explanations, responses = Writer(words, seed=1), Writer(words, seed=2)
    with path.open("w", encoding="utf-8") as stream:
        for number in range(pairs):
            explanation = " ".join(explanations.sentences(95))
            row = {
                "id": f"s{number}", "seed_id": f"s{number // 20}", "category": CATEGORIES[number // 20 % 5],
                "severity": number // 20 % 11, "seed": "My boss shouts at me.", "story": f"{number}. {explanation}",
                "model": "org/a", "explanation": explanation, "explanation_model": "org/a",
                "response": responses.response(), "reasoning": "Feeling: sad.", "response_model": f"org/{number % 2}",
            }
            stream.write(json.dumps(row) + "\n")


def measured(folder: Path, pairs: int) -> tuple[float, float, float]:
    """Seconds, seconds of processor time, and peak memory (GB) of the stage over `pairs` pairs."""
    corpus = folder / "corpus.jsonl"
    write_pairs(corpus, pairs)
    outputs = [folder / name for name in ("corpus.json", *(f"{table}.csv" for table in "abcdef"))]
    start = time.perf_counter()
    stage = subprocess.Popen([sys.executable, "-m", "stages.stats", corpus, *outputs], cwd=ROOT)
    _, status, usage = os.wait4(stage.pid, 0)
    seconds = time.perf_counter() - start
    stage.returncode = os.waitstatus_to_exitcode(status)
    if stage.returncode:
        sys.exit(f"stats ended with {stage.returncode}")
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=105_000, help="pairs of the first row; default: 105000")
    parser.add_argument("--times", type=int, nargs="+", default=[1, 2, 4], help="default: 1 2 4")
    given = parser.parse_args()
    print("| pairs | seconds | of the processor | peak memory, GB | processor time, times the first | pairs, times |")
    print("|---:|---:|---:|---:|---:|---:|")
    first = 0.0
    for times in given.times:
        with tempfile.TemporaryDirectory() as folder:
            seconds, busy, memory = measured(Path(folder), given.pairs * times)
        first = first or busy
        row = (f"{given.pairs * times:,}", f"{seconds:.1f}", f"{busy:.1f}", f"{memory:.2f}", f"{busy / first:.2f}")
        print(f"| {' | '.join(row)} | {times / given.times[0]:.2f} |", flush=True)


if __name__ == "__main__":
    main()
