"""Hashes of large files: once for each change, and never an old one."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from synthempathy.core import hashes


def test_a_large_file_is_read_once_for_each_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(hashes, "LARGE", 4)
    monkeypatch.setattr(hashes, "_SETTLED_SECONDS", -1.0)
    read: list[object] = []
    whole = hashlib.file_digest
    monkeypatch.setattr(hashes.hashlib, "file_digest", lambda *given: read.append(given) or whole(*given))
    file = tmp_path / "model.safetensors"
    for content in (b"first weights", b"other weights"):
        file.write_bytes(content)
        assert [hashes.file_digest(file) for _ in range(3)] == [hashlib.sha256(content).digest()] * 3
    assert len(read) == 2
    about = file.stat()
    file.write_bytes(b"third weights")  # of the same size, and with its times set back
    os.utime(file, ns=(about.st_atime_ns, about.st_mtime_ns))
    assert hashes.file_digest(file) == hashlib.sha256(b"third weights").digest()
    for damage in ("", "[]", '{"x": 3}'):
        hashes.KEPT.write_text(damage)
        assert hashes.file_digest(file) == hashlib.sha256(b"third weights").digest()


def test_what_changed_just_now_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "w").write_bytes(b"x" * hashes.LARGE)
    hashes.file_digest(tmp_path / "w")
    assert not hashes.KEPT.exists()
