"""How long `respond` takes where the store holds every answer, and how much memory.

    python -m benchmarks.store [--rows 137000]

Makes its own explanations and answers (seeded), fills a store with them, and runs the stage as a program of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from synthempathy.core.progress import progress, say
from synthempathy.llm.backends import Completion
from synthempathy.llm.loading import Model
from synthempathy.llm.prompts import load_prompt
from synthempathy.llm.store import Provenance, Store
from synthempathy.llm.store_key import KeyMaker
from synthempathy.project.params import load_params

ROOT = Path(__file__).parents[1]


def text(draws: random.Random, words: list[str], count: int) -> str:
    """Sentences of 5 to 20 words, `count` words in all."""
    out: list[str] = []
    while len(out) < count:
        sentence = draws.choices(words, k=min(draws.randint(5, 20), count - len(out)))
        out += [sentence[0].capitalize(), *sentence[1:-1], sentence[-1] + "."] if len(sentence) > 1 else ["Yes."]
    return " ".join(out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=137_000)
    given = parser.parse_args()
    draws = random.Random(7)
    words = ["".join(draws.choices("abcdefghiklmnoprstuw", k=draws.randint(1, 9))) for _ in range(8000)]
    params = load_params(ROOT / "params.yaml")
    settings = params.respond
    prompt = load_prompt(ROOT / "prompts" / "respond" / f"{settings.prompt}.jinja")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        for name in ("params.yaml", "profiles", "prompts", "models", "stages"):
            (place / name).symlink_to(ROOT / name)
        keys = KeyMaker(Model(str(settings.model)), params.engine, settings.sampling)
        with (
            Store(place / params.machine.store) as store, (place / "explanations.jsonl").open("w") as stream,
            progress("benchmark: filling the store", given.rows) as advance,
        ):
            store._db.execute("BEGIN")  # the filling is not what is measured
            for number in range(given.rows):
                row = {
                    "id": f"s{number // 20:05d}-{number % 20:02d}", "seed_id": f"s{number // 20:05d}", "category": "Work",
                    "severity": 5.0, "source": "benchmark", "seed": "I lost my job.", "story": text(draws, words, 100),
                    "model": "benchmark", "explanation": "I " + text(draws, words, 95), "explanation_model": "benchmark",
                }
                stream.write(json.dumps(row) + "\n")
                messages = prompt.messages(explanation=row["explanation"], category="Work")
                answer = f"Reasoning: {text(draws, words, 40)} Response: {text(draws, words, 154)}"
                store.add(keys.key(messages, 0, 0), Completion("", answer, "stop", 250, 300), settings.sampling.max_tokens,
                          Provenance("respond", str(settings.model), "benchmark", 0.01, None))
                advance()
            store._db.execute("COMMIT")
        say("benchmark: the stage, every answer from the store")
        started = time.monotonic()
        subprocess.run(
            [sys.executable, "-m", "stages.respond", "explanations.jsonl",
             f"prompts/respond/{settings.prompt}.jinja", "responses.jsonl", "dropped.jsonl", "metrics.json"],
            cwd=place, check=True, env=os.environ | {"PYTHONPATH": str(ROOT)},
        )
        wall = time.monotonic() - started
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        told = json.loads((place / "metrics.json").read_text())
        print(f"rows            {told['rows_in']:,} in, {told['rows_out']:,} out")
        print(f"wall            {wall:.1f} s")
        print(f"CPU             {used.ru_utime + used.ru_stime:.1f} s")
        print(f"peak memory     {used.ru_maxrss / 1e6:.2f} GB")


if __name__ == "__main__":
    main()
