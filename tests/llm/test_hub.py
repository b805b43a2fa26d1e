"""The hub before the load: offline the cache's commit, and a gated model's refusal (a hub of ours says it)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

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


class Hub(BaseHTTPRequestHandler):
    """Tells the model's commit to everybody, and its files to nobody."""

    def do_GET(self) -> None:
        body = json.dumps({"id": "org/tiny", "modelId": "org/tiny", "sha": COMMIT, "siblings": [], "tags": []}).encode()
        gated = "/resolve/" in self.path
        self.send_response(403 if gated else 200)
        if gated:
            self.send_header("X-Error-Code", "GatedRepo")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    do_HEAD = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        pass


def test_a_licence_that_is_not_accepted_is_said_with_the_way_out(tmp_path: Path) -> None:
    http = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=http.serve_forever, args=(0.05,), daemon=True).start()
    try:
        found = run(CHECKED, tmp_path, HF_ENDPOINT=f"http://127.0.0.1:{http.server_address[1]}", HF_HUB_OFFLINE="0")
    finally:
        http.shutdown()
        http.server_close()
    last = found.stderr.splitlines()[-1]
    assert "org/tiny: its licence is not accepted, or not by this account; accept it at https://huggingface.co/org/tiny" in last
