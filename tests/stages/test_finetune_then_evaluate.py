"""Training and asking fit together: the engine answers with the adapter as it was taught, and stops."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from synthempathy.core.records import Pair, read_records
from tests.helpers.empathy import SCORES
from tests.helpers.params import set_params
from tests.helpers.tiny_mistral import pair, write_pairs

TAUGHT = "Oh no."


@pytest.fixture
def tuned(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project after fine-tuning on one response to everything."""
    from stages.finetune import finetune

    set_params(project / "params.yaml", **{
        "finetune.epochs": 12, "finetune.learning_rate": 0.03, "finetune.patience": 3,
        "evaluate.sampling.temperature": 0.0, "evaluate.sampling.top_p": 1.0,
    })
    for name, numbers in (("train", range(40)), ("validation", range(40, 44))):
        write_pairs(project / f"{name}.jsonl", [pair(i, response=TAUGHT) for i in numbers])
    monkeypatch.chdir(project)
    try:
        finetune(
            Path("train.jsonl"), Path("validation.jsonl"), Path("models/adapter"), Path("metrics/finetune.json"),
            Path("metrics/loss.csv"), params=Path("params.yaml"),
        )
    finally:
        torch.use_deterministic_algorithms(False)
    return project


def test_the_engine_says_what_was_taught_and_stops(tuned: Path) -> None:
    from synthempathy.core.params import read_params
    from synthempathy.evaluation.answering import answers, questions
    from synthempathy.evaluation.params import Evaluate
    from synthempathy.evaluation.systems import systems_of
    from synthempathy.finetuning.params import Finetune
    from synthempathy.llm.params import Engine, Machine
    from synthempathy.llm.prompts import load_prompt

    file = read_params(Path("params.yaml"))
    sampling = file.section("evaluate", Evaluate).sampling
    prompt = load_prompt(Path("prompts/respond/plain.jinja"))
    pairs = read_records(Path("test.jsonl"), Pair)
    base, taught = (
        answers(one.name, *questions(
            one.model, pairs, prompt, sampling, file.section("engine", Engine), file.section("machine", Machine),
        ))
        for one in systems_of(file.section("finetune", Finetune), Path("models/adapter"), file.section("evaluate", Evaluate))
    )
    assert {(a.response, a.finish_reason) for a in taught} == {(TAUGHT, "stop")}
    assert TAUGHT not in {a.response for a in base}


def test_the_evaluation_finds_the_gain(tuned: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from stages.evaluate import evaluate

    class Scorer:
        whole, scores = "empathy", SCORES
        checks = staticmethod(list)

        def score(self, explanations: Sequence[str], responses: Sequence[str]) -> dict[str, Any]:
            er = np.array([2.0 if TAUGHT in response else 0.5 for response in responses])
            return {"er": er, "ip": 0 * er, "ex": 0 * er, "empathy": er / 3}

    monkeypatch.setattr("synthempathy.scorers.kinds.load_scorer", lambda path, around: Scorer())
    evaluate(
        Path("test.jsonl"), Path("models/adapter"), Path("models/scorer"), Path("evaluation.jsonl"),
        Path("metrics/empathy.json"), Path("metrics/empathy_by_mechanism.csv"), Path("metrics/empathy_scores.csv"),
        Path("metrics/empathy_by_category.csv"), params=Path("params.yaml"),
    )
    figures = json.loads(Path("metrics/empathy.json").read_text(encoding="utf-8"))
    assert figures["gain_percent"] == pytest.approx(300, abs=0.01)
    assert (figures["gain_ci_low"], figures["gain_ci_high"]) == pytest.approx((300, 300), abs=0.01)
    assert figures["tuned"]["distinct_responses"] == 1
    assert figures["tuned"]["cut_share"] == 0
    assert figures["base"]["cut_share"] > 0.5  # a random model never ends
    assert figures["p_value"] < 0.15  # 2 of the 32 sign patterns of five pairs
