"""One small run of the whole pipeline, for all tests of this folder; each copies it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import made_once
from tests.helpers.small_project import make_small_run


@pytest.fixture(scope="session")
def small_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project after its `dvc repro`. Its models stand in models/box, which git does not have."""
    return made_once(tmp_path_factory, "small_run", make_small_run)
