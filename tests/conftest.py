"""Fixtures: the tiny tokenizer, a project folder with a tiny base model, and the filter's classifier."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from tests.helpers.pairs import ROOT

# For models so small more threads only wait for each other; set before torch is loaded, which few tests need. Where vLLM
# is installed, its tests are run alone, and it takes all cores.
if find_spec("vllm") is None:
    os.environ["OMP_NUM_THREADS"] = "1"

# A shell that starts tests in the background has SIGINT ignored, which all that they start would inherit.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

#: Files that take longest, by which two processes begin, so that neither waits for the other at the end.
LONGEST = (
    "pipeline/test_repro.py", "llm/backends/test_contract.py", "llm/backends/test_ray.py", "stages/test_quality.py",
    "stages/test_brainstorm.py", "demo_model/test_train.py", "stages/test_scorer.py", "llm/backends/test_openai.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    assert all((here / name).is_file() for name in LONGEST)
    places = {here / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """The folder `name` as `make` fills it, once for all processes of a test run."""
    here = factory.getbasetemp()
    folder = (here.parent if "PYTEST_XDIST_WORKER" in os.environ else here) / name
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            part = folder.with_name(f"{name}.part")
            part.mkdir()
            make(part)
            part.rename(folder)
    return folder


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

    def train(folder: Path) -> None:
        labelled = ROOT / "data/empathy/labelled_pairs.csv"
        safety(ROOT / "data/safety", labelled, folder / "model", folder / "safety.json", params=ROOT / "params.yaml")

    return made_once(tmp_path_factory, "safety", train) / "model"


@pytest.fixture(scope="session")
def smollm2() -> Path:
    """A real model, left in models/smollm2 for the next run; a machine that cannot fetch it skips its tests by name."""
    from synthempathy.core.errors import ModelError
    from synthempathy.demo_model.smollm2 import fetch

    folder = ROOT / "models" / "smollm2"
    (ROOT / ".synthempathy").mkdir(exist_ok=True)
    with FileLock(ROOT / ".synthempathy" / "smollm2.lock"):
        try:
            fetch(folder)
        except ModelError as error:
            pytest.skip(f"SmolLM2 cannot be fetched here: {error}")
    return folder
