"""Two vLLM engines on this machine write the rows of one, byte for byte, and each loads its model once."""

from __future__ import annotations

import importlib.util
import time
from typing import Any

import pytest

from synthempathy.llm.backends import Loaded, open_backend
from synthempathy.llm.loading import Model
from synthempathy.llm.params import Engine, Machine, Sampling
from tests.helpers.engine_contract import by_id, rows

pytestmark = [
    pytest.mark.filterwarnings("default"),  # vLLM and what it imports warn of each other
    pytest.mark.skipif(importlib.util.find_spec("vllm") is None, reason="no vllm here; .ci/install-engines makes .venv-engines"),
]
SAMPLING = Sampling(temperature=0.9, top_p=0.95, max_tokens=80, seed=1)
START_SECONDS = 400


def test_two_engines_write_the_rows_of_one_and_each_loads_once(
    engine: Loaded, settings: tuple[Engine, Machine], embedded: str
) -> None:
    alone = by_id(engine.complete(rows(16), SAMPLING))
    assert by_id(engine.complete(rows(16), SAMPLING)) == alone
    asked, machine = settings
    two: Any = open_backend(Model(embedded), asked, machine.model_copy(update={"replicas": 2}))
    try:
        until = time.monotonic() + START_SECONDS
        while two.loads < 2:  # the first that is there writes them all
            assert by_id(two.complete(rows(16), SAMPLING)) == alone
            assert time.monotonic() < until
        for _ in range(3):
            assert by_id(two.complete(rows(16), SAMPLING)) == alone
        assert two.loads == 2
    finally:
        two.close()
