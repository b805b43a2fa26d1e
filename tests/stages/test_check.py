"""check: it agrees with the stages, names every mistake at once, and links the models that params name."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from stages.check import check
from synthempathy.core.errors import SynthempathyError
from synthempathy.project import inputs
from synthempathy.project.scaffold import new_domain
from tests.helpers.flaky_server import FlakyServer, always
from tests.helpers.gated_hub import gated_hub
from tests.helpers.params import set_params
from tests.helpers.tiny_model import save_tiny_model

ROOT = Path(__file__).parents[2]
PATHS = (
    "data/seeds/stressors.csv", "data/empathy/labelled_pairs.csv", "data/empathy/own_pairs.csv", "data/review/decisions.csv",
    "data/safety", "prompts", "data/datasheet.yaml", "data/checked.json", "models/named",
)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What people edit, copied; the folder is the current one."""
    for name in ("params.yaml", "dvc.yaml"):
        shutil.copy(ROOT / name, tmp_path / name)
    for name in ("profiles", "prompts", "domains", "data/seeds", "data/empathy", "data/review", "data/safety"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "data/datasheet.yaml", tmp_path / "data/datasheet.yaml")
    (tmp_path / "models/embedded").mkdir(parents=True)
    for name in ("config.json", "README.md"):
        shutil.copy(ROOT / "models/embedded" / name, tmp_path / "models/embedded" / name)
    (tmp_path / "data/safety/concepts.yaml").write_text("you: you your\n")  # the shipped ones take a second to read
    (tmp_path / "data/safety/patterns.yaml").write_text(
        "examples: [{reason: '', field: response, frames: f, words: w, times: 1}]\nframes: {f: ['{x}.']}\nwords: {w: [Well]}\n"
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


COMMIT = "0123456789abcdef0123456789abcdef01234567"


def edit(file: str, old: str, new: str) -> None:
    path = Path(file)
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def run() -> list[str]:
    """The errors that the stage raises."""
    try:
        check(*map(Path, PATHS), params=Path("params.yaml"))
    except ExceptionGroup as several:
        return [str(error) for error in several.exceptions]
    except SynthempathyError as error:
        return [str(error)]
    return []


def test_what_is_shipped_is_in_order(project: Path) -> None:
    shutil.copytree(ROOT / "data/safety", "data/safety", dirs_exist_ok=True)
    assert run() == []
    assert Path("data/checked.json").is_file()


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("params.yaml", "  attempts: 8", "  attemps: 8", "did you mean 'attempts'"),
        ("profiles/embedded.yaml", "seeds: {}", "seeds: {limt: 3}", "profiles/embedded.yaml:2"),
        ("profiles/embedded.yaml", "seeds: {}", "seeds: {path: x.csv}", "a profile may not set it"),
        ("params.yaml", "prompt: coe_cbt", "prompt: coe_cbd", "no such prompt"),
        ("params.yaml", "prompt: plain", "prompt: plane", "no such prompt"),
        ("prompts/brainstorm/default.jinja", "{{ sentence", "{{ sentense", "undefined variable"),
        ("prompts/respond/coe_rt.jinja", "{{ explanation }}", "{{ story }}", "undefined variable"),
        # finetune asks with plain, and knows no category
        ("prompts/respond/plain.jinja", "{{ explanation }}", "{{ explanation }} {{ category }}", "undefined variable"),
        ("prompts/judge/epitome.jinja", "{{ pair }}", "{{ story }}", "undefined variable"),
        ("prompts/judge/epitome.jinja", "{{ pair }}", "the pair", "does not see the pair"),
        ("prompts/guard/llama_guard.jinja", "{{ explanation }}", "{{ explained }}", "undefined variable"),
        ("params.yaml", "model: models/embedded", "model: models/embeded", "model path does not exist: models/embeded"),
        ("params.yaml", "also: []", "also: [{name: big, model: models/big, revision: null, adapter: null}]", "models/big"),
        ("params.yaml", "also: []", "also: [{name: a, model: models/embedded, revision: null, adapter: models/a}]", "models/a"),
        ("params.yaml", "    model: models/safety", "    model: models/safer", "filter.classifier.model"),
        ("params.yaml", "model: null  # a folder or", "model: models/guard  # a folder or", "models/guard"),
        ("params.yaml", "kind: linear", "kind: judge\n  judge_model: x", "judge_model"),
        ("params.yaml", "max_tokens: 240", "max_tokens: 1000", "brainstorm: a prompt of "),  # the model has 1024
        ("params.yaml", "max_words: 180", "max_words: 900", "explain: a prompt of "),
        ("data/seeds/stressors.csv", "sentence", "phrase", "header lacks sentence"),
        ("data/empathy/labelled_pairs.csv", "response", "answer", "header lacks response"),
        ("data/empathy/own_pairs.csv", "er", "err", "header lacks er"),
        ("data/datasheet.yaml", "Who paid for it?:", "Who paid for it?: 3", "an answer is a text, or left blank (got 3)"),
        ("params.yaml", "license: cc-by-4.0", "license: ''", "release.license"),
        ("params.yaml", "published: null", "published: soon", "release.published"),
        ("data/safety/examples.csv", "field", "feld", "header lacks field"),
        ("data/safety/held_out.csv", "field", "feld", "header lacks field"),
        ("data/safety/patterns.yaml", "examples:", "exmples:", "patterns.yaml"),
        ("data/safety/concepts.yaml", "you your", "3", "not a list of words"),
    ],
)
def test_a_mistake_is_one_error_and_nothing_is_written(project: Path, file: str, old: str, new: str, said: str) -> None:
    edit(file, old, new)
    errors = run()
    assert len(errors) == 1 and said in errors[0], errors
    assert not Path("data/checked.json").exists() and not Path("models/named").exists()


