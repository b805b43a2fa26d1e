"""Fixtures: the tiny tokenizer, a project folder with a tiny base model, and the filter's classifier."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from tests.helpers.pairs import ROOT
from tests.helpers.tiny_mistral import make_project, tiny_tokenizer

torch.set_num_threads(1)  # for models so small, more threads only wait for each other


@pytest.fixture(scope="session")
def tokenizer() -> Any:
    return tiny_tokenizer()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path)


@pytest.fixture(scope="session")
def safety_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The filter's classifier as `safety` trains it, in a folder with its metrics (safety.json): a minute's work."""
    from stages.safety import safety

    folder = tmp_path_factory.mktemp("safety")
    labelled = ROOT / "data/empathy/labelled_pairs.csv"
    safety(ROOT / "data/safety", labelled, folder / "model", folder / "safety.json", params=ROOT / "params.yaml")
    return folder / "model"
