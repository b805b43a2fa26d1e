"""A generation step over a server that fails a third of the requests: rows conserved, requests bounded, no key kept."""

import random
from pathlib import Path

from synthempathy.core.records import Seed
from synthempathy.generation.checks import REASONS
from synthempathy.llm import runner
from synthempathy.llm.loading import Model
from synthempathy.llm.runner import Asking, Row, ask_rows
from synthempathy.llm.store import Store
from synthempathy.project.params import load_params
from tests.helpers.flaky_server import FAULTS, FlakyServer

ROOT = Path(__file__).parents[2]
KEY = "sk-live-Zq81vX0tTn55"
#: Without those whose waiting is the point: they are tested by the engine's own tests, on a clock of their own.
QUICK = sorted(set(FAULTS) - {"429_seconds", "429_date", "503_seconds", "stall", "drip"})


def plan(row: str, number: int) -> str:
    draws = random.Random(f"7 {row} {number}")
    return draws.choice(QUICK) if draws.random() < 1 / 3 else "ok"


def test_every_row_is_answered_or_dropped_with_its_cause_within_the_bound(tmp_path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    told = []
    monkeypatch.setattr(runner, "record_cost", lambda step, figures: told.append(figures))
    rows, attempts, retries = 120, 2, 1
    params = load_params(ROOT / "params.yaml")
    seed = Seed(id="s", sentence="x", category="Other", source="t")
    asked_rows = [Row(f"id-{i}", seed, [{"role": "user", "content": f"row {i}"}]) for i in range(rows)]

    def read(ask, answer):
        """As a check would: an answer by an odd seed is too short."""
        return {"story": answer.text} if int(answer.text.rsplit(" ", 1)[1]) % 2 else "too_short"

    with FlakyServer(plan) as server:
        engine = params.engine.model_copy(update={
            "backend": "openai", "openai": params.engine.openai.model_copy(update={"base_url": server.url}),
        })
        machine = params.machine.model_copy(update={
            "store": str(tmp_path / "s.sqlite"), "openai": params.machine.openai.model_copy(update={
                "max_retries": retries, "backoff_seconds": 0.001, "backoff_cap_seconds": 0.01,
            }),
        })
        asking = Asking((Model("any"),), params.brainstorm.sampling, attempts, engine, machine)
        first = ask_rows("test", asked_rows, asking, read)
        asked = server.requests
        again = ask_rows("test", asked_rows, asking, read)

    metrics = first.metrics("test", rows, REASONS)
    dropped = {reason: count for reason, count in metrics["dropped"].items() if count}
    assert metrics["rows_out"] + sum(dropped.values()) == rows
    assert {"too_short", "server_error", "bad_response"} <= set(dropped)
    assert all(row["reason"] in dropped and row["detail"] for row in first.dropped)
    assert rows <= asked <= rows * attempts * (1 + retries)
    assert told[0]["retries"] == asked - rows
    # what failed is asked again by the next run, what was answered is not
    assert set(first.accepted) <= set(again.accepted)
    assert server.requests - asked <= (rows - metrics["rows_out"]) * attempts * (1 + retries)
    with Store(tmp_path / "s.sqlite") as store:
        assert len(set(store.keys())) == len(store.keys()) >= metrics["rows_out"]
    assert all(KEY.encode() not in path.read_bytes() for path in tmp_path.iterdir())
