"""A real HTTP server on this machine with OpenAI's files and batches, which fails, expires and stands still as a test wants."""

from __future__ import annotations

import json
import random
import re
import select
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Json = dict[str, Any]
#: From a row (the content of its last message) and how often it stood in a batch, from 1, to what comes of it there.
Plan = Callable[[str, int], str]
#: From a request ("POST /batches", with ids as ID) and its number, from 1, to what is done with it; see `_Handler`.
Gate = Callable[[str, int], str]
_LONG = "x" * 3_000_000


def all_well(row: str, number: int) -> str:
    return "ok"


def open_gate(request: str, number: int) -> str:
    return "pass"


class BatchServer:
    """Use as a context manager. A batch ends at the `polls`-th look at it, by the status that `ends(number)` gives.

    `paid[row]` is how often it was answered, `seen[row]` how often it stood in a batch that was made; `bodies` are
    the lines of all files that came whole; `requests` counts what was asked. `held` keeps batches from ending; `reached`
    is set when a request stands at a gate that says "stall" or the like.
    """

    def __init__(
        self, plan: Plan = all_well, *, polls: int = 2, ends: Callable[[int], str] = lambda number: "completed",
        gate: Gate = open_gate, says: str = "", lists: bool = True, faults: Callable[[int, list[Json]], list[Json]] | None = None,
    ) -> None:
        self.plan, self.polls, self.ends, self.gate, self.says, self.lists = plan, polls, ends, gate, says, lists
        self.faults = faults or (lambda number, lines: [])
        self.files: dict[str, bytes] = {}
        self.batches: dict[str, Json] = {}
        self.looks: Counter[str] = Counter()
        self.paid: Counter[str] = Counter()
        self.seen: Counter[str] = Counter()
        self.requests: Counter[str] = Counter()
        self.lines: list[Json] = []
        self.keys: set[str | None] = set()
        self.lock, self.closing, self.held, self.reached = (
            threading.RLock(), threading.Event(), threading.Event(), threading.Event(),
        )

    def __enter__(self) -> BatchServer:
        self._http = _Http(("127.0.0.1", 0), _Handler)
        self._http.batching = self
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}/v1"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    # What the server does

    def keep(self, content: bytes) -> str:
        name = f"file-{len(self.files) + 1}"
        self.files[name] = content
        return name

    def make(self, asked: Json) -> Json:
        name = f"batch_{len(self.batches) + 1}"
        lines = [json.loads(line) for line in self.files[asked["input_file_id"]].splitlines()]
        self.lines += lines
        self.seen.update(_row(line) for line in lines)
        self.batches[name] = {
            "id": name, "object": "batch", "endpoint": asked["endpoint"], "input_file_id": asked["input_file_id"],
            "completion_window": asked["completion_window"], "status": "in_progress", "created_at": int(time.time()),
            "metadata": asked.get("metadata"), "request_counts": {"total": len(lines), "completed": 0, "failed": 0},
            "output_file_id": None, "error_file_id": None, "errors": None, "_lines": lines,
        }
        return self.batches[name]

    def look(self, name: str) -> Json:
        batch = self.batches[name]
        self.looks[name] += 1
        if batch["status"] in ("in_progress", "cancelling") and self.looks[name] >= self.polls and not self.held.is_set():
            self.end(name, "cancelled" if batch["status"] == "cancelling" else self.ends(int(name.split("_")[1])))
        return batch

    def end(self, name: str, status: str) -> None:
        batch, draws = self.batches[name], random.Random(name)
        batch["status"] = status
        if status == "failed":
            faults = self.faults(int(name.split("_")[1]), batch["_lines"])
            batch["errors"] = {"object": "list", "data": faults}
            return
        good: list[str] = ['{"custom_id": "nobody", "response": {"status_code": 200, "body": {}}}', '[1]', "no JSON"]
        bad: list[str] = []
        for line in batch["_lines"]:
            what = self.plan(_row(line), self.seen[_row(line)])
            if what in ("ok", "no_usage", "filter", "twice", "no_choice"):
                self.paid[_row(line)] += 1
            (good if what in ("ok", "no_usage", "filter", "twice", "long", "no_choice") else bad).extend(self._told(line, what))
        draws.shuffle(good)
        draws.shuffle(bad)
        batch["request_counts"] |= {"completed": len(good), "failed": len(bad)}
        batch["output_file_id"] = self.keep("\n".join(good).encode()) if len(good) > 3 else None
        batch["error_file_id"] = self.keep(("\n".join(bad) + "\n").encode()) if bad else None

    def _told(self, line: Json, what: str) -> list[str]:
        """The lines that the batch's files hold of a request."""
        result: Json = {"id": "batch_req_1", "custom_id": line["custom_id"], "response": None, "error": None}
        text = f"{_row(line)}, drawn with {line['body'].get('seed')}{self.says}"
        body: Json = {
            "id": "chatcmpl-1", "model": line["body"]["model"], "system_fingerprint": "batch-1.0",
            "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}],
            "usage": {"prompt_tokens": 11, "completion_tokens": 5, "total_tokens": 16},
        }
        if what == "missing":
            return []
        if what == "no_usage":
            del body["usage"]
        if what == "filter":
            body["choices"][0]["finish_reason"] = "content_filter"
        if what == "no_choice":
            body["choices"] = []
        if what == "long":
            body["choices"][0]["message"]["content"] = _LONG
        if what in ("expired", "cancelled"):
            return [json.dumps(result | {"error": {"code": f"batch_{what}", "message": f"it was {what}"}})]
        if what.isdigit() or what.startswith("4"):
            status, _, words = what.partition(" ")
            words = words or f"no {status} today{self.says}"
            return [json.dumps(result | {"response": {"status_code": int(status), "body": {"error": {"message": words}}}})]
        if what == "vllm":
            said = {"error": {"message": "This model's maximum context length is 8 tokens", "code": 400}}
            return [json.dumps(result | {"response": {"status_code": 400, "body": None}, "error": said})]
        if what == "zero":
            return [json.dumps(result | {"response": {"status_code": 0, "body": None}})]
        whole = json.dumps(result | {"response": {"status_code": 200, "request_id": "r", "body": body}})
        return [whole, whole] if what == "twice" else [whole]


