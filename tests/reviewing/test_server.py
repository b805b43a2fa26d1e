"""The review server: who is answered, what a request may do, and how it ends."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from synthempathy.core.errors import InputError
from synthempathy.filters.decisions import read_decisions
from synthempathy.reviewing import server as server_module
from synthempathy.reviewing.desk import MOST_NOTE, Desk
from synthempathy.reviewing.server import LOCAL, MOST_BYTES, ReviewServer
from tests.helpers.pairs import ROOT
from tests.helpers.queue import held_row, write_queue

GOOD = {"row": 0, "what": "keep", "note": ""}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ReviewServer]:
    queue = write_queue(tmp_path / "queue.jsonl", held_row("a"), held_row("b"))
    with ReviewServer(Desk(queue, tmp_path / "decisions.csv")) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.05,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def ask(
    server: ReviewServer, method: str = "GET", path: str | None = None, body: bytes | None = None, **headers: str | None,
) -> tuple[int, dict[str, str], str]:
    """Status, headers and body of an answer. Headers are a browser's on our page; one that is None is left out."""
    given: dict[str, str | None] = {"Host": server.hosts[0]}
    if method == "POST":
        given |= {"Origin": f"http://{server.hosts[0]}", "Content-Type": "application/json"}
        given["Content-Length"] = str(len(body or b""))
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    connection = http.client.HTTPConnection(LOCAL, server.server_port, timeout=10)
    connection.putrequest(method, path or f"/{server.token}/", skip_host=True, skip_accept_encoding=True)
    for name, value in given.items():
        if value is not None:
            connection.putheader(name, value)
    connection.endheaders(body)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, dict(answer.getheaders()), text


def post(server: ReviewServer, wish: object = GOOD, **headers: str | None) -> tuple[int, str]:
    body = wish if isinstance(wish, bytes) else json.dumps(wish).encode()
    status, _, text = ask(server, "POST", f"/{server.token}/decide", body, **headers)
    return status, text


def test_the_page_is_for_whoever_has_the_address(server: ReviewServer) -> None:
    status, headers, text = ask(server)
    assert (status, "My cousin was " in text) == (200, True)
    assert headers["Cache-Control"] == "no-store" and headers["Referrer-Policy"] == "no-referrer"
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-") and policy.endswith("frame-ancestors 'none'")
    assert server.token not in text and len(server.token) >= 40
    assert ask(server, Host=server.hosts[1])[0] == 200


@pytest.mark.parametrize("path", ["/", "/decide", "/x/", "/favicon.ico", "//", "/%00/", f"/{'a' * 43}/"])
def test_without_the_token_nothing_is_answered(server: ReviewServer, path: str) -> None:
    for method, body in (("GET", None), ("POST", json.dumps(GOOD).encode())):
        status, headers, text = ask(server, method, path, body)
        assert (status, json.loads(text), headers["Cache-Control"]) == (404, {"error": "not here"}, "no-store")
    assert not server.desk.path.exists()


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", f"{LOCAL}", "127.0.0.1.evil.example:1", None, ""])
def test_a_name_that_leads_here_from_elsewhere_is_refused(server: ReviewServer, host: str | None) -> None:
    assert ask(server, Host=host)[0] == 403
    assert post(server, Host=host)[0] == 403
    assert not server.desk.path.exists()


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1", None, ""])
def test_another_sites_page_can_decide_nothing(server: ReviewServer, origin: str | None) -> None:
    assert post(server, Origin=origin)[0] == 403
    assert not server.desk.path.exists()


@pytest.mark.parametrize(("wish", "status"), [
    (b"", 400), (b"[]", 400), (b"{", 400), ({**GOOD, "row": -1}, 400), ({**GOOD, "row": 2}, 409), ({**GOOD, "row": "0"}, 400),
    ({**GOOD, "what": "skip"}, 400), ({**GOOD, "what": "keep\n"}, 400), ({**GOOD, "more": 1}, 400), ({"row": 0}, 400),
    ({**GOOD, "what": None, "note": "x" * (MOST_NOTE + 1)}, 409), (b'{"row":0,"what":null,"note":"\\ud800"}', 400),
    (b"[" * 50_000, 400), (b" " * (MOST_BYTES + 1), 413),
])
def test_what_is_no_decision_changes_nothing(server: ReviewServer, wish: object, status: int) -> None:
    found, text = post(server, wish)
    assert (found, "error" in json.loads(text)) == (status, True)
    assert not server.desk.path.exists()


@pytest.mark.parametrize(("headers", "status"), [
    ({"Content_Length": None}, 411), ({"Content_Length": "-1"}, 411), ({"Content_Length": "9" * 30}, 411),
    ({"Content_Type": "text/plain"}, 415), ({"Content_Type": "application/x-www-form-urlencoded"}, 415),
])
def test_a_form_of_another_page_is_no_decision(server: ReviewServer, headers: dict[str, str | None], status: int) -> None:
    assert post(server, **headers)[0] == status
    assert not server.desk.path.exists()


def test_a_decision_is_written_before_it_is_answered_and_a_note_stays(server: ReviewServer) -> None:
    assert json.loads(post(server)[1]) == {"state": {"what": "keep", "note": ""}, "left": 1}
    assert [one.what for one in read_decisions(server.desk.path).values()] == ["keep"]
    assert json.loads(post(server, {**GOOD, "what": None, "note": " to  o "})[1])["state"] == {"what": "keep", "note": "to o"}
    assert json.loads(post(server, {**GOOD, "what": "drop"})[1])["state"] == {"what": "drop", "note": "to o"}
    assert [(one.what, one.note) for one in read_decisions(server.desk.path).values()] == [("drop", "to o")]


