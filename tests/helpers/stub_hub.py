"""A Hugging Face hub on this machine: the endpoints that `create_repo`, `upload_folder` and `list_repo_files` use.

Repositories are dictionaries. Large files go the LFS way, by the batch endpoint; the others inside the commit. `fail` makes
the next requests to a path end with a status, or with a cut connection.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

TOKEN = "hf_" + "madeuptoken" * 3
CUT = 0  # in place of a status: the connection is closed without an answer
LARGE = (".parquet", ".safetensors")


@dataclass
class Repo:
    visibility: str
    files: dict[str, bytes] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)


@dataclass
class StubHub:
    """What the hub holds, and what it was asked: (method, path) in order. Repositories by (kind, ORG/NAME)."""

    address: str = ""
    repos: dict[tuple[str, str], Repo] = field(default_factory=dict)
    large: dict[str, bytes] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    failures: list[tuple[str, int, str]] = field(default_factory=list)

    def fail(self, path: str, status: int, message: str = "made to fail", times: int = 1) -> None:
        """The next `times` requests whose path holds `path` end so."""
        self.failures += [(path, status, message)] * times

    def count(self, method: str, path: str) -> int:
        return sum(method == one and path in other for one, other in self.asked)


@contextmanager
def stub_hub() -> Iterator[StubHub]:
    """A hub that answers until the block ends."""
    hub = StubHub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub}))
    hub.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    hub: StubHub

    def do_GET(self) -> None:
        self._handle("GET")

    def do_POST(self) -> None:
        self._handle("POST")

    def do_PUT(self) -> None:
        self._handle("PUT")

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def _handle(self, method: str) -> None:
        path = unquote(urlsplit(self.path).path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)) or self._chunks()
        self.hub.asked.append((method, path))
        for failure in self.hub.failures:
            if failure[0] in path:
                self.hub.failures.remove(failure)
                if failure[1] == CUT:
                    self.close_connection = True
                    return
                self._answer(failure[1], {"error": failure[2]})
                return
        if method != "PUT" and self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._answer(401, {"error": "Invalid username or password."})
            return
        self._answer(*self._routed(method, path, body))

    def _chunks(self) -> bytes:
        """A body sent in chunks, as the commit's is."""
        if self.headers.get("Transfer-Encoding") != "chunked":
            return b""
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _answer(self, status: int, content: Any) -> None:
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _routed(self, method: str, path: str, body: bytes) -> tuple[int, Any]:
        if path == "/api/repos/create":
            return self._create(json.loads(body))
        if path == "/api/validate-yaml":
            return 200, {"errors": [], "warnings": []}
        if method == "PUT":
            digest = path.rsplit("/", 1)[-1]
            assert hashlib.sha256(body).hexdigest() == digest
            self.hub.large[digest] = body
            return 200, {}
        if match := re.fullmatch(r"/(?:(dataset)s/)?([\w.-]+/[\w.-]+)\.git/info/lfs/objects/batch", path):
            return 200, self._batch(json.loads(body))
        match = re.fullmatch(r"/api/(dataset|model)s/([\w.-]+/[\w.-]+)/(preupload|commit|tree|revision)/main", path)
        repo = self.hub.repos.get((match[1], match[2])) if match else None
        if match is None or repo is None:
            return 404, {"error": f"nothing at {path}"}
        if match[3] == "preupload":
            return 200, {"files": [self._mode(repo, one["path"]) for one in json.loads(body)["files"]]}
        if match[3] == "commit":
            return self._commit(repo, self._url(match[1], match[2]), [json.loads(line) for line in body.splitlines()])
        if match[3] == "tree":
            return 200, [
                {"type": "file", "path": name, "size": len(content), "oid": _oid(name, content)}
                for name, content in repo.files.items()
            ]
        return 200, {"id": match[2], "sha": "0" * 40, "private": True, "siblings": [], "tags": [], "downloads": 0, "likes": 0}

    def _create(self, wanted: dict[str, Any]) -> tuple[int, Any]:
        kind, name = wanted.get("type", "model"), f"{wanted['organization']}/{wanted['name']}"
        url = self._url(kind, name)
        if (kind, name) in self.hub.repos:
            return 409, {"error": "You already created this repo", "url": url}
        self.hub.repos[kind, name] = Repo(wanted.get("visibility", "public"))
        return 200, {"url": url}

    def _url(self, kind: str, name: str) -> str:
        return f"{self.hub.address}/{'datasets/' if kind == 'dataset' else ''}{name}"

    def _mode(self, repo: Repo, name: str) -> dict[str, Any]:
        there = repo.files.get(name)
        return {
            "path": name, "uploadMode": "lfs" if name.endswith(LARGE) else "regular", "shouldIgnore": False,
            **({} if there is None else {"oid": _oid(name, there)}),
        }

    def _batch(self, wanted: dict[str, Any]) -> dict[str, Any]:
        objects = [
            {"oid": one["oid"], "size": one["size"]} | (
                {} if one["oid"] in self.hub.large else {"actions": {"upload": {"href": f"{self.hub.address}/lfs/{one['oid']}"}}}
            )
            for one in wanted["objects"]
        ]
        return {"transfer": "basic", "objects": objects}

    def _commit(self, repo: Repo, url: str, lines: list[dict[str, Any]]) -> tuple[int, Any]:
        files = dict(repo.files)
        for line in lines:
            value = line["value"]
            match line["key"]:
                case "header":
                    message = value["summary"]
                case "file":
                    files[value["path"]] = base64.b64decode(value["content"])
                case "lfsFile":
                    files[value["path"]] = self.hub.large[value["oid"]]
                case "deletedFile":
                    del files[value["path"]]
        repo.files = files
        repo.messages.append(message)
        return 200, {"success": True, "commitOid": "1" * 40, "commitUrl": f"{url}/commit/{'1' * 40}"}


def _oid(name: str, content: bytes) -> str:
    """git's hash of a file; of a large one its SHA-256."""
    if name.endswith(LARGE):
        return hashlib.sha256(content).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