def _row(line: Json) -> str:
    content: str = line["body"]["messages"][-1]["content"]
    return content


class _Http(ThreadingHTTPServer):
    batching: BatchServer
    request_queue_size = 128
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), OSError):  # a client that went away is what is tested
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """Gates: "pass"; a status ("503"); "cut": the connection ends, nothing is done; "stall": so, but only when the client goes;
    "done_cut", "done_stall": it is done first; "half": half of the answer, then nothing; "half_cut": half, and the end.
    """

    server: _Http

    def do_GET(self) -> None:
        self._serve("GET")

    def do_POST(self) -> None:
        self._serve("POST")

    def _serve(self, method: str) -> None:
        here, at = self.server.batching, urlsplit(self.path)
        path = at.path.removeprefix("/v1")
        name = f"{method} " + re.sub(r"(file-|batch_)\d+", "ID", path)
        with here.lock:
            here.requests[name] += 1
            gate = here.gate(name, here.requests[name])
            here.keys.add(self.headers["Authorization"])
        if gate == "stall_upload":
            self.rfile.read(10)
            return self._stand()
        sent = self.rfile.read(int(self.headers["Content-Length"])) if self.headers["Content-Length"] else b""
        if self.headers["Transfer-Encoding"] == "chunked":
            sent = self._chunks()
        if gate == "stall":
            return self._stand()
        if gate == "cut":
            return None
        if gate.partition(" ")[0].isdigit():
            status, _, words = gate.partition(" ")
            return self._send(int(status), {"error": {"message": words or f"no {status} today{here.says}"}})
        with here.lock:
            answer = self._answer(method, path, parse_qs(at.query), sent)
        if gate == "done_stall":
            return self._stand()
        if gate == "done_cut":
            return None
        status, found = (404, {"error": {"message": "no such thing"}}) if answer is None else (200, answer)
        self._send(status, found, gate)
        return None

    def _answer(self, method: str, path: str, query: dict[str, list[str]], sent: bytes) -> Json | bytes | None:
        here = self.server.batching
        if (method, path) == ("POST", "/files"):
            boundary = self.headers["Content-Type"].partition("boundary=")[2].encode()
            parts = [part for part in sent.split(b"--" + boundary) if b"\r\n\r\n" in part]
            assert any(b'name="purpose"' in part and b"batch" in part for part in parts)
            [content] = [part.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n") for part in parts if b'name="file"' in part]
            return {"id": here.keep(content), "object": "file", "purpose": "batch"}
        if (method, path) == ("POST", "/batches"):
            return _shown(here.make(json.loads(sent)))
        if (method, path) == ("GET", "/batches") and here.lists:
            names = sorted(here.batches, key=lambda name: -int(name.split("_")[1]))
            if "after" in query:
                names = names[names.index(query["after"][0]) + 1 :]
            some = names[: min(int(query["limit"][0]), 2)]  # small pages, so that they are turned
            return {"object": "list", "data": [_shown(here.batches[name]) for name in some], "has_more": len(names) > len(some)}
        if (method, path) == ("GET", "/files"):
            return {"object": "list", "data": []}
        if method == "GET" and (found := re.fullmatch(r"/batches/(\w+)", path)) and found[1] in here.batches:
            return _shown(here.look(found[1]))
        if method == "GET" and (found := re.fullmatch(r"/files/([\w-]+)/content", path)):
            return here.files.get(found[1])
        if (method, path) == ("GET", "/models"):
            return {"data": [{"id": "org/model"}]}
        return None

    def _chunks(self) -> bytes:
        sent = b""
        while size := int(self.rfile.readline(), 16):
            sent += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return sent

    def _stand(self) -> None:
        """Until the client goes, or the server does."""
        here = self.server.batching
        here.reached.set()
        while not here.closing.is_set():
            if select.select([self.connection], [], [], 0.02)[0] and not self.connection.recv(65_536):
                return

    def _send(self, status: int, found: Json | bytes, gate: str = "pass") -> None:
        body = found if isinstance(found, bytes) else json.dumps(found).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Echo", self.headers["Authorization"] or "")
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if gate.startswith("half") else body)
        if gate == "half":
            self.wfile.flush()
            self._stand()

    def log_message(self, format: str, *args: Any) -> None:
        pass


def _shown(batch: Json) -> Json:
    return {name: value for name, value in batch.items() if not name.startswith("_")}
