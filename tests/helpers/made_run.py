"""A small made run, hostile rows among it, and the site of it: what the tests of the explorer look at."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tests.helpers.pairs import ROOT

#: Texts that would run, fetch or turn a page around if they were read as anything but text. Each tells of itself by a word.
HOSTILE = {
    "script": "<script>window.hacked = 1; alert('scriptword')</script> scriptword",
    "end": "</script><script>window.hacked = 2</script> endword </textarea></title></style>",
    "handler": "<img src=x onerror=\"window.hacked = 3\"> <svg onload=alert(1)> handlerword",
    "data": "data:text/html,<script>hacked=4</script> javascript:alert(1) <iframe src='https://example.org'></iframe> dataword",
    "style": "<style>body { display: none }</style><link rel=stylesheet href=https://example.org/x.css> styleword",
    "bidi": "\u202egnikaeps \u2066 turned \u200f bidiword \u2069",
    "lines": "one\u2028two\u2029three\u0000four ]]> <!-- linesword -->",
    "emoji": "\U0001f642\U0001f642 emojiword, and some more. \U0001f642 You feel warm.",
    "proto": "__proto__ constructor hasOwnProperty toString protoword",
    "long": "longword " + "never ending " * 80_000,
}
INPUTS = (
    "data/seeds.jsonl", "data/stories.jsonl", "data/dropped_stories.jsonl", "data/duplicate_stories.jsonl",
    "data/dropped_explanations.jsonl", "data/dropped_responses.jsonl", "data/rejected.jsonl", "data/review/queue.jsonl",
    "data/train.jsonl", "data/validation.jsonl", "data/test.jsonl", "data/evaluation.jsonl", "models/scorer",
)
CATEGORIES = ("Work", "School", "Other")
DVC = """\
stages:
  dedup: {cmd: x, desc: Drop repeats, metrics: [{metrics/dedup.json: {cache: false}}]}
  filter: {cmd: x, metrics: [{metrics/filter.json: {cache: false}}]}
  split:
    cmd: x
    metrics: [metrics/split.json]
    plots: [{metrics/sizes.csv: {template: bar_horizontal, x: pairs, y: side, title: Sizes}}]
"""


class Warmth:
    """A scorer of names that nobody else has: a sentence is warm by the word warm, deep by its length."""

    def score(self, explanations: Sequence[str], responses: Sequence[str]) -> dict[str, np.ndarray[Any, Any]]:
        return {
            "warmth": np.array([2.0 * ("warm" in text) for text in responses]),
            "depth": np.array([min(2.0, len(text) / 50) for text in responses]),
        }


def row(name: str, at: int, **more: Any) -> dict[str, Any]:
    """A whole pair."""
    return {
        "id": name, "seed_id": f"seed-{at}", "category": CATEGORIES[at % 3], "seed": f"Seed number {at}.", "model": "writer",
        "story": f"Story of {name}: the river rose over the old bridge that night {at}.", "severity": at % 11 / 1.0,
        "explanation": f"I am number {at} and I lost my umbrella on train {at % 7}.", "explanation_model": "teller",
        "response": f"You feel warm about it {at}. That is a long sentence about umbrellas and trains.",
        "reasoning": "Feeling: loss.", "response_model": "answerer", **more,
    }


def story_of(whole: dict[str, Any]) -> dict[str, Any]:
    """The row as it was when its story was written."""
    later = ("explanation", "explanation_model", "response", "reasoning", "response_model")
    return {name: value for name, value in whole.items() if name not in later}


def make_run(root: Path, pairs: int = 40, *, hostile: bool = True) -> Path:
    """Write all that the stage reads under `root`."""
    rows = [row(f"row-{at:05d}", at) for at in range(pairs)]
    spoiled = [
        row(f"bad <b>{name}</b>", at, explanation=text, response=f"{text} warm", category="Other")
        for at, (name, text) in enumerate(HOSTILE.items())
    ]
    rows += spoiled if hostile else []
    story = rows[0]["story"]
    span = [11, 11 + len(story)]
    again = row("again", 1, story=f"Well then. {story}", reason="substring", detail=rows[0]["id"], characters=span)
    gone = row("gone", 4, reason="offensive", detail="response: rude")
    held = row("held", 2, reason="review_violence", detail="response: fight", also=[])
    found = {"reason": "review_violence", "field": "response", "spans": [[0, 8]], "detail": "fight"}
    evaluation = [
        {**row(f"{one['id']}-{system}", at), "pair_id": one["id"], "system": system, "model": system,
         "explanation": one["explanation"], "response": f"{system}: {one['response']}", "warmth": 0.5 * n, "depth": 1.0}
        for at, one in enumerate(rows[-12:]) for n, system in enumerate(("base", "tuned", "corpus"))
    ]
    cut = len(rows) // 2
    files = {
        "data/seeds.jsonl": [{"id": "s", "sentence": "s", "category": "Work", "severity": None, "source": "made"}],
        "data/stories.jsonl": [story_of(one) for one in rows],
        "data/dropped_stories.jsonl": [], "data/duplicate_stories.jsonl": [story_of(again)],
        "data/dropped_explanations.jsonl": [row("cut", 3, reason="too_long", detail=HOSTILE["script"] + "\nmore")],
        "data/dropped_responses.jsonl": [], "data/rejected.jsonl": [held, gone | {"evidence": [found]}],
        "data/review/queue.jsonl": [{"id": "held", "evidence": [found]}],
        "data/train.jsonl": rows[:cut], "data/validation.jsonl": rows[cut : cut + 3], "data/test.jsonl": rows[cut + 3 :],
        "data/evaluation.jsonl": evaluation,
    }
    for name, records in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("".join(json.dumps(one) + "\n" for one in records), encoding="utf-8")
    (root / "models/scorer").mkdir(parents=True)
    (root / "models/scorer/scorer.json").write_text('{"kind": "linear"}', encoding="utf-8")
    (root / "metrics").mkdir()
    total = len(rows)
    dropped = {"dedup": {"substring": 1, "near": 0}, "filter": {"offensive": 1, "review_violence": 1}, "split": {}}
    for name, reasons in dropped.items():
        given = total + sum(reasons.values())
        figures = {"rows_in": given, "rows_out": total, "dropped": reasons, "nested": {"<b>figure</b>": 0.25}}
        (root / f"metrics/{name}.json").write_text(json.dumps(figures), encoding="utf-8")
    (root / "metrics/sizes.csv").write_text("side,pairs\n<script>alert(1)</script>,20\ntest,9\n", encoding="utf-8")
    (root / "dvc.yaml").write_text(DVC, encoding="utf-8")
    shutil.copy(ROOT / "params.yaml", root)
    shutil.copytree(ROOT / "profiles", root / "profiles")
    shutil.copytree(ROOT / "domains", root / "domains")
    return root


def make_site(root: Path) -> Path:
    """The site of the run under `root`, by the stage, with `Warmth` as the scorer; gives its folder."""
    import pytest

    from stages.explorer import explorer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("synthempathy.explorer.scores.load_scorer", lambda folder: Warmth())
        explorer(*(root / name for name in ("dvc.yaml", *INPUTS, "data/explorer")), params=root / "params.yaml")
    return root / "data/explorer"
