"""The page's server: on this machine alone, for whoever was given its address, and for no other page of their browser.

The address holds a random token, without which nothing is answered. A name that leads here from elsewhere (DNS rebinding)
is refused by the header Host, another site's page by Origin; nothing is cached; a decision is written before it is answered.
"""

from __future__ import annotations

import io
import json
import secrets
import socket
import sys
import threading
import time
from hmac import compare_digest
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from synthempathy.core.errors import InputError, SynthempathyError
from synthempathy.core.progress import say
from synthempathy.reviewing.desk import Desk
from synthempathy.reviewing.page import review_page, state_of

LOCAL = "127.0.0.1"
MOST_BYTES = 100_000  # of what a page may send: a row's number, a word and a note
PATIENCE = 30.0  # seconds for a request to come in whole, however it drips, and again for its answer to be taken
MOST_AT_ONCE = 100  # requests, each of which has a thread


class _Wish(BaseModel):
    """What the page asks for: keep or drop a row, or (`what` null) note it."""

    model_config = ConfigDict(strict=True, extra="forbid")

    row: int = Field(ge=0)
    what: str | None = Field(pattern="^(keep|drop)$")
    note: str


class ReviewServer(ThreadingHTTPServer):
    """Serves the desk's page and writes its decisions. `address` is what the reviewer opens."""

    daemon_threads = True
    request_queue_size = 64  # a browser that opens many at once is not turned away

    def __init__(self, desk: Desk, port: int = 0) -> None:
        """InputError for a port that is taken. 0 takes any that is free."""
        self.desk = desk
        self.token = secrets.token_urlsafe(32)
        self._free = threading.BoundedSemaphore(MOST_AT_ONCE)
        try:
            super().__init__((LOCAL, port), _Handler)
        except OSError as error:
            raise InputError(error.strerror or "cannot be used", field="--port", value=port, hint="name another") from None

    def process_request(self, request: Any, client_address: Any) -> None:
        """In a thread of its own, where there is one left; else the request is turned away."""
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:  # no thread could be started
            self._free.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """As its parent's; its place is free again after it."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes before it is answered, as a closed tab does, is no error; anything else is one line."""
        error = sys.exception()
        if not isinstance(error, OSError):
            say(f"review: a request failed ({type(error).__name__}: {error}); what was decided before it is written")

    @property
    def hosts(self) -> tuple[str, ...]:
        """What a browser may call us by."""
        return f"{LOCAL}:{self.server_port}", f"localhost:{self.server_port}"

    @property
    def address(self) -> str:
        return f"http://{self.hosts[0]}/{self.token}/"


def serve(desk: Desk, port: int = 0) -> None:
    """Serve until Ctrl-C. The address is printed; decisions are written as they are made."""
    with ReviewServer(desk, port) as server:
        try:
            print(f"Open {server.address}\n{len(desk.rows)} pairs wait. Ctrl-C ends it; what is decided is written.", flush=True)
            server.serve_forever()
        except KeyboardInterrupt:
            say(desk.summary())


class _InTime(io.RawIOBase):
    """What comes over a connection, until PATIENCE is over: a socket's own timeout begins anew with each byte."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection, self._until = connection, time.monotonic() + PATIENCE

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("not whole in time")
        self._connection.settimeout(left)
        return self._connection.recv_into(buffer)


class _Handler(BaseHTTPRequestHandler):
    server: ReviewServer
    server_version, sys_version = "synthempathy", ""

    def setup(self) -> None:
        """With a reader that has an end."""
        super().setup()
        self.rfile.close()
        self.rfile = io.BufferedReader(_InTime(self.connection))

    def do_GET(self) -> None:
        """The page, at the address alone."""
        if not self._may(""):
            return
        made = review_page(self.server.desk, served=True)
        self._answer(HTTPStatus.OK, made.html.encode(), "text/html; charset=utf-8", made.policy)

    def do_POST(self) -> None:
        """A decision or a note."""
        if not self._may("decide"):
            return
        if self.headers.get("Origin") not in [f"http://{host}" for host in self.server.hosts]:
            self._refuse(HTTPStatus.FORBIDDEN, "another site's page")
            return
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit() or len(length) > 9:
            self._refuse(HTTPStatus.LENGTH_REQUIRED, "no length")
        elif int(length) > MOST_BYTES:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too long")
        elif self.headers.get_content_type() != "application/json":
            self._refuse(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "not JSON")
        else:
            self._carry_out(self.rfile.read(int(length)))

    def _carry_out(self, body: bytes) -> None:
        desk = self.server.desk
        try:
            wish = _Wish.model_validate_json(body)
            if wish.row >= len(desk.rows):
                raise InputError("no such row", field="row", value=wish.row)
            row = desk.rows[wish.row]
            if wish.what is None:
                desk.note(row, wish.note)
            else:
                desk.decide(row, "keep" if wish.what == "keep" else "drop")
        except ValidationError:
            self._refuse(HTTPStatus.BAD_REQUEST, "not a decision")
        except SynthempathyError as error:  # decisions.csv was edited by hand meanwhile, or a note is too long
            self._refuse(HTTPStatus.CONFLICT, str(error))
        except OSError as error:
            self._refuse(HTTPStatus.INTERNAL_SERVER_ERROR, f"{desk.path}: {error.strerror or error}")
        else:
            self._json(HTTPStatus.OK, {"state": state_of(desk.of(row)), "left": desk.left})

    def _may(self, path: str) -> bool:
        """Whether host, token and path are ours; a refusal is answered. It never says which of them is wrong but the host."""
        if self.headers.get("Host") not in self.server.hosts:
            self._refuse(HTTPStatus.FORBIDDEN, "another host")
            return False
        token, _, rest = self.path.removeprefix("/").partition("/")
        if not compare_digest(token.encode(), self.server.token.encode()) or rest != path:
            self._refuse(HTTPStatus.NOT_FOUND, "not here")
            return False
        return True

    def _refuse(self, status: HTTPStatus, why: str) -> None:
        self.close_connection = True  # what was sent may not have been read
        self._json(status, {"error": why})

    def _json(self, status: HTTPStatus, value: Any) -> None:
        self._answer(status, json.dumps(value).encode(), "application/json", "default-src 'none'")

    def _answer(self, status: HTTPStatus, body: bytes, kind: str, policy: str) -> None:
        self.connection.settimeout(PATIENCE)  # for all of the answer
        self.send_response(status)
        for name, value in (
            ("Content-Type", kind), ("Content-Length", str(len(body))), ("Cache-Control", "no-store"),
            ("Content-Security-Policy", f"{policy}; frame-ancestors 'none'"), ("X-Content-Type-Options", "nosniff"),
            ("X-Frame-Options", "DENY"), ("Referrer-Policy", "no-referrer"), ("Cross-Origin-Resource-Policy", "same-origin"),
            ("Cross-Origin-Opener-Policy", "same-origin"),
        ):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: a log would hold the token."""
