"""The contract of the engines, kept by vLLM in process and by vLLM's own server behind the HTTP engine."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
import time

import httpx2 as httpx
import pytest

from synthempathy.llm.backends import open_backend
from synthempathy.llm.loading import Model
from tests.helpers.engine_contract import CONTRACT, Subject, name_of

pytestmark = [
    pytest.mark.filterwarnings("default"),  # vLLM and what it imports warn of each other
    pytest.mark.skipif(
        importlib.util.find_spec("vllm") is None, reason="no vllm here; .ci/install-engines makes .venv-engines"
    ),
]
MAX_TOKENS = 150  # the embedded model's answers to the contract's rows are 137 to 170 tokens long
START_SECONDS = 400


@pytest.fixture(scope="module")
def server(embedded, tmp_path_factory):
    """Started as a user would, but for the chunked prefill: on a CPU it kills vLLM 0.32 when a request has a seed."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("server") / "log"
    command = [
        sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", embedded, "--served-model-name", "tiny",
        "--host", "127.0.0.1", "--port", str(port), "--dtype", "float32", "--enforce-eager", "--max-num-seqs", "8",
        "--no-enable-chunked-prefill", "--max-num-batched-tokens", "16384",
    ]
    surroundings = os.environ | {"VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_NO_USAGE_STATS": "1"}
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, env=surroundings)
    try:
        started = time.monotonic()
        while not answers(f"http://127.0.0.1:{port}/health"):
            assert process.poll() is None, log.read_text()[-3000:]
            assert time.monotonic() - started < START_SECONDS, log.read_text()[-3000:]
            time.sleep(1)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def answers(url):
    try:
        return httpx.get(url, timeout=5).is_success
    except httpx.TransportError:
        return False


@pytest.fixture(scope="module")
def in_process(engine, embedded):
    return Subject(engine, embedded, MAX_TOKENS)


@pytest.fixture(scope="module")
def behind_a_server(server, settings, embedded):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_PROXY", "127.0.0.1")
        patch.delenv("OPENAI_API_KEY", raising=False)
        asked, machine = settings
        openai = asked.openai.model_copy(update={"base_url": server})
        engine = open_backend(Model("tiny"), asked.model_copy(update={"backend": "openai", "openai": openai}), machine)
        yield Subject(engine, embedded, MAX_TOKENS)
        engine.close()


@pytest.mark.parametrize("promise", CONTRACT, ids=name_of)
def test_vllm_in_process(in_process, promise):
    promise(in_process)


@pytest.mark.parametrize("promise", CONTRACT, ids=name_of)
def test_vllm_behind_its_own_server(behind_a_server, promise):
    promise(behind_a_server)
