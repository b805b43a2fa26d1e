"""One measure of benchmarks/dedup.py in a process of its own, so that its peak memory is its own.

    python -m benchmarks.dedup_measures MEASURE FOLDER

FOLDER holds stories.jsonl. What was found goes to FOLDER/MEASURE.json: {late: early or null}, by index. The times that
a measure takes itself are printed as one line of JSON. The peers' measures import nothing of this project.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

THRESHOLD, PERMUTATIONS, SHINGLE_WORDS, MIN_WORDS = 0.7, 128, 3, 40
PAIRED_RUNS = 5

Found = dict[int, int | None]


def texts_of(folder: Path) -> list[str]:
    with (folder / "stories.jsonl").open(encoding="utf-8") as stream:
        return [json.loads(line)["story"] for line in stream]


def exact(folder: Path) -> Found:
    from synthempathy.dedup.exact import exact_duplicates
    from synthempathy.text.numbered import words_of

    return {one.index: one.partner for one in exact_duplicates(words_of(texts_of(folder)))}


def substring(folder: Path) -> Found:
    from synthempathy.dedup.substring import repeated_substrings
    from synthempathy.text.numbered import words_of

    return {one.index: one.partner for one in repeated_substrings(words_of(texts_of(folder)), MIN_WORDS)}


def trim(folder: Path) -> Found:
    from synthempathy.dedup.trim import trim_repeats
    from synthempathy.text.numbered import words_of

    texts = texts_of(folder)
    result = trim_repeats(texts, words_of(texts), min_words=MIN_WORDS, min_words_left=50)
    found: Found = {index: trims[0].partner for index, trims in result.trims.items()}
    return found | {index: one.partner for index, one in result.dropped.items()}


def near(folder: Path) -> Found:
    from synthempathy.text.minhash import near_duplicates
    from synthempathy.text.numbered import words_of

    found = near_duplicates(
        words_of(texts_of(folder)), threshold=THRESHOLD, permutations=PERMUTATIONS, shingle_words=SHINGLE_WORDS, seed=7
    )
    return {one.index: one.partner for one in found}


def semantic(folder: Path) -> Found:
    from synthempathy.dedup.params import SemanticDuplicates
    from synthempathy.dedup.semantic import semantic_duplicates

    settings = SemanticDuplicates(enabled=True, model=None, revision=None, threshold=0.95, dimensions=128, seed=11)
    return {one.index: one.partner for one in semantic_duplicates(texts_of(folder), settings)}


def bare(folder: Path) -> dict[str, Any]:
    """substring against pydivsufsort's suffix array and LCP over the same symbols, in turn: CPU seconds of each."""
    from pydivsufsort import divsufsort, kasai

    from synthempathy.dedup.substring import _symbols, repeated_substrings
    from synthempathy.text.numbered import words_of

    words = words_of(texts_of(folder))
    symbols = _symbols(words)
    times: dict[str, list[float]] = {"bare": [], "ours": []}
    for _ in range(PAIRED_RUNS):
        start = time.process_time()
        kasai(symbols, divsufsort(symbols))
        middle = time.process_time()
        repeated_substrings(words, MIN_WORDS)
        times["bare"].append(middle - start)
        times["ours"].append(time.process_time() - middle)
    return times


def alike(folder: Path) -> dict[str, Any]:
    """near where all stories are of one template, Jaccard about 0.66 each with each: CPU seconds by their number."""
    from benchmarks.planted_stories import alike as alike_stories
    from synthempathy.text.minhash import near_duplicates
    from synthempathy.text.numbered import words_of

    times = {}
    for stories in (5_000, 10_000, 20_000):
        words = words_of(alike_stories(stories, 0.8, seed=1))
        start = time.process_time()
        near_duplicates(
            words, threshold=THRESHOLD, permutations=PERMUTATIONS, shingle_words=SHINGLE_WORDS, seed=7
        )
        times[f"{stories:,}"] = time.process_time() - start
    return times


