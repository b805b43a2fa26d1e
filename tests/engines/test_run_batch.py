"""The file of a batch, run by vLLM's own `run_batch`, and what that writes, read: its answers and its refusals."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys

import pytest

from synthempathy.llm.backends import Completion, Failure, Request
from synthempathy.llm.backends.openai_batch import OpenaiBatchBackend
from synthempathy.llm.backends.openai_batch_lines import Asker, read_results, write_requests
from synthempathy.llm.loading import Model
from synthempathy.llm.params import Engine, Sampling
from tests.helpers.engine_contract import rows

pytestmark = [
    pytest.mark.filterwarnings("default"),
    pytest.mark.skipif(
        importlib.util.find_spec("vllm") is None, reason="no vllm here; .ci/install-engines makes .venv-engines"
    ),
]
SECONDS = 600


def test_vllm_runs_the_file_and_its_answers_are_read(settings, embedded, tmp_path):
    machine = settings[1].model_copy(update={"store": str(tmp_path / "s.sqlite")})
    sampling = Sampling(temperature=0.7, top_p=0.95, max_tokens=40, seed=1, top_k=20)
    asker = Asker("tiny", sampling, Engine(backend="openai_batch"))
    asked = {asker.row_key(row): row for row in rows(6)}
    long = [{"role": "user", "content": "word " * 3000}]
    too_long = Request("too-long", long, 5)
    asked[asker.row_key(too_long)] = too_long
    with (tmp_path / "in.jsonl").open("wb") as file:
        written, _ = write_requests(asker, asked.items(), file, machine.openai_batch)
    assert written == list(asked)
    done = subprocess.run(
        [
            sys.executable, "-W", "ignore", "-m", "vllm.entrypoints.openai.run_batch", "-i", str(tmp_path / "in.jsonl"),
            "-o", str(tmp_path / "out.jsonl"), "--model", embedded, "--served-model-name", "tiny", "--dtype", "float32",
            "--enforce-eager", "--max-num-seqs", "8", "--no-enable-chunked-prefill", "--max-num-batched-tokens", "16384",
        ],
        env=os.environ | {"VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_NO_USAGE_STATS": "1"}, capture_output=True, text=True,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    backend = OpenaiBatchBackend(Model("tiny"), Engine(backend="openai_batch"), machine)
    results = list(read_results([(tmp_path / "out.jsonl").read_bytes()], 1_000_000))
    assert {result.key for result in results} == set(asked) and len(results) == 7
    for result in results:
        row = asked[result.key].id
        outcome = backend.outcome_of(row, result.tried(), sampling.max_tokens)
        if row == "too-long":
            assert isinstance(outcome, Failure) and outcome.reason == "refused_by_server"
            assert "context length" in outcome.detail or "maximum" in outcome.detail
        else:
            assert isinstance(outcome, Completion) and outcome.text
            assert 0 < outcome.completion_tokens <= 40 and outcome.prompt_tokens > 10
    backend.close()
