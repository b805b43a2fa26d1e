"""The hub before the load: offline the cache's commit, and a gated model's refusal (a hub of ours says it)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.helpers.gated_hub import gated_hub
from tests.helpers.tiny_model import save_tiny_model

COMMIT = "0123456789abcdef0123456789abcdef01234567"
IDENTITY = "from synthempathy.llm.loading import Model; print(Model('org/tiny').identity())"
LOADED = (
    "import synthempathy.llm.loading as l; l.load_tokenizer('org/tiny', None); "
    "l.load_model('org/tiny', None, 'float32', 'cpu')"
)
CHECKED = "from synthempathy.llm.hub import check_hub; check_hub('org/tiny', None)"


def run(code: str, home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The library reads these variables when it is imported: so in a process of its own."""
    surroundings = {**os.environ, "HF_HOME": str(home), "NO_PROXY": "127.0.0.1", **environment}
    return subprocess.run([sys.executable, "-c", code], env=surroundings, capture_output=True, text=True, check=False)


def test_offline_the_cached_snapshot_is_used_and_its_commit_is_the_key(tmp_path: Path) -> None:
    repo = tmp_path / "hub" / "models--org--tiny"
    save_tiny_model(repo / "snapshots" / COMMIT)
    (repo / "refs").mkdir()
    (repo / "refs" / "main").write_text(COMMIT)
    offline = {"HF_HUB_OFFLINE": "1", "HF_ENDPOINT": "http://127.0.0.1:9"}  # where nobody is
    found = run(f"{IDENTITY}; {LOADED}; {CHECKED}", tmp_path, **offline)
    assert found.stdout == f"org/tiny@{COMMIT}\n", found.stderr
    assert f"is not pinned, and may be other weights tomorrow; set its revision: {COMMIT}" in found.stderr


def test_offline_without_a_snapshot_is_one_line(tmp_path: Path) -> None:
    last = run(CHECKED, tmp_path, HF_HUB_OFFLINE="1").stderr.splitlines()[-1]
    assert "org/tiny is not in the cache, and HF_HUB_OFFLINE is set" in last


def test_a_licence_that_is_not_accepted_is_said_with_the_way_out(tmp_path: Path) -> None:
    with gated_hub(COMMIT) as url:
        found = run(CHECKED, tmp_path, HF_ENDPOINT=url, HF_HUB_OFFLINE="0")
    last = found.stderr.splitlines()[-1]
    assert "org/tiny: its licence is not accepted, or not by this account; accept it at https://huggingface.co/org/tiny" in last
