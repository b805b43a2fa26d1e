"""What `dvc status` says, read: changed, merely not here, and an error of DVC's in one line."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from synthempathy.core.errors import InputError
from synthempathy.project.staleness import Stale, stale_stages


def saying(monkeypatch: pytest.MonkeyPatch, out: str, err: str = "") -> None:
    def run(*words: Any, **options: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(words, 0, out, err)

    monkeypatch.setattr(subprocess, "run", run)


def test_changes_are_told_from_what_is_not_here(monkeypatch: pytest.MonkeyPatch) -> None:
    saying(monkeypatch, json.dumps({
        "respond": [
            {"changed deps": {"models/named/respond": "deleted", "params.yaml": {"respond.seed": "modified"}, "a": "modified"}},
            {"changed outs": {"b": "deleted"}}, "changed command",
        ],
        "evaluate": [{"changed deps": {"models/named/evaluate": "deleted"}}],
    }))
    assert stale_stages() == {"respond": Stale(("respond.seed", "a", "its command"), ("b",))}


def test_what_dvc_cannot_read_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    saying(monkeypatch, "", "Traceback ...\nERROR: 'dvc.yaml' is invalid.\n")
    with pytest.raises(InputError, match=r"^dvc\.yaml: `dvc status` says: 'dvc\.yaml' is invalid\.$"):
        stale_stages()