def test_decisions_of_many_requests_at_once_are_all_written(tmp_path: Path) -> None:
    desk = Desk(write_queue(tmp_path / "q.jsonl", *(held_row(f"r{n}") for n in range(12))), tmp_path / "d.csv")
    with ReviewServer(desk) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.05,))
        thread.start()
        asking = [threading.Thread(target=post, args=(running, {**GOOD, "row": n})) for n in range(12)]
        for one in asking:
            one.start()
        for one in asking:
            one.join()
        running.shutdown()
        thread.join()
    assert len(read_decisions(tmp_path / "d.csv")) == 12


def test_a_file_that_was_broken_meanwhile_is_said_and_kept(server: ReviewServer) -> None:
    server.desk.path.write_text("mine\n")
    status, text = post(server)
    assert status == 409 and "the header lacks id" in text
    assert server.desk.path.read_text() == "mine\n"
    assert server.desk.made == 0 and server.desk.of(server.desk.rows[0]) is None


def opened(server: ReviewServer, sent: bytes) -> socket.socket:
    connection = socket.create_connection((LOCAL, server.server_port), timeout=20)
    connection.sendall(sent)
    return connection


def test_a_client_that_goes_before_it_is_answered_is_no_error(
    server: ReviewServer, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As a closed tab does: it takes its end of the connection back while the page is made."""
    gone, ended = threading.Event(), threading.Semaphore(0)
    made, close = server_module.review_page, ReviewServer.shutdown_request

    def page(*given: Any, **named: Any) -> Any:
        gone.wait(20)
        return made(*given, **named)

    def closed(self: ReviewServer, request: Any) -> None:
        close(self, request)
        ended.release()

    monkeypatch.setattr(server_module, "review_page", page)
    monkeypatch.setattr(ReviewServer, "shutdown_request", closed)
    for _ in range(3):
        connection = opened(server, f"GET /{server.token}/ HTTP/1.1\r\nHost: {server.hosts[0]}\r\n\r\n".encode())
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
    gone.set()
    assert all(ended.acquire(timeout=20) for _ in range(3))
    assert capfd.readouterr().err == ""
    assert post(server)[0] == 200


def test_an_error_of_ours_is_one_line(
    server: ReviewServer, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(server_module, "review_page", lambda *given, **named: 1 / 0)
    with pytest.raises((http.client.HTTPException, OSError)):
        ask(server)
    assert capfd.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("sent", ["GET / HTTP/1.1\r\nX: ", "POST /{token}/decide HTTP/1.1\r\n{usual}Content-Length: 900\r\n\r\n"])
def test_a_request_that_drips_is_ended_however_long_it_goes_on(
    server: ReviewServer, monkeypatch: pytest.MonkeyPatch, sent: str,
) -> None:
    monkeypatch.setattr(server_module, "PATIENCE", 1.0)
    own = f"Host: {server.hosts[0]}\r\nOrigin: http://{server.hosts[0]}\r\nContent-Type: application/json\r\n"
    connection = opened(server, sent.format(token=server.token, usual=own).encode())
    start = time.monotonic()
    with pytest.raises(OSError):  # reset, or a broken pipe
        while time.monotonic() - start < 20:
            connection.sendall(b"a")
            time.sleep(0.1)
    connection.close()
    assert ask(server)[0] == 200


def test_no_more_threads_than_are_allowed_and_places_come_free(
    server: ReviewServer, monkeypatch: pytest.MonkeyPatch,
) -> None:
    server._free = threading.BoundedSemaphore(3)
    held = [opened(server, b"GET") for _ in range(3)]
    one = opened(server, f"GET /{server.token}/ HTTP/1.1\r\nHost: {server.hosts[0]}\r\n\r\n".encode())
    with suppress(ConnectionResetError):
        assert one.recv(10) == b""
    for connection in (*held, one):
        connection.close()
    end = time.monotonic() + 20
    while server._free._value < 3 and time.monotonic() < end:
        time.sleep(0.02)
    assert ask(server)[0] == 200


def test_a_port_that_is_taken_is_one_line(server: ReviewServer) -> None:
    with pytest.raises(InputError, match=rf"field '--port': .* \(got {server.server_port}\); name another"):
        ReviewServer(server.desk, server.server_port)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, 143)])
def test_the_command_prints_its_address_and_ends_in_order(tmp_path: Path, number: signal.Signals, code: int) -> None:
    queue = write_queue(tmp_path / "queue.jsonl", held_row("a"))
    with subprocess.Popen(
        [sys.executable, "-m", "synthempathy", "review", "--serve", str(queue), str(tmp_path / "decisions.csv")], cwd=ROOT,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)},
    ) as running:
        try:
            assert running.stdout is not None
            address = running.stdout.readline().split()[1]
            assert "1 pairs wait. Ctrl-C ends it" in running.stdout.readline()
            host, port = address.split("/")[2].split(":")
            assert host == LOCAL
            with socket.create_connection((host, int(port)), timeout=10):
                running.send_signal(number)
                _, said = running.communicate(timeout=60)
        finally:
            running.kill()
    assert (running.returncode, len(said.splitlines())) == (code, 1)
