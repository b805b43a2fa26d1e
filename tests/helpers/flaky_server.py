"""A real HTTP server on this machine that speaks chat completions, and fails where a plan says so."""

from __future__ import annotations

import gzip
import json
import random
import select
import socket
import struct
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

#: What may pass, and the reason that a row is given up for if it does not.
FAULTS = {
    "429": "rate_limited",
    "429_seconds": "rate_limited",
    "429_date": "rate_limited",
    "408": "timeout",
    "500": "server_error",
    "502_html": "server_error",
    "503_seconds": "server_error",
    "cut_before": "server_error",
    "cut_within": "server_error",
    "reset": "server_error",
    "stall": "timeout",
    "drip": "timeout",
    "half_json": "bad_response",
    "error_in_200": "bad_response",
    "half_a_character": "bad_response",
    "not_gzip": "bad_response",
    "endless": "bad_response",
    "bomb": "bad_response",
    "unknown_packing": "bad_response",
}
#: A quarter of a gigabyte of spaces, in a quarter of a megabyte.
BOMB = gzip.compress(b" " * 2**28)
RETRY_AFTER_SECONDS = 7
#: A quarter past midnight, for the header and for the tests' clock.
RETRY_AFTER_DATE, RETRY_AFTER_TIME = "Wed, 21 Oct 2026 00:15:00 GMT", 1792541700.0

#: From a row and the number of its try, from 1, to "ok", a fault, or a status that is final, as in "404".
Plan = Callable[[str, int], str]


def a_third_fails(seed: int) -> Plan:
    """Each try fails with a chance of one in three, in any of the ways there are; the same for the same seed."""

    def plan(row: str, number: int) -> str:
        draws = random.Random(f"{seed} {row} {number}")
        return draws.choice(list(FAULTS)) if draws.random() < 1 / 3 else "ok"

    return plan


def always(fault: str) -> Plan:
    return lambda row, number: fault


class FlakyServer:
    """Use as a context manager. A row is known by the content of its last message.

    `tries[row]` is what came of each of its tries, `bodies` and `keys` what was sent, `peak` how many requests were
    under way at once. A request counts until its answer begins to leave, so `peak` is never more than there were.
    """

    def __init__(self, plan: Plan, *, seconds: float = 0.0, says: str = "", answer: dict[str, Any] | None = None):
        self.plan, self.seconds, self.says, self.answer = plan, seconds, says, answer
        self.tries: dict[str, list[str]] = defaultdict(list)
        self.bodies: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.packings: list[str | None] = []
        self.peak = self.under_way = 0
        self.lock, self.closing = threading.Lock(), threading.Event()

    def __enter__(self) -> FlakyServer:
        self._http = _Http(("127.0.0.1", 0), _Handler)
        self._http.flaky = self
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}/v1"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    @property
    def requests(self) -> int:
        with self.lock:
            return len(self.bodies)