def test_a_judge_prompt_may_use_the_bare_texts_and_a_server_needs_no_folder(project: Path) -> None:
    edit("prompts/judge/epitome.jinja", "{{ pair }}", "{{ explanation }} {{ response }}")
    edit("params.yaml", "backend: transformers", "backend: openai")
    edit("params.yaml", "model: models/embedded", "model: models/of-the-server")
    with FlakyServer(always("ok")) as server:  # which names no models
        edit("params.yaml", "http://localhost:8000/v1", server.url)
        [error] = run()
        assert "adapter_name" in str(error)  # the tuned model is reached on the server by its adapter's name
        edit("params.yaml", "adapter_name: null", "adapter_name: tuned")
        assert run() == []


def test_a_judges_code_is_linked_for_the_scorer(project: Path) -> None:
    """Of which dvc.yaml cannot say that a judge's scorer runs on it: a change of it reruns the stage all the same."""
    Path("synthempathy").symlink_to(ROOT / "synthempathy")
    edit("params.yaml", "kind: linear", "kind: judge")
    edit("params.yaml", "model: meta-llama/Meta-Llama-3-8B-Instruct", "model: models/embedded")
    assert run() == []
    linked = Path("models/named/scorer")
    assert (linked / "models.txt").read_text() == "models/embedded\nsynthempathy/llm\n"
    assert (linked / "1/backends/openai.py").read_bytes() == (ROOT / "synthempathy/llm/backends/openai.py").read_bytes()
    assert not list(linked.rglob("__pycache__"))
    edit("params.yaml", "kind: judge", "kind: linear")
    assert run() == [] and (linked / "models.txt").read_text() == ""


