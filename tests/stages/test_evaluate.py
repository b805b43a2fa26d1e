"""The stage, with an engine and a scorer that can be seen through; errors with the real command line."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from synthempathy.core.errors import ModelError, SynthempathyError
from synthempathy.evaluation.bootstrap import ONE_SEED
from synthempathy.llm.loading import Model
from synthempathy.llm.perplexity import Perplexity
from tests.helpers.empathy import SCORES

ROOT = Path(__file__).parents[2]
INPUTS = ("test.jsonl", "adapter", "scorer")
OUTPUTS = ("evaluation.jsonl", "empathy.json", "by_mechanism.csv", "scores.csv", "by_category.csv")
BASE = "models/embedded"


class Engine:
    """Answers " <system> <id>", the last request first; every third is cut. One may be open at a time."""

    asked: dict[str, list[Any]]
    opened: list[tuple[str, str | None, Path | None]]
    open = 0
    version = "fake 1.0"

    def __init__(self, system: str, fails_at: str | None, dies_after: int | None) -> None:
        self.system, self.fails_at, self.dies_after = system, fails_at, dies_after
        assert Engine.open == 0, "two models in memory"
        Engine.open += 1

    def complete(self, requests: Sequence[Any], sampling: Any) -> Iterator[Any]:
        from synthempathy.llm.backends import Completion, Failure

        Engine.asked[self.system] = list(requests)
        for done, request in enumerate(reversed(requests)):
            if done == self.dies_after:
                raise KeyboardInterrupt
            if request.id == self.fails_at:
                yield Failure(request.id, "timeout", "no answer in 120 s")
            else:
                reason: Any = "length" if int(request.id[1:]) % 3 == 0 else "stop"
                yield Completion(request.id, f" {self.system} {request.id} \n", reason, 5, 3)

    def close(self) -> None:
        Engine.open -= 1


class Scorer:
    """er by the system, ip 1 for all, ex 2 for the corpus alone."""

    er: dict[str, float]
    whole, scores = "empathy", SCORES

    checks = staticmethod(list)

    def score(self, explanations: Sequence[str], responses: Sequence[str]) -> dict[str, Any]:
        assert len(explanations) == len(responses)
        scores = {
            "er": np.array([self.er[r.split()[0]] + int(r.split()[1][1:]) / 100 for r in responses]),
            "ip": np.full(len(responses), 1.0),
            "ex": np.array([2.0 * r.startswith("corpus") for r in responses]),
        }
        return {**scores, "empathy": sum(scores.values()) / 3}


def row(number: int, **fields: object) -> dict[str, object]:
    return {
        "id": f"p{number}", "seed_id": f"s{number % 3}", "category": ("Work", "School")[number % 2], "severity": 4.5,
        "seed": "s", "story": "t", "model": "m", "explanation": f"I worry about {number} things.",
        "response": f"corpus p{number} says", "reasoning": "", "response_model": "writer",
    } | fields


def write(path: Path, rows: list[dict[str, object]]) -> None:
    path.write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    from ruamel.yaml import YAML

    yaml = YAML()
    params = yaml.load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    params["finetune"] |= {"model": BASE, "prompt": "plain"}
    params["evaluate"] |= {"pairs": 6, "bootstrap_samples": 400, "seed": 1}
    params["evaluate"]["sampling"]["seed"] = 41
    with (tmp_path / "params.yaml").open("w", encoding="utf-8") as stream:
        yaml.dump(params, stream)
    (tmp_path / "profiles").mkdir()
    (tmp_path / "domains").symlink_to(ROOT / "domains")
    (tmp_path / "profiles" / f"{params['profile']}.yaml").write_text("{}\n", encoding="utf-8")
    shutil.copytree(ROOT / "prompts", tmp_path / "prompts")
    for model in (BASE, "models/other"):
        (tmp_path / model).mkdir(parents=True)
        (tmp_path / model / "config.json").write_text(json.dumps({"name": model}), encoding="utf-8")
    (tmp_path / "adapter").mkdir()
    adapter_config(tmp_path, json.dumps({"base_model_name_or_path": BASE, "peft_type": "LORA"}))
    (tmp_path / "adapter/adapter_model.safetensors").touch()
    (tmp_path / "scorer").mkdir()
    write(tmp_path / "test.jsonl", [row(i) for i in range(10)])
    return tmp_path


@pytest.fixture
def run(project: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    from stages.evaluate import evaluate

    Engine.asked, Engine.opened, Engine.open = {}, [], 0
    Scorer.er = {"base": 0.2, "tuned": 0.8, "corpus": 1.2, "other": 0.5}

    def go(fails_at: str | None = None, dies_after: int | None = None) -> dict[str, Any]:
        def open_backend(model: Model, engine: Any, machine: Any) -> Engine:
            Engine.opened.append((model.name, model.revision, model.adapter))
            system = "other" if model.name == "models/other" else "base" if model.adapter is None else "tuned"
            return Engine(system, fails_at, dies_after)

        monkeypatch.setattr("synthempathy.scorers.kinds.load_scorer", lambda path, around: Scorer())
        found = [Perplexity(812.34567), Perplexity(None, "it is quantized")]
        monkeypatch.setattr("synthempathy.llm.perplexity.perplexities", lambda *_: found)
        monkeypatch.setattr("synthempathy.llm.runner.open_backend", open_backend)
        monkeypatch.chdir(project)
        evaluate(*map(Path, (*INPUTS, *OUTPUTS)), params=Path("params.yaml"))
        figures: dict[str, Any] = json.loads(Path("empathy.json").read_text(encoding="utf-8"))
        return figures

    return go


def change_params(project: Path, change: Any) -> None:
    from ruamel.yaml import YAML

    yaml = YAML()
    params = yaml.load((project / "params.yaml").read_text(encoding="utf-8"))
    change(params)
    with (project / "params.yaml").open("w", encoding="utf-8") as stream:
        yaml.dump(params, stream)


def evaluated(project: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (project / "evaluation.jsonl").read_text(encoding="utf-8").splitlines()]


def test_base_and_tuned_are_asked_the_same_with_the_same_seeds(run: Any, project: Path) -> None:
    run()
    assert Engine.asked["base"] == Engine.asked["tuned"]
    assert Engine.opened == [(BASE, None, None), (BASE, None, Path("adapter"))]
    assert Engine.open == 0
    requests = Engine.asked["base"]
    assert [r.id for r in requests] == ["p0", "p1", "p2", "p3", "p4", "p5"]
    assert requests[3].messages[-1]["content"].endswith("I worry about 3 things.")
    seeds = {r.seed for r in requests}
    assert len(seeds) == 6
    change_params(project, lambda params: params["evaluate"]["sampling"].update(seed=42))
    run()
    assert not seeds & {r.seed for r in Engine.asked["base"]}


def test_a_run_that_is_stopped_resumes_and_ends_with_the_same_bytes(run: Any, project: Path) -> None:
    run()
    whole = [(project / name).read_bytes() for name in OUTPUTS]
    shutil.rmtree(project / ".synthempathy")
    with pytest.raises(KeyboardInterrupt):
        run(dies_after=4)
    assert Engine.open == 0
    Engine.asked, Engine.opened = {}, []
    run()
    assert [r.id for r in Engine.asked["base"]] == ["p0", "p1"]
    assert len(Engine.asked["tuned"]) == 6
    assert [(project / name).read_bytes() for name in OUTPUTS] == whole
    Engine.opened = []
    run()
    assert Engine.opened == []  # all is in the store


def test_an_adapter_that_was_retrained_under_the_same_path_is_asked_again(run: Any, project: Path) -> None:
    (project / "adapter" / "adapter_model.safetensors").write_bytes(b"one")
    run()
    (project / "adapter" / "adapter_model.safetensors").write_bytes(b"two")
    Engine.opened = []
    run()
    assert Engine.opened == [(BASE, None, Path("adapter"))]


def test_further_models_are_asked_the_same_one_at_a_time(run: Any, project: Path) -> None:
    other = {"name": "big", "model": "models/other", "revision": "abc", "adapter": None}
    change_params(project, lambda params: params["evaluate"].update(also=[other]))
    figures = run()
    assert Engine.asked["other"] == Engine.asked["base"]
    assert Engine.opened[2] == ("models/other", "abc", None)
    big = figures["also"]["big"]
    assert set(figures["tuned"]) - {"perplexity", "perplexity_note"} <= set(big)
    assert (big["pairs"], big["er"]) == (6, pytest.approx(0.525))
    assert big["difference"] == pytest.approx(0.1)
    assert [r["system"] for r in evaluated(project)[:4]] == ["base", "tuned", "big", "corpus"]
    assert evaluated(project)[2]["model"] == "models/other"


@pytest.mark.parametrize(("other", "message"), [
    ({"model": "models/gone", "adapter": None}, "model path does not exist: models/gone"),
    ({"model": "models/other", "adapter": "adapter"}, "trained on another model"),
    ({"model": "models/other", "adapter": "nowhere"}, "nowhere: no adapter_config.json in this folder"),
    ({"model": "models/other", "adapter": None, "name": "tuned"}, "field 'evaluate.also': the name tuned is taken"),
    ({"model": "models/other", "adapter": None, "adaptor": "x"}, "unknown key; did you mean 'adapter'?"),
])
def test_a_further_model_that_cannot_work_is_named_before_any_runs(
    run: Any, project: Path, other: dict[str, Any], message: str
) -> None:
    other = {"name": "big", "revision": None} | other
    change_params(project, lambda params: params["evaluate"].update(also=[other]))
    refused(run, project, SynthempathyError, message)
    assert not Engine.asked


def test_every_pair_has_a_row_per_system_with_its_own_response_and_scores(run: Any, project: Path) -> None:
    run()
    rows = evaluated(project)
    assert [(r["pair_id"], r["system"]) for r in rows] == [
        (f"p{i}", system) for i in range(6) for system in ("base", "tuned", "corpus")
    ]
    assert len({r["id"] for r in rows}) == 18
    assert list(rows[4]) == [
        "id", "pair_id", "seed_id", "category", "severity", "explanation", "system", "model", "response", "finish_reason",
        "er", "ip", "ex", "empathy",
    ]
    assert rows[4] == {
        "id": "p1-tuned", "pair_id": "p1", "seed_id": "s1", "category": "School", "severity": 4.5,
        "explanation": "I worry about 1 things.", "system": "tuned", "model": f"{BASE} + adapter", "response": "tuned p1",
        "finish_reason": "stop", "er": 0.81, "ip": 1.0, "ex": 0.0, "empathy": 0.6033,
    }
    assert (rows[9]["model"], rows[9]["finish_reason"]) == (BASE, "length")
    assert (rows[5]["model"], rows[5]["response"], rows[5]["finish_reason"]) == ("writer", "corpus p1 says", None)


def test_rows_that_lack_severity_or_a_writer_pass(run: Any, project: Path) -> None:
    bare = [{k: v for k, v in row(i).items() if k not in ("severity", "response_model")} for i in range(3)]
    write(project / "test.jsonl", bare)
    assert run()["rows_out"] == 3
    assert "severity" not in evaluated(project)[0]
    assert evaluated(project)[2]["model"] == "corpus"


def test_the_figures(run: Any, project: Path) -> None:
    figures = run()
    assert (figures["rows_in"], figures["rows_out"], figures["dropped"]) == (10, 6, {"not_drawn": 4})
    base, tuned = (0.225 + 1) / 3, (0.825 + 1) / 3
    assert figures["base"] == {
        "er": 0.225, "ip": 1.0, "ex": 0.0, "mean": pytest.approx(base, abs=1e-6),
        "std": pytest.approx(np.std(np.arange(6)) / 300, abs=1e-6), "pairs": 6, "words_mean": 2.0,
        "cut_share": pytest.approx(1 / 3, abs=1e-6), "distinct_responses": 6,
        # "base s0-0" and so on: 7 words and 6 pairs of words of 12 and 6, each the other's but for the number
        "distinct_1": pytest.approx(7 / 12, abs=1e-6), "distinct_2": 1.0, "self_bleu": 0.5,
        "top_response_share": pytest.approx(1 / 6, abs=1e-6), "commonest_sentence_share": pytest.approx(1 / 6, abs=1e-6),
        "by_category": {
            "Work": {"er": 0.22, "ip": 1.0, "ex": 0.0, "mean": pytest.approx(1.22 / 3, abs=1e-6), "pairs": 3},
            "School": {"er": 0.23, "ip": 1.0, "ex": 0.0, "mean": 0.41, "pairs": 3},
        },
        "by_severity": {"4_to_6": {"er": 0.225, "ip": 1.0, "ex": 0.0, "mean": pytest.approx(base, abs=1e-6), "pairs": 6}},
        "perplexity": 812.346,
    }
    assert figures["tuned"]["perplexity"] is None
    assert figures["tuned"].pop("perplexity_note") == "it is quantized"
    assert [*figures["corpus"], "perplexity"] == list(figures["tuned"]) == list(figures["base"])
    assert (figures["corpus"]["ex"], figures["corpus"]["words_mean"], figures["corpus"]["cut_share"]) == (2.0, 3.0, 0.0)
    assert figures["gain_percent"] == pytest.approx(100 * (tuned / base - 1), abs=1e-4)
    assert figures["gain_ci_low"] < figures["gain_percent"] < figures["gain_ci_high"]
    assert figures["difference"] == pytest.approx(tuned - base, abs=1e-6)
    assert figures["p_value"] == pytest.approx(2 / 8, abs=0.05)  # of the sign patterns of 3 seeds
    same = figures["gain_equal_length"]
    assert (same["difference"], same["gain_percent"]) == (figures["difference"], figures["gain_percent"])  # 2 words each
    assert (same["per_doubling"], "note" in same) == (None, False)
    assert figures["gain_by_mechanism"]["er"]["gain_percent"] == pytest.approx(100 * 0.6 / 0.225, abs=1e-3)
    assert figures["gain_by_mechanism"]["ip"] == {
        "gain_percent": 0.0, "gain_ci_low": 0.0, "gain_ci_high": 0.0, "difference": 0.0,
    }
    ex = figures["gain_by_mechanism"]["ex"]
    assert (ex["gain_percent"], ex["difference"]) == (None, 0.0)
    assert ex["note"].startswith("the base mean is 0")
    assert "note" not in figures


def test_a_base_that_scores_nothing_gives_null_and_a_note(
    run: Any, project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def only_er(self: Scorer, explanations: Sequence[str], responses: Sequence[str]) -> dict[str, Any]:
        er = np.array([{"base": 0.0, "tuned": 0.6, "corpus": 1.2}[r.split()[0]] for r in responses])
        return {"er": er, "ip": 0 * er, "ex": 0 * er, "empathy": er / 3}

    monkeypatch.setattr(Scorer, "score", only_er)
    figures = run()
    assert [figures[k] for k in ("gain_percent", "gain_ci_low", "gain_ci_high")] == [None] * 3
    assert figures["difference"] == pytest.approx(0.2)
    assert figures["note"] in capsys.readouterr().err
    text = (project / "empathy.json").read_text(encoding="utf-8")
    assert "NaN" not in text
    assert "Infinity" not in text


def test_the_tables_for_plots(run: Any, project: Path) -> None:
    figures = run()
    with (project / "by_mechanism.csv").open(encoding="utf-8") as stream:
        bars = list(csv.DictReader(stream))
    assert [(b["system"], b["mechanism"]) for b in bars] == [
        (system, m) for system in ("base", "tuned", "corpus") for m in ("er", "ip", "ex", "empathy")
    ]
    for bar in bars:
        mean = figures[bar["system"]][{"empathy": "mean"}.get(bar["mechanism"], bar["mechanism"])]
        assert float(bar["mean"]) == pytest.approx(mean)
        assert float(bar["ci_low"]) <= mean <= float(bar["ci_high"])
    with (project / "scores.csv").open(encoding="utf-8") as stream:
        scores = list(csv.DictReader(stream))
    assert len(scores) == 18
    tuned = [float(s["empathy"]) for s in scores if s["system"] == "tuned"]
    assert np.mean(tuned) == pytest.approx(figures["tuned"]["mean"], abs=1e-6)
    assert [s["pair_id"] for s in scores[:4]] == ["p0", "p0", "p0", "p1"]
    assert len({s["explanation"] for s in scores}) == 6
    assert len({s["response"] for s in scores}) == 18
    with (project / "by_category.csv").open(encoding="utf-8") as stream:
        gains = list(csv.DictReader(stream))
    assert [(g["category"], g["pairs"]) for g in gains] == [("Work", "3"), ("School", "3")]
    assert all(float(g["difference"]) == pytest.approx(0.2) for g in gains)


def test_what_cannot_be_said_of_a_single_seed_is_left_out(
    run: Any, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(project / "test.jsonl", [row(i, seed_id="s") for i in range(6)])
    figures = run()
    assert (figures["gain_ci_low"], figures["gain_ci_high"], figures["note"]) == (None, None, ONE_SEED)
    assert (figures["gain_percent"] is not None, figures["p_value"]) == (True, 1.0)
    assert figures["gain_equal_length"]["note"] == ONE_SEED
    assert ONE_SEED in capsys.readouterr().err
    with (project / "by_mechanism.csv").open(encoding="utf-8") as stream:
        assert {bar["ci_low"] for bar in csv.DictReader(stream)} == {""}


def test_a_second_run_writes_the_same_bytes(run: Any, project: Path) -> None:
    seen = []
    for _ in range(2):
        run()
        seen.append([(project / name).read_bytes() for name in OUTPUTS])
    assert seen[0] == seen[1]


def test_null_pairs_takes_all(run: Any, project: Path) -> None:
    path = project / "params.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("pairs: 6 ", "pairs: null "), encoding="utf-8")
    assert run()["base"]["pairs"] == 10


def adapter_config(project: Path, text: str) -> None:
    (project / "adapter/adapter_config.json").write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda p: write(p / "test.jsonl", []), "test.jsonl: no rows"),
        (lambda p: write(p / "test.jsonl", [row(1, explanation="")]), "test.jsonl:1: field 'explanation'"),
        (lambda p: shutil.rmtree(p / "adapter"), "adapter: no adapter_config.json in this folder"),
        (lambda p: adapter_config(p, "{"), "adapter_config.json: not the config of a LoRA adapter"),
        (lambda p: adapter_config(p, "[]"), "adapter_config.json: not the config of a LoRA adapter"),
        (
            lambda p: adapter_config(p, '{"base_model_name_or_path": "models/other", "peft_type": "LORA"}'),
            "trained on another model",
        ),
        (lambda p: (p / "prompts/respond/plain.jinja").unlink(), "no such prompt"),
    ],
)  # fmt: skip
def test_bad_input_is_named_before_a_model_runs_and_earlier_outputs_stay(
    run: Any, project: Path, spoil: Any, message: str
) -> None:
    spoil(project)
    refused(run, project, SynthempathyError, message)
    assert not Engine.asked


def test_a_server_that_cannot_load_the_adapter_is_refused_before_it_is_asked(run: Any, project: Path) -> None:
    change_params(project, lambda params: params["engine"].update(backend="openai"))
    refused(run, project, ModelError, "or evaluate with transformers or vllm")
    assert not Engine.asked


def test_an_engine_that_leaves_a_prompt_unanswered_is_an_error(run: Any, project: Path) -> None:
    refused(
        lambda: run(fails_at="p2"), project, ModelError,
        f"{BASE} left 1 of 6 prompts unanswered, first p2: timeout, no answer in 120 s",
    )


def refused(run: Any, project: Path, kind: type[SynthempathyError], message: str) -> None:
    for name in OUTPUTS:
        (project / name).write_text("earlier", encoding="utf-8")
    with pytest.raises(kind) as caught:
        run()
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert {(project / name).read_text(encoding="utf-8") for name in OUTPUTS} == {"earlier"}


def started(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "stages.evaluate", *arguments], cwd=project, text=True, capture_output=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False,
    )


def test_on_the_command_line_an_error_is_one_line(project: Path) -> None:
    shutil.rmtree(project / "adapter")
    done = started(project, *INPUTS, *OUTPUTS)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "error: adapter: no adapter_config.json in this folder; run the finetune stage\n"


def test_help_shows_the_command_and_wrong_usage_is_refused(project: Path) -> None:
    helped = started(project, "--help")
    assert helped.returncode == 0
    assert "python -m stages.evaluate data/test.jsonl models/adapter models/scorer" in helped.stdout
    assert started(project, "test.jsonl").returncode == 2
