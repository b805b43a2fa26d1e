"""A few rows of a real pre-trained model from seeds to scores, by the stages' own functions."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

from synthempathy.core.records import Seed, dump_records
from tests.helpers.pairs import ROOT
from tests.helpers.params import set_params

SENTENCES = (
    "I can't sleep because of my exams", "My boss gives me more work than I can do", "My mother is ill and lives far away",
    "I owe three months of rent",
)
STEPS = (("brainstorm", "seeds", "stories"), ("explain", "stories", "explanations"), ("respond", "explanations", "responses"))


def few_rows(project: Path, model: Path, settings: dict[str, object]) -> dict[str, dict[str, Any]]:
    """The metrics of brainstorm, explain, respond, finetune and evaluate on four seeds, in the folder `project`.

    `settings` are parameters beside those of the profile smollm2, by their dotted names.
    """
    from importlib import import_module

    params = _params(project, model, settings)
    seeds = [
        Seed(id=f"s{i}", sentence=sentence, category="Other", severity=5.0, source="test") for i, sentence in enumerate(SENTENCES)
    ]
    dump_records(project / "seeds.jsonl", [seed.model_dump() for seed in seeds])
    for step, given, made in STEPS:
        run = getattr(import_module(f"stages.{step}"), step)
        outputs = (project / f"{made}.jsonl", project / f"dropped_{made}.jsonl", project / f"{step}.json")
        run(project / f"{given}.jsonl", project / "prompts" / step / "simple.jinja", *outputs, params=params)
    pairs = (project / "responses.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    for name, some in {"train": pairs, "validation": pairs[:1], "test": pairs[:1]}.items():
        (project / f"{name}.jsonl").write_text("".join(some), encoding="utf-8")

    from stages.evaluate import evaluate
    from stages.finetune import finetune
    from stages.scorer import scorer

    adapter = project / "adapter"
    finetune(
        project / "train.jsonl", project / "validation.jsonl", adapter, project / "finetune.json", project / "loss.csv",
        params=params,
    )
    _few_labels(project / "labels.csv")
    scorer(
        project / "labels.csv", project / "scorer", project / "scorer.json", project / "calibration.csv",
        project / "confusion.csv", params=params,
    )
    tables = [project / f"{name}.csv" for name in ("mechanisms", "spread", "categories")]
    evaluate(
        project / "test.jsonl", adapter, project / "scorer", project / "evaluation.jsonl", project / "evaluate.json", *tables,
        params=params,
    )
    names = (*(step for step, _, _ in STEPS), "finetune", "evaluate")
    return {name: json.loads((project / f"{name}.json").read_text(encoding="utf-8")) for name in names}


def _params(project: Path, model: Path, settings: dict[str, object]) -> Path:
    shutil.copytree(ROOT / "prompts", project / "prompts")
    (project / "profiles").mkdir()
    (project / "domains").symlink_to(ROOT / "domains")
    shutil.copy(ROOT / "profiles" / "smollm2.yaml", project / "profiles")
    params = Path(shutil.copy(ROOT / "params.yaml", project))
    own = {
        f"{step}.model": str(model) for step in ("brainstorm", "explain", "respond", "finetune")
    } | {"finetune.epochs": 1}
    set_params(project / "profiles" / "smollm2.yaml", **own)
    return set_params(params, **{
        "profile": "smollm2", "machine.store": str(project / "store.sqlite"), "machine.device": "auto", "scorer.folds": 2,
        "scorer.also": str(ROOT / "data/empathy/own_pairs.csv"), "evaluate.bootstrap_samples": 200, "respond.prompt": "simple",
        **settings,
    })


def _few_labels(path: Path) -> None:
    """A fifth of the labelled pairs: enough to score by."""
    with (ROOT / "data/empathy/labelled_pairs.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    posts = {text: place for place, text in enumerate(dict.fromkeys(row["explanation"] for row in rows))}
    with path.open("w", encoding="utf-8", newline="") as stream:
        table = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(row for row in rows if posts[row["explanation"]] % 5 == 0)