def test_servers_that_no_stage_needs_may_be_away(project: Path) -> None:
    """A judge's where the scorer is none, a guard's without a guard, the section engine's where all have their own."""
    away = {"backend": "openai", "openai": {"base_url": "http://127.0.0.1:9/v1"}}
    own = {f"{step}.engine": "transformers" for step in ("brainstorm", "explain", "respond", "evaluate")}
    set_params(Path("params.yaml"), engine=away, **own, **{"scorer.judge.engine": away, "filter.guard.engine": away})
    assert run() == []
    named = {"scorer.kind": "judge"}, {"filter.guard.model": "org/guard"}, {"finetune.kind": "dpo"}, {"explain.engine": None}
    for needed in named:
        before = Path("params.yaml").read_text(encoding="utf-8")
        set_params(Path("params.yaml"), **needed)
        [error] = run()
        assert error.startswith("no server at http://127.0.0.1:9/v1: "), error
        Path("params.yaml").write_text(before, encoding="utf-8")


def test_several_mistakes_are_a_line_each(project: Path) -> None:
    edit("prompts/brainstorm/default.jinja", "{{ sentence", "{{ sentense")
    edit("data/seeds/stressors.csv", "sentence", "phrase")
    edit("data/safety/examples.csv", "field", "feld")
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "stages.check", *PATHS]
    result = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    lines = result.stderr.splitlines()
    assert len(lines) == 3 and all(line.startswith("error: ") for line in lines), result.stderr


def test_every_section_of_params_has_its_say(project: Path) -> None:
    edit("params.yaml", "stories_per_seed: 4", "stories_per_seed: 0")
    edit("params.yaml", "batch_size: 48", "batch_size: none")
    assert [error.split("'")[1] for error in run()] == ["brainstorm.stories_per_seed", "machine.batch_size"]


