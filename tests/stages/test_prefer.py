"""The stage prefer: pairs go through, or those better than the base model's own answer; rows are conserved."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.prefer import prefer
from synthempathy.core.errors import InputError
from tests.helpers.params import set_params
from tests.helpers.tiny_mistral import pair, write_pairs

OUTPUTS = ("preferred_train.jsonl", "preferred_validation.jsonl", "metrics/prefer.json")


def rows(path: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def run(project: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run the stage with a scorer that gives a text its number of question marks; gives its figures."""

    class Scorer:
        whole = "empathy"
        checks = staticmethod(list)

        def score(self, explanations: Sequence[str], responses: Sequence[str]) -> dict[str, Any]:
            return {"empathy": np.array([min(2.0, response.count("?")) for response in responses])}

    def go() -> dict[str, Any]:
        monkeypatch.chdir(project)
        monkeypatch.setattr("synthempathy.scorers.kinds.load_scorer", lambda path, around: Scorer())
        prefer(Path("train.jsonl"), Path("validation.jsonl"), Path("scorer"), *map(Path, OUTPUTS), params=Path("params.yaml"))
        figures: dict[str, Any] = json.loads(Path("metrics/prefer.json").read_text(encoding="utf-8"))
        return figures

    return go


def test_for_the_plain_kind_every_pair_goes_through_as_it_is(run: Any, project: Path) -> None:
    assert run() == {"rows_in": 26, "rows_out": 26, "dropped": {}, "kind": "sft"}
    for side in ("train", "validation"):
        assert rows(f"preferred_{side}.jsonl") == rows(f"{side}.jsonl")
    assert not list((project / ".synthempathy").glob("*.sqlite"))  # nothing was asked


def test_for_preferences_those_are_kept_that_beat_the_base_models_own_answer(run: Any, project: Path) -> None:
    set_params(project / "params.yaml", **{"finetune.kind": "dpo", "finetune.dpo.sampling.max_tokens": 20})
    write_pairs(project / "train.jsonl", [pair(i, response="Why?? Oh no??" if i % 2 else "No.") for i in range(20)])
    figures = run()
    assert figures["rows_in"] == figures["rows_out"] + sum(figures["dropped"].values()) == 26
    assert figures["dropped"]["not_better"] >= 10
    for side in ("train", "validation"):
        kept = rows(f"preferred_{side}.jsonl")
        given = {row["id"]: row for row in rows(f"{side}.jsonl")}
        assert kept
        for row in kept:
            assert row["rejected"] and row["empathy"] >= row["rejected_empathy"] + 0.1
            assert {name: row[name] for name in given[row["id"]]} == given[row["id"]]
    first = [Path(name).read_bytes() for name in OUTPUTS]
    run()
    assert [Path(name).read_bytes() for name in OUTPUTS] == first


def test_the_fine_tuning_takes_what_it_writes(run: Any, project: Path) -> None:
    import torch

    from stages.finetune import finetune

    set_params(project / "params.yaml", **{
        "finetune.kind": "dpo", "finetune.dpo.sampling.max_tokens": 20, "finetune.max_length": 300,
    })
    run()
    try:
        finetune(*map(Path, (*OUTPUTS[:2], "adapter", "metrics/finetune.json", "metrics/loss.csv")), params=Path("params.yaml"))
    finally:
        torch.use_deterministic_algorithms(False)
    figures = json.loads(Path("metrics/finetune.json").read_text(encoding="utf-8"))
    assert figures["validation_loss"] < figures["validation_loss_before"]


def test_where_no_response_is_better_it_says_so_and_writes_nothing(run: Any, project: Path) -> None:
    set_params(project / "params.yaml", **{"finetune.kind": "dpo", "finetune.dpo.sampling.max_tokens": 20})
    write_pairs(project / "validation.jsonl", [pair(i, response="No.") for i in range(20, 26)])
    with pytest.raises(InputError, match=r"validation.jsonl: no response scores higher .* lower finetune.dpo.margin"):
        run()
    assert not any((project / name).exists() for name in OUTPUTS)
