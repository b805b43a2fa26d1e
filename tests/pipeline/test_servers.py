"""The pipeline on servers alone: a model and its adapter on one, a judge on another, no weights asked here but in finetune.

And what a changed engine leaves up to date.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from synthempathy.llm.loading import Model
from synthempathy.project.params import load_params
from tests.helpers.model_server import Batched, ModelServer
from tests.helpers.pairs import ROOT
from tests.helpers.params import set_params
from tests.helpers.small_project import SMALLER, clone, ran, run

PARAMS = load_params(ROOT / "params.yaml")
MODEL, TUNED, JUDGE = "models/embedded", "tuned", "judge-1"


def judged(body: dict[str, Any]) -> str:
    """What a judge says: warmth by its words, understanding by theirs, a level of exploration for a question."""
    said = body["messages"][-1]["content"].lower()
    reply = said.rpartition('"reply"')[2] or said
    levels = {
        "er": sum(word in reply for word in ("sorry", "glad", "hope")), "ip": sum(word in reply for word in ("sound", "feel")),
        "ex": 2 * ("?" in reply),
    }
    return json.dumps({"reason": "by its words", **{name: min(2, level) for name, level in levels.items()}})


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, ModelServer, ModelServer]]:
    """A project that was reproduced once, and its two servers."""
    folder = tmp_path_factory.mktemp("servers") / "clone"
    here = PARAMS.machine.model_copy(update={"device": "cpu", "replicas": 1})
    models = {
        MODEL: Batched(Model(str(ROOT / MODEL)), PARAMS.engine, here),
        TUNED: Batched(Model(str(ROOT / MODEL), adapter=folder / "models/adapter"), PARAMS.engine, here),
    }
    with pytest.MonkeyPatch.context() as patch, ModelServer(models) as server, ModelServer({JUDGE: judged}) as other:
        patch.setenv("NO_PROXY", "127.0.0.1")
        patch.delenv("OPENAI_API_KEY", raising=False)
        clone(folder, **SMALLER, **{
            "engine.backend": "openai", "engine.openai.base_url": server.url, "evaluate.adapter_name": TUNED,
            "scorer.kind": "judge", "scorer.judge.model": JUDGE, "scorer.judge.samples": 1,
            "scorer.judge.engine": {"backend": "openai", "openai": {"base_url": other.url}},
        })
        ran(run(folder, "dvc", "repro"))
        yield folder, server, other


def stale(project: Path) -> set[str]:
    """The stages of dvc.yaml that DVC would run, by what they themselves depend on."""
    done = run(project, "dvc", "status", "--json")
    assert done.returncode == 0, done.stderr
    return {name for name in json.loads(done.stdout) if ":" not in name}  # others are of the other dvc.yaml files


def test_it_ends_with_the_empathy_of_base_and_tuned(servers: tuple[Path, ModelServer, ModelServer]) -> None:
    project, server, other = servers
    found = json.loads((project / "metrics/empathy.json").read_text())
    assert found["base"]["pairs"] == found["tuned"]["pairs"] == found["corpus"]["pairs"] > 0
    assert all(0 <= found[system]["mean"] <= 2 for system in ("base", "tuned", "corpus"))
    assert "perplexity_note" in found["base"]  # a server's model has none
    assert server.asked[TUNED] == found["tuned"]["pairs"] and server.asked[MODEL] > 20 and other.asked[JUDGE] > 50
    rows = [json.loads(line) for line in (project / "data/evaluation.jsonl").read_text().splitlines()]
    assert {row["system"] for row in rows} == {"base", "tuned", "corpus"}
    assert stale(project) == set()


def test_what_changes_speed_alone_makes_nothing_stale(servers: tuple[Path, ModelServer, ModelServer]) -> None:
    project, _, _ = servers
    before = (project / "params.yaml").read_text(encoding="utf-8")
    set_params(project / "params.yaml", **{
        "machine.batch_size": 3, "machine.device": "cpu", "machine.threads": 1, "machine.replicas": 2, "machine.executor": "ray",
        "machine.vllm.gpu_memory_utilization": 0.5, "machine.vllm.tensor_parallel_size": 2, "machine.openai.concurrency": 2,
        "machine.openai.max_retries": 1, "machine.ray.workers": 1, "machine.store": "elsewhere.sqlite", "machine.launch": 2,
        "machine.training.save_steps": 7,
    })
    assert stale(project) == set()
    (project / "params.yaml").write_text(before, encoding="utf-8")


def test_another_engine_of_evaluate_leaves_all_that_is_upstream(servers: tuple[Path, ModelServer, ModelServer]) -> None:
    project, server, other = servers
    before, asked, judged_before = (project / "params.yaml").read_text(encoding="utf-8"), dict(server.asked), dict(other.asked)
    own = {"backend": "openai", "openai": {"leave_out": ["top_p"]}}
    set_params(project / "params.yaml", **{"evaluate.engine": own})
    assert stale(project) == {"check", "evaluate", "release"}  # release reads all params
    (project / "params.yaml").write_text(before, encoding="utf-8")
    assert (server.asked, other.asked) == (asked, judged_before)


def test_another_engine_of_the_judge_leaves_the_corpus(servers: tuple[Path, ModelServer, ModelServer]) -> None:
    project, _, _ = servers
    before = (project / "params.yaml").read_text(encoding="utf-8")
    set_params(project / "params.yaml", **{"scorer.judge.engine": {"backend": "openai", "openai": {"base_url": "http://a/v1"}}})
    assert stale(project) == {"check", "scorer", "release"}
    (project / "params.yaml").write_text(before, encoding="utf-8")