def test_models_are_linked_wherever_they_stand(
    project: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "model"
    shutil.copytree("models/embedded", elsewhere)
    monkeypatch.setattr(inputs, "checks_of", lambda *_: [])  # no hub here
    monkeypatch.setattr(inputs, "commit_of", lambda name, revision: COMMIT)
    edit("params.yaml", "models: []", f"models: [{{model: {elsewhere}}}, {{model: org/hub}}, {{model: models/embedded}}]")
    assert run() == run() == []  # a second run writes the same
    named = Path("models/named/brainstorm")
    assert (named / "models.txt").read_text() == f"{elsewhere}\nmodels/embedded\norg/hub@{COMMIT}\n"
    (elsewhere / "config.json").write_text("{}")
    assert (named / "0" / "config.json").read_text() == "{}"
    assert (named / "1" / "config.json").read_text() == Path("models/embedded/config.json").read_text()
    assert not list(named.rglob("README.md"))
    assert sorted(path.name for path in Path("models/named").iterdir()) == [
        "brainstorm", "dedup", "evaluate", "explain", "filter", "finetune", "respond", "scorer",
    ]
    assert [path.name for path in Path("models/named/dedup").iterdir()] == ["models.txt"]


def stage(module: str, *paths: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A stage as a program: the hub's library reads its variables when it is imported."""
    surroundings = os.environ | {"PYTHONPATH": str(ROOT), "HF_HOME": str(Path("hf").absolute()), "NO_PROXY": "127.0.0.1"}
    return subprocess.run(
        [sys.executable, "-m", module, *paths], env=surroundings | environment, capture_output=True, text=True, check=False,
    )


def test_offline_a_cached_snapshot_is_checked_asked_and_named_by_its_commit(project: Path) -> None:
    repo = Path("hf/hub/models--org--tiny")
    save_tiny_model(repo / "snapshots" / COMMIT)
    (repo / "refs").mkdir()
    (repo / "refs/main").write_text(COMMIT)
    set_params(Path("params.yaml"), **{
        "brainstorm.model": "org/tiny", "brainstorm.min_words": 1, "brainstorm.stories_per_seed": 4, "brainstorm.attempts": 3,
        "brainstorm.sampling.max_tokens": 25,
    })
    offline = {"HF_HUB_OFFLINE": "1", "HF_ENDPOINT": "http://127.0.0.1:9"}  # where nobody is
    checked = stage("stages.check", *PATHS, **offline)
    assert checked.returncode == 0, checked.stderr
    assert f"org/tiny is not pinned, and may be other weights tomorrow; set its revision: {COMMIT}" in checked.stderr
    assert Path("models/named/brainstorm/models.txt").read_text() == f"org/tiny@{COMMIT}\n"
    seed = {"id": "s0", "sentence": "I missed it.", "category": "Other", "severity": None, "source": "t"}
    Path("seeds.jsonl").write_text(f"{json.dumps(seed)}\n")
    wrote = stage("stages.brainstorm", "seeds.jsonl", "prompts/brainstorm/default.jinja", "out.jsonl", "dropped.jsonl", **offline)
    assert wrote.returncode == 0, wrote.stderr
    rows = [*Path("out.jsonl").read_text().splitlines(), *Path("dropped.jsonl").read_text().splitlines()]
    assert len(rows) == 4 and '"org/tiny"' in rows[0]


def contents() -> dict[Path, bytes]:
    return {path: path.read_bytes() for name in ("data", "models") for path in Path(name).rglob("*") if path.is_file()}


def test_a_gated_model_is_named_and_nothing_is_touched(project: Path) -> None:
    """For explain, of a run whose stories are there."""
    assert run() == []
    Path("data/stories.jsonl").write_text("{}\n")
    before = contents()
    set_params(Path("params.yaml"), **{"explain.model": "org/gated"})
    with gated_hub(COMMIT) as url:
        refused = stage("stages.check", *PATHS, HF_ENDPOINT=url, HF_HUB_OFFLINE="0")
    assert refused.returncode == 1
    [line] = [line for line in refused.stderr.splitlines() if line.startswith("error: ")]
    assert "org/gated: its licence is not accepted, or not by this account; accept it at https://huggingface.co/" in line
    assert contents() == before


def test_what_a_domain_still_lacks_is_said_and_not_refused(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = new_domain("garden_talk", Path("params.yaml"))
    first, second = folder / "seeds.csv", folder / "labelled_pairs.csv"
    first.write_text("id,sentence,category,severity\n1,The hedge is too high for him.,Frist,4\n", encoding="utf-8")
    pairs = [
        f"a,Post {number} about a hedge.,Cut it {level} times.,{level},{level},{words},{words}"
        for number in range(9) for level, words in ((0, ""), (1, "Cut it"), (2, "Cut it"))
    ]
    header = "author,explanation,response,clarity,help,clarity_rationale,help_rationale"
    second.write_text("\n".join([header, *pairs]), encoding="utf-8")
    edit("params.yaml", "domain: empathy", "domain: garden_talk")
    edit("params.yaml", "whole: empathy", "whole: quality")
    edit("params.yaml", "prompts: prompts", f"prompts: {folder}/prompts")
    edit("params.yaml", "prompt: coe_cbt", "prompt: default")
    edit("params.yaml", "prompt: epitome", "prompt: default")
    own = [first, second, folder / "more_pairs.csv", *PATHS[3:5], folder / "prompts", *PATHS[6:]]
    text = Path("params.yaml").read_text(encoding="utf-8")
    text = re.sub(r"(?m)^    shares:.*\n(      .*\n)*", "    shares: null\n", text)  # the other domain's dimensions
    Path("params.yaml").write_text(text, encoding="utf-8")
    check(*map(Path, own), params=Path("params.yaml"))
    said = capsys.readouterr().err
    assert "1 sentences are of no category of domains/garden_talk/domain.yaml (Frist 1); they will be dropped" in said
    assert "no usable sentence of First, Second" in said
    assert "still as `synthempathy domain new` made them: domains/garden_talk/domain.yaml, " in said
    assert "plain.jinja" in said and "seeds.csv, " not in said.split("made them")[1]
    assert Path("data/checked.json").is_file()