def datasketch(folder: Path) -> Found:
    """datasketch's MinHashLSH; a story goes if an earlier kept one's signature is alike to the threshold."""
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(threshold=THRESHOLD, num_perm=PERMUTATIONS)
    signatures: dict[int, Any] = {}
    found: Found = {}
    minhashes = MinHash.generator((shingles(text) for text in texts_of(folder)), num_perm=PERMUTATIONS, seed=7)
    for number, signature in enumerate(minhashes):
        others = [k for k in index.query(signature) if signature.jaccard(signatures[k]) >= THRESHOLD]
        if others:
            found[number] = min(others)
        else:
            index.insert(number, signature, check_duplication=False)
            signatures[number] = signature
    return found


def shingles(text: str) -> list[bytes]:
    words = re.findall(r"\w+", text.lower())
    return [" ".join(words[k : k + SHINGLE_WORDS]).encode() for k in range(len(words) - SHINGLE_WORDS + 1)]


def datatrove(folder: Path) -> Found:
    """datatrove's MinHash as its docs run it, two workers: its 14 buckets of 8 hashes, shingles of 3 words as ours.

    Words are split at white space, which is faster than its own English tokenizer (spaCy).
    """
    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.dedup import minhash
    from datatrove.pipeline.readers import JsonlReader
    from datatrove.pipeline.writers.jsonl import JsonlWriter

    config = minhash.MinhashConfig(n_grams=SHINGLE_WORDS)
    work = folder / "datatrove"
    lines = (folder / "stories.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    for half in range(2):
        part = work / "stories" / f"{half}.jsonl"
        part.parent.mkdir(parents=True, exist_ok=True)
        part.write_text("".join(lines[half * len(lines) // 2 : (half + 1) * len(lines) // 2]), encoding="utf-8")
    read = JsonlReader(str(work / "stories"), text_key="story")
    started = time.perf_counter()
    paths = {name: str(work / name) for name in ("signatures", "buckets", "ids", "left", "removed", "log")}
    signature = minhash.MinhashDedupSignature(paths["signatures"], config=config, language=_white_space())
    buckets = minhash.MinhashDedupBuckets(paths["signatures"], paths["buckets"], config=config)
    cluster = minhash.MinhashDedupCluster(paths["buckets"], paths["ids"], config=config)
    removed = JsonlWriter(paths["removed"], compression=None)
    kept = JsonlWriter(paths["left"], compression=None)
    steps: list[tuple[list[Any], int]] = [
        ([read, signature], 2), ([buckets], config.num_buckets), ([cluster], 1),
        ([read, minhash.MinhashDedupFilter(paths["ids"], exclusion_writer=removed), kept], 2),
    ]
    for number, (pipeline, tasks) in enumerate(steps):
        LocalPipelineExecutor(
            pipeline, tasks=tasks, workers=min(tasks, 2), logging_dir=f"{paths['log']}/{number}", start_method="fork",
        ).run()
    found: Found = {}
    for part in sorted((work / "removed").glob("*.jsonl")):
        with part.open(encoding="utf-8") as stream:
            found.update((int(json.loads(line)["id"]), None) for line in stream)
    print(json.dumps({"pipeline": time.perf_counter() - started}))
    return found


def _white_space() -> Any:
    from datatrove.utils.word_tokenizers import WordTokenizer

    class WhiteSpace(WordTokenizer):  # type: ignore[misc]
        def word_tokenize(self, text: str) -> list[str]:
            return text.split()

        def sent_tokenize(self, text: str) -> list[str]:
            return [text]

        def span_tokenize(self, text: str) -> list[tuple[int, int]]:
            return [(0, len(text))]

    return WhiteSpace()


def _measures() -> Iterator[Callable[[Path], Any]]:
    yield from (exact, substring, trim, near, semantic, bare, alike, datasketch, datatrove)


if __name__ == "__main__":
    name, place = sys.argv[1], Path(sys.argv[2])
    result = {measure.__name__: measure for measure in _measures()}[name](place)
    if name in ("bare", "alike"):
        print(json.dumps(result))
    else:
        (place / f"{name}.json").write_text(json.dumps(result))
