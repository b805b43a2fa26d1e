"""A hub on this machine whose models are gated: it tells a model's commit to everybody, and its files to nobody."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@contextmanager
def gated_hub(commit: str) -> Iterator[str]:
    """Its address, for HF_ENDPOINT. Every model is at `commit`."""

    class Hub(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            about = {"id": "org/tiny", "modelId": "org/tiny", "sha": commit, "siblings": [], "tags": []}
            body = json.dumps(about).encode()
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

    http = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=http.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{http.server_address[1]}"
    finally:
        http.shutdown()
        http.server_close()
