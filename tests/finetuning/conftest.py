"""The tiny base model, saved where trainings look for it."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with models/tiny in it."""
    from tests.helpers.tiny_mistral import tiny_model

    tiny_model().save_pretrained(tmp_path / "models" / "tiny")
    monkeypatch.chdir(tmp_path)
    return tmp_path
