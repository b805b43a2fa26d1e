"""The stage: what it writes, that it writes the same again, and what it says to bad input."""

from __future__ import annotations

import csv
import hashlib
import json
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from synthempathy.core.errors import InputError, ModelError, SynthempathyError
from synthempathy.core.records import Pair, read_records
from tests.helpers.params import set_params
from tests.helpers.tiny_mistral import ROOT, pair, write_pairs

INPUTS = ("train.jsonl", "validation.jsonl")
OUTPUTS = ("models/adapter", "metrics/finetune.json", "metrics/loss.csv")


def started(project: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "stages.finetune", *arguments], cwd=project, text=True, capture_output=True,
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"} | environment, check=False,
    )


@pytest.fixture
def run(project: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run the stage in this process, in the project's folder; gives its figures."""
    from stages.finetune import finetune

    def go() -> dict[str, Any]:
        monkeypatch.chdir(project)
        try:
            finetune(*map(Path, (*INPUTS, *OUTPUTS)), params=Path("params.yaml"))
        finally:
            torch.use_deterministic_algorithms(False)
        figures: dict[str, Any] = json.loads(Path("metrics/finetune.json").read_text(encoding="utf-8"))
        return figures

    return go


def hashes(folder: Path) -> dict[str, str]:
    files = [path for output in OUTPUTS for path in (folder / output, *(folder / output).rglob("*")) if path.is_file()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_a_second_run_writes_the_same_bytes_and_every_file_is_plain(run: Any, project: Path) -> None:
    run()
    first = hashes(project)
    for output in OUTPUTS:
        path = project / output
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    done = started(project, *INPUTS, *OUTPUTS, PYTHONHASHSEED="1")  # another order of sets than in this process
    assert done.returncode == 0, done.stderr
    assert "finetune: 20 pairs, validation loss" in done.stderr
    assert hashes(project) == first
    assert sorted(first) == [
        "metrics/finetune.json", "metrics/loss.csv", "models/adapter/README.md", "models/adapter/adapter_config.json",
        "models/adapter/adapter_model.safetensors",
    ]
    assert not list(project.rglob("*.part"))


def test_peft_loads_the_adapter_and_finds_the_loss_that_was_reported(run: Any, project: Path, tokenizer: Any) -> None:
    figures = run()
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    from synthempathy.finetuning.examples import tokenized
    from synthempathy.llm.prompts import load_prompt

    config = json.loads(Path("models/adapter/adapter_config.json").read_text(encoding="utf-8"))
    assert config["base_model_name_or_path"] == "models/tiny"
    assert (config["r"], config["lora_alpha"], config["lora_dropout"]) == (4, 8, 0.05)
    assert config["target_modules"] == sorted(
        ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    )
    base = AutoModelForCausalLM.from_pretrained("models/tiny", dtype=torch.float32).eval()
    examples = tokenized(
        read_records(Path("validation.jsonl"), Pair), load_prompt(Path("prompts/respond/plain.jinja")), tokenizer
    )
    assert mean_loss(base, examples) == pytest.approx(figures["validation_loss_before"], rel=1e-4)
    tuned = PeftModel.from_pretrained(base, "models/adapter").eval()
    assert mean_loss(tuned, examples) == pytest.approx(figures["validation_loss"], rel=1e-4)


def mean_loss(model: Any, examples: list[Any]) -> float:
    total = tokens = 0.0
    for one in examples:
        with torch.no_grad():
            chances = model(torch.tensor([one.ids])).logits[0].log_softmax(-1)
        total -= sum(float(chances[place - 1, one.ids[place]]) for place in range(one.prompt, len(one)))
        tokens += len(one) - one.prompt
    return total / tokens


def test_the_figures_tell_rows_losses_and_size(run: Any, project: Path) -> None:
    long = [pair(20 + i, response="So " * 90) for i in range(3)]
    write_pairs(project / "train.jsonl", [pair(i) for i in range(20)] + long)
    figures = run()
    assert figures["rows_in"] == 29
    assert figures["rows_out"] == 26
    assert figures["dropped"] == {"too_long": 3}
    assert (figures["train_pairs"], figures["validation_pairs"]) == (20, 6)
    assert figures["validation_loss"] < figures["validation_loss_before"] - 0.5
    # rank x (in + out) of each layer: attention q, k, v, o and the three of the MLP, in two layers
    assert figures["trainable_parameters"] == 2 * 4 * ((32 + 32) + 2 * (32 + 16) + (32 + 32) + 3 * (32 + 64))
    with Path("metrics/loss.csv").open(encoding="utf-8") as stream:
        table = list(csv.DictReader(stream))
    losses = {split: [row for row in table if row["split"] == split] for split in ("train", "validation")}
    for rows in losses.values():
        assert [int(row["epoch"]) for row in rows] == list(range(figures["epochs_run"] + 1))
        assert [int(row["step"]) for row in rows] == [5 * epoch for epoch in range(len(rows))]
    steps = [row for row in table if row["split"] == "batch"]
    assert len(table) == sum(map(len, losses.values())) + len(steps)
    assert [int(row["step"]) for row in steps] == list(range(1, figures["steps_run"] + 1))
    assert max(float(row["learning_rate"]) for row in steps) == 0.01
    assert all(float(row["gradient_norm"]) > 0 for row in steps)
    assert float(losses["validation"][0]["loss"]) == figures["validation_loss_before"]
    assert float(losses["validation"][figures["best_epoch"]]["loss"]) == figures["validation_loss"]
    assert float(losses["train"][figures["best_epoch"]]["loss"]) == figures["train_loss"]
    assert all(math.isfinite(float(row["loss"])) for row in table)


@pytest.mark.parametrize(
    ("changed", "kind", "message"),
    [
        ({"finetune.max_length": 16}, InputError,
         "train.jsonl: all 20 pairs are over finetune.max_length 16 tokens; the shortest has"),
        ({"finetune.max_length": 4000}, ModelError,
         "finetune.max_length 4000 is above the 512 tokens that models/tiny reads; lower it"),
        ({"finetune.model": "models/none"}, ModelError, "model path does not exist: models/none"),
        ({"finetune.prompt": "none"}, InputError, "no such prompt"),
        ({"finetune.prompt": "wrong"}, InputError, "wrong.jinja:2: undefined variable (got 'story')"),
        ({"finetune.lora.target_modules": ["q_proj", "query", "mlp"]}, ModelError,
         "models/tiny has no layer named query, mlp (finetune.lora.target_modules); it has: down_proj"),
        ({"finetune.epochs": 0}, InputError, "field 'finetune.epochs'"),
    ],
)  # fmt: skip
def test_bad_params_are_named_and_earlier_outputs_stay(
    run: Any, project: Path, changed: dict[str, object], kind: type[SynthempathyError], message: str
) -> None:
    (project / "prompts/respond/wrong.jinja").write_text(
        "{% block system %}{% endblock %}\n{% block user %}{{ story }}{% endblock %}\n", encoding="utf-8"
    )
    set_params(project / "params.yaml", **changed)
    refused(run, project, kind, message)


@pytest.mark.parametrize("name", INPUTS)
@pytest.mark.parametrize(
    ("rows", "message"),
    [([], "no rows"), ([{**pair(1), "response": 3}], "field 'response'"), ([pair(1), pair(1)], "duplicate id")],
)
def test_bad_rows_are_named_and_earlier_outputs_stay(
    run: Any, project: Path, name: str, rows: list[dict[str, object]], message: str
) -> None:
    write_pairs(project / name, rows)
    refused(run, project, InputError, f"{name}:")
    refused(run, project, InputError, message)


def refused(run: Any, project: Path, kind: type[SynthempathyError], message: str) -> None:
    earlier = project / "models/adapter/adapter_config.json"
    earlier.parent.mkdir(parents=True, exist_ok=True)
    earlier.write_text("earlier", encoding="utf-8")
    with pytest.raises(kind) as caught:
        run()
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert earlier.read_text(encoding="utf-8") == "earlier"
    assert not (project / "metrics").exists()


def test_on_the_command_line_an_error_is_one_line(project: Path) -> None:
    set_params(project / "params.yaml", **{"finetune.max_length": 16})
    done = started(project, *INPUTS, *OUTPUTS)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("error: train.jsonl: all 20 pairs are over finetune.max_length 16")
    assert done.stderr.count("\n") == 1


def test_help_shows_the_command_and_wrong_usage_is_refused(project: Path) -> None:
    helped = started(project, "--help")
    assert helped.returncode == 0
    assert "python -m stages.finetune data/train.jsonl data/validation.jsonl" in helped.stdout
    assert started(project, "train.jsonl").returncode == 2
