"""Fixtures: the tiny tokenizer, and a project folder with a tiny base model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from tests.helpers.tiny_mistral import make_project, tiny_tokenizer

torch.set_num_threads(1)  # for models so small, more threads only wait for each other


@pytest.fixture(scope="session")
def tokenizer() -> Any:
    return tiny_tokenizer()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path)
