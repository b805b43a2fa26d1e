"""The explorer at the paper's size: 105,000 pairs and 32,000 rows that left. What it costs to write, and how fast the page is.

    python -m benchmarks.explorer --scorer models/scorer                # 105,000 pairs
    python -m benchmarks.explorer --scorer models/scorer --pairs 5000   # a quick look
    python -m benchmarks.explorer                                       # without scores by sentence

Pairs are made of the labelled pairs' sentences (benchmarks/score.py). The page is opened in Chromium from disk (--keep FOLDER
keeps it). Seconds to write are wall seconds on this machine, memory the most that the process held; milliseconds are measured
in the page: of a search and of a filter from the question until the list shows the answer, in a fresh page, so that shards
of the index are read too.
"""

from __future__ import annotations

import argparse
import random
import resource
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.score import made
from synthempathy.core.records import Pair, Story
from synthempathy.explorer.left import Left, write_left
from synthempathy.explorer.pairs import Answer, write_compared, write_corpus
from synthempathy.explorer.scores import Scored, scored, scorer_in
from synthempathy.explorer.showing import Labels
from synthempathy.explorer.site import write_site
from tests.helpers.browser import MISSING, Trouble, chromium

LABELS = Labels({"seed": "Seed", "story": "Story", "explanation": "Explanation", "response": "Response"}, {}, {})
CATEGORIES = tuple(f"Category {letter}" for letter in "ABCDEFGHI")  # as many as SAD has
SHARE_LEFT = 0.3
QUERIES = ("feel", "manager", "i am so sorry", "overwhelm", "pair-000777", "zebra")


def write(folder: Path, count: int, scorer: Path | None) -> None:
    """A site of `count` made pairs; a share of SHARE_LEFT of them stands among what left too."""
    explanations, responses = made(count)
    draw = random.Random(1)
    pairs = [
        Pair.model_validate({
            "id": f"pair-{at:06d}", "seed_id": f"seed-{at // 20:05d}", "category": CATEGORIES[at // 20 % len(CATEGORIES)],
            "seed": explanations[at][:60], "story": explanations[(at * 7) % count], "model": "made", "reasoning": "",
            "explanation": explanations[at], "response": responses[at], "severity": draw.randint(0, 100) / 10,
            "response_model": draw.choice(("one", "two", "three")),
        }) for at in range(count)
    ]
    judge = scorer_in(scorer) if scorer else None
    scores: Scored | None = scored(judge, explanations, responses, label="scores") if judge else None
    first, second = count * 8 // 10, count * 9 // 10
    splits = {"train": pairs[:first], "validation": pairs[first:second], "test": pairs[second:]}
    write_corpus(folder, splits, scores, LABELS)
    gone = [
        Left.model_validate({**pair.model_dump(), "reason": draw.choice(("near", "substring", "exact")), "detail": pairs[0].id})
        for pair in pairs[: int(count * SHARE_LEFT)]
    ]
    write_left(folder, {"dedup": gone}, [], [Story.model_validate(pairs[0].model_dump())], LABELS)
    answers = [
        Answer.model_validate({
            "id": f"{pair.id}-{system}", "pair_id": pair.id, "category": pair.category, "explanation": pair.explanation,
            "system": system, "model": system, "response": pair.response, "score": draw.random() * 2,
        }) for pair in splits["test"][:2000] for system in ("base", "tuned", "corpus")
    ]
    names = write_compared(folder, answers, None, LABELS)
    titles = LABELS.of_scores(scores.of if scores else ())
    write_site(folder, {
        "revision": "made", "profile": "benchmark", "models": ["made"], "seeds": 0, "scores": LABELS.of_scores(names),
        "dimensions": titles, "counts": {"rows": count, "left": len(gone), "compared": len(answers) // 3},
        "splits": [[name, len(rows)] for name, rows in splits.items()], "figures": [], "plots": [],
        "flow": [{"stage": "dedup", "in": count + len(gone), "out": count, "dropped": [["near", len(gone)]]}],
    })


def measure(folder: Path) -> dict[str, float]:
    """Milliseconds of the first view, of searches, filters and orders."""
    trouble, found = Trouble(), {}
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        trouble.watch(page)
        begun = time.perf_counter()
        page.goto(f"file://{folder.resolve()}/index.html")
        page.wait_for_function("() => explorer.ready === true", polling=10)
        page.wait_for_function("() => document.querySelector('.item .words').textContent.length > 1", polling=10)
        found["first view"] = (time.perf_counter() - begun) * 1000
        for query in QUERIES:
            found[f"search {query!r}"] = _asked(page, {"query": query})
        found["filter by category"] = _asked(page, {"choices": {"category": CATEGORIES[3]}})
        found["filter by severity"] = _asked(page, {"ranges": {"severity": [3, 6]}})
        found["order by severity"] = _asked(page, {"sort": "severity", "down": True})
        found["search, filters and order"] = _asked(
            page, {"query": "feel sorr", "choices": {"category": CATEGORIES[3]}, "ranges": {"severity": [3, 9]}, "sort": "words"}
        )
        found["a link to the last row"] = page.evaluate("""async () => {
            const table = explorer.tables.rows, id = table.ids[table.count - 1], begun = performance.now();
            location.hash = explorer.link("rows", id);
            while (document.querySelector(".detail h2 bdi")?.textContent !== id) await new Promise(requestAnimationFrame);
            return performance.now() - begun; }""")
    assert not trouble, trouble
    return found


def _asked(page: Any, asked: dict[str, object]) -> float:
    """Milliseconds until the list shows what is asked for, as it is through the panel without its wait for more keys."""
    value: float = page.evaluate("""async (asked) => {
        const begun = performance.now();
        explorer.goTo("rows", asked);
        const size = document.querySelector(".size"), now = () => document.querySelector(".size");
        while (now() === size || !now()?.textContent) await new Promise(requestAnimationFrame);
        return performance.now() - begun; }""", asked)
    return value


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=105_000)
    parser.add_argument("--scorer", type=Path, help="a folder that the stage scorer wrote")
    parser.add_argument("--keep", type=Path, help="where to write the site, and leave it")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as nowhere:
        folder = given.keep or Path(nowhere) / "site"
        folder.mkdir(parents=True)
        begun = time.perf_counter()
        write(folder, given.pairs, given.scorer)
        took, most = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6
        print(f"{given.pairs:,} pairs: written in {took:.0f} s, {most:,.0f} MiB at most, {size:,.0f} MB")
        if MISSING:
            print(f"not opened: {MISSING}")
            return
        for name, value in measure(folder).items():
            print(f"{name:<32} {value:7.0f} ms")


if __name__ == "__main__":
    main()