class _Http(ThreadingHTTPServer):
    flaky: FlakyServer
    request_queue_size = 128
    daemon_threads = False  # so that closing waits for them

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), OSError):  # a client that went away is what is tested
            super().handle_error(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self.close_request(request)  # without a farewell, so that "reset" is one


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Http

    def handle_one_request(self) -> None:
        """Wait for a request no longer than the server lives."""
        while not select.select([self.connection], [], [], 0.05)[0]:
            if self.server.flaky.closing.is_set():
                self.close_connection = True
                return
        super().handle_one_request()

    def do_POST(self) -> None:
        flaky = self.server.flaky
        sent = self.rfile.read(int(self.headers["Content-Length"]))
        if len(sent) < int(self.headers["Content-Length"]):
            raise ConnectionAbortedError("the client went away within its request")
        body = json.loads(sent)
        row = body["messages"][-1]["content"]
        with flaky.lock:
            flaky.under_way += 1
            flaky.peak = max(flaky.peak, flaky.under_way)
            outcome = flaky.plan(row, len(flaky.tries[row]) + 1) if self.path == "/v1/chat/completions" else "404"
            flaky.tries[row].append(outcome)
            flaky.bodies.append(body)
            flaky.keys.append(self.headers["Authorization"])
            flaky.packings.append(self.headers["Accept-Encoding"])
        time.sleep(flaky.seconds)
        with flaky.lock:
            flaky.under_way -= 1
        self._respond(outcome, row, body)

    def _respond(self, outcome: str, row: str, body: dict[str, Any]) -> None:
        flaky = self.server.flaky
        good = json.dumps(flaky.answer or {
            "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": body["model"],
            "system_fingerprint": "flaky-1.0",
            "choices": [{
                "index": 0, "finish_reason": "stop",
                "message": {"role": "assistant", "content": f" {row}, drawn with {body['seed']}\n"},
            }],
            "usage": {"prompt_tokens": 11, "completion_tokens": 5, "total_tokens": 16},
        }).encode()
        if outcome == "ok":
            self._send(200, good)
        elif outcome == "stall":
            self._until_the_client_goes(lambda: None)
        elif outcome == "drip":
            self._head(200, 10_000)
            self._until_the_client_goes(lambda: self.wfile.write(b" "))
        elif outcome == "cut_before":
            self.close_connection = True
        elif outcome == "cut_within":
            self._head(200, len(good))
            self.wfile.write(good[: len(good) // 2])
            self.close_connection = True
        elif outcome == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
        elif outcome == "half_json":
            self._send(200, good[: len(good) // 2])
        elif outcome == "error_in_200":
            self._send(200, json.dumps({"error": {"message": f"upstream {flaky.says}", "code": 502}}).encode())
        elif outcome == "half_a_character":
            self._send(200, good.replace(b", drawn", b"\\ud83d, drawn"))
        elif outcome == "not_gzip":
            self._send(200, good, {"Content-Encoding": "gzip"})
        elif outcome == "endless":
            self._head(200, 10**12)
            self._until_the_client_goes(lambda: self.wfile.write(b" " * 65_536))
        elif outcome == "bomb":
            self._send(200, BOMB, {"Content-Encoding": "gzip"})
        elif outcome == "unknown_packing":
            self._send(200, good, {"Content-Encoding": "br"})
        elif outcome == "tail":
            self._head(200, 10**12, {"Content-Encoding": "gzip"})
            self.wfile.write(gzip.compress(good))
            self._until_the_client_goes(lambda: self.wfile.write(b" " * 65_536))
        elif outcome == "key_packing":
            self._send(200, good, {"Content-Encoding": self.headers["Authorization"].removeprefix("Bearer ")})
        elif outcome == "gzip":
            self._send(200, gzip.compress(good), {"Content-Encoding": "gzip"})
        elif outcome == "502_html":
            self._send(502, b"<html>\r\n<h1>502 Bad Gateway</h1>\r\n</html>", {"Content-Type": "text/html"})
        else:
            status, _, wait = outcome.partition("_")
            waits = {"seconds": str(RETRY_AFTER_SECONDS), "date": RETRY_AFTER_DATE, "day": "86400", "odd": "\xff\xfe"}
            error = json.dumps({"error": {"message": f"no\n{status} today {flaky.says}", "type": "x"}}).encode()
            headers = {"Retry-After": waits[wait]} if wait else {}
            self._send(int(status), error, headers | ({"Location": f"{flaky.url}/moved"} if status == "307" else {}))

    def _until_the_client_goes(self, step: Callable[[], object]) -> None:
        while not self.server.flaky.closing.is_set():
            step()
            if select.select([self.connection], [], [], 0.02)[0]:
                break
        self.close_connection = True

    def _head(self, status: int, length: int, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        usual = {"Content-Type": "application/json", "Content-Length": str(length), "X-Echo": self.headers["Authorization"] or ""}
        for name, value in (usual | (headers or {})).items():
            self.send_header(name, value)
        self.end_headers()

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self._head(status, len(body), headers)
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass
