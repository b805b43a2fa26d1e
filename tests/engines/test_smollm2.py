"""The same rows of SmolLM2 as tests/pipeline/test_smollm2.py, written by vLLM."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from tests.helpers.smollm2 import few_rows

pytestmark = [
    pytest.mark.filterwarnings("default"),
    pytest.mark.skipif(importlib.util.find_spec("vllm") is None, reason="no vllm here; .ci/install-engines makes .venv-engines"),
]


def test_a_real_model_goes_from_seeds_to_scores_by_vllm(smollm2: Path, tmp_path: Path) -> None:
    found = few_rows(tmp_path, smollm2, {
        "engine.backend": "vllm", "engine.vllm.max_model_len": 1024,  # each of the five starts without compiling
        "machine.vllm.enforce_eager": True, "machine.vllm.max_num_seqs": 8, "machine.vllm.gpu_memory_utilization": 0.5,
    })
    for step in ("brainstorm", "explain", "respond"):
        assert found[step]["rows_in"] == found[step]["rows_out"] + sum(found[step]["dropped"].values())
    assert found["respond"]["rows_out"] >= 1
    assert 0 <= found["evaluate"]["tuned"]["mean"] <= 2
