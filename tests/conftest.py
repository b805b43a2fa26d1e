"""Fixtures: the tiny tokenizer, a project folder with a tiny base model, and the filter's classifier."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.pairs import ROOT

# For models so small more threads only wait for each other; set before torch is loaded, which few tests need.
os.environ["OMP_NUM_THREADS"] = "1"


@pytest.fixture(scope="session")
def tokenizer() -> Any:
    from tests.helpers.tiny_mistral import tiny_tokenizer

    return tiny_tokenizer()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    from tests.helpers.tiny_mistral import make_project

    return make_project(tmp_path)


@pytest.fixture(scope="session")
def safety_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The filter's classifier as `safety` trains it, in a folder with its metrics (safety.json): a minute's work."""
    from stages.safety import safety

    folder = tmp_path_factory.mktemp("safety")
    labelled = ROOT / "data/empathy/labelled_pairs.csv"
    safety(ROOT / "data/safety", labelled, folder / "model", folder / "safety.json", params=ROOT / "params.yaml")
    return folder / "model"
