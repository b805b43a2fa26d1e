"""Kill -9 and SIGTERM anywhere in a batch's life: the same command finds it again, and no row is lost or paid twice."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.helpers.batch_server import BatchServer
from tests.helpers.params import set_params

ROOT = Path(__file__).parents[3]
ROWS = 12
OUTPUTS = ("responses.jsonl", "dropped.jsonl", "metrics.json")
#: An answer that `respond` takes.
REPLY = (
    "I am so sorry that you missed the bus this morning, and that nobody waited for you. It makes sense that you feel "
    "small and angry after such a start into the day. You tried to be there in time, and that counts for something. "
    "What would help you most right now: to rest for a while, or to talk about what happened with somebody you trust?"
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with params, prompts and explanations, whose model is behind a batch API."""
    for name in ("prompts", "profiles", "domains"):
        shutil.copytree(ROOT / name, tmp_path / name)
    set_params(Path(shutil.copyfile(ROOT / "params.yaml", tmp_path / "params.yaml")), **{
        "engine.backend": "openai_batch", "respond.model": "org/model", "respond.attempts": 2, "respond.min_words": 20,
        "machine.openai_batch.poll_seconds": 0.05, "machine.openai.backoff_seconds": 0.01,
        "machine.openai_batch.max_requests": 7,
    })
    rows = [{
        "id": f"s{i}.0", "seed_id": f"s{i}", "category": "Other", "seed": "I missed the bus.", "model": "m",
        "story": f"Bus {i} left without me.", "explanation": f"I missed bus number {i}, and I felt small.",
    } for i in range(ROWS)]
    (tmp_path / "explanations.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


class Batches(BatchServer):
    """Answers every row with REPLY."""

    def _told(self, line, what):  # type: ignore[no-untyped-def]
        told = super()._told(line, what)
        return [one.replace(json.dumps(_whole(line))[1:-1], REPLY) for one in told]


def _whole(line):  # type: ignore[no-untyped-def]
    return f"{line['body']['messages'][-1]['content']}, drawn with {line['body'].get('seed')}"


def start(project: Path, url: str) -> subprocess.Popen[str]:
    set_params(project / "params.yaml", **{"engine.openai.base_url": url})
    command = [
        sys.executable, "-m", "stages.respond", "explanations.jsonl", "prompts/respond/plain.jinja", *OUTPUTS,
    ]
    here = os.environ | {"PYTHONPATH": str(ROOT), "NO_PROXY": "127.0.0.1"}
    return subprocess.Popen(command, cwd=project, env=here, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def finish(project: Path, url: str) -> str:
    process = start(project, url)
    _, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return err


def rows_of(project: Path) -> list[str]:
    return [json.loads(line)["id"] for line in (project / "responses.jsonl").read_text().splitlines()]


@pytest.mark.parametrize(("where", "gate"), [
    ("POST /files", "stall_upload"), ("POST /files", "done_stall"), ("POST /batches", "stall"),
    ("POST /batches", "done_stall"), ("GET /batches/ID", "stall"), ("GET /files/ID/content", "half"),
])
def test_a_kill_costs_no_row_and_no_second_answer(project: Path, where: str, gate: str) -> None:
    """In the middle of the upload, after it, before and after the batch is made, as it is looked at, and as it is fetched."""
    number = 3 if where == "GET /batches/ID" else 2  # the second file's, or batch's
    with Batches(gate=lambda request, count: gate if (request, count) == (where, number) else "pass") as server:
        process = start(project, server.url)
        assert server.reached.wait(120), process.communicate(timeout=1) if process.poll() is not None else "it hangs"
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
        assert not (project / "responses.jsonl").exists()
        err = finish(project, server.url)
        assert len(server.batches) == 2
    assert rows_of(project) == [f"s{i}.0" for i in range(ROWS)]
    assert set(server.paid.values()) == {1} and len(server.paid) == ROWS
    assert "found again" in err or gate == "half"
    left = [json.loads(path.read_text())["rows"] for path in project.glob(".synthempathy/store.sqlite.batches/*.json")]
    assert sum(map(len, left)) <= 7 if gate == "half" else not left  # of the one file that the killed run was fetching
    metrics = json.loads((project / "metrics.json").read_text())
    assert (metrics["rows_in"], metrics["rows_out"], metrics["prompt_tokens"]) == (ROWS, ROWS, 11 * ROWS)


def test_who_stops_it_is_told_that_the_batch_goes_on(project: Path) -> None:
    with Batches() as server:
        server.held.set()
        process = start(project, server.url)
        while server.requests["GET /batches/ID"] < 6:
            assert process.poll() is None, process.communicate()
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
        assert process.returncode == 143
        told = "2 batches go on at the server, and `dvc repro`, or the same command, fetches what comes"
        assert f"stopped by SIGTERM: {told}" in err
        server.held.clear()
        finish(project, server.url)
        assert len(server.batches) == 2
    assert rows_of(project) == [f"s{i}.0" for i in range(ROWS)] and set(server.paid.values()) == {1}


def test_answers_that_a_check_refuses_go_into_the_next_batch(project: Path) -> None:
    """Through the stage, from end to end; in one batch of both files' bad answers."""
    first = set[str]()

    class Curt(Batches):
        def _told(self, line, what):  # type: ignore[no-untyped-def]
            row = line["body"]["messages"][-1]["content"]
            told = super()._told(line, what)
            short = ("number 3," in row or "number 11," in row) and row not in first
            first.add(row)
            return [one.replace(REPLY, "I see.") for one in told] if short else told

    with Curt() as server:
        finish(project, server.url)
    assert len(server.batches) == 3 and sum(server.paid.values()) == ROWS + 2
    assert rows_of(project) == [f"s{i}.0" for i in range(ROWS)]
    assert json.loads((project / "metrics.json").read_text())["asked_again"] == 2


def test_a_refused_key_ends_the_stage_in_a_line_without_outputs(project: Path) -> None:
    with Batches(gate=lambda request, number: "401" if request == "POST /files" else "pass") as server:
        process = start(project, server.url)
        _, err = process.communicate(timeout=120)
    assert process.returncode == 1
    assert err.splitlines()[-1].startswith("error: ") and "HTTP 401" in err.splitlines()[-1]
    assert not any((project / name).exists() for name in OUTPUTS)
