"""The files of a batch: requests, a JSON object a line, and what comes back for them, in whatever order.

    {"custom_id": KEY, "method": "POST", "url": "/v1/chat/completions", "body": {...}}
    {"custom_id": KEY, "response": {"status_code": 200, "body": {...}}, "error": null}

vLLM's `run_batch` reads and writes the same.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import IO, Any

import httpx2 as httpx

from synthempathy.core.errors import ModelError
from synthempathy.llm.backends import FailureReason, Request
from synthempathy.llm.backends import openai_replies as replies
from synthempathy.llm.backends.openai_batch_http import ENDPOINT
from synthempathy.llm.backends.openai_replies import TryAgain
from synthempathy.llm.backends.openai_requests import body_of
from synthempathy.llm.params import BatchSpeed, Engine, Sampling

_MOST_OF_AN_ERROR = 10_000  # bytes that are kept of it
#: Why a request of a batch got no HTTP answer at all, by OpenAI's codes.
_REASONS: dict[str, FailureReason] = {"batch_expired": "timeout", "request_timeout": "timeout"}


@dataclass(frozen=True)
class Asker:
    """What turns a row's request into a line."""

    model: str
    sampling: Sampling
    engine: Engine

    def row_key(self, request: Request) -> str:
        """What determines the row, as its custom_id: 40 hex digits. By it an answer finds its row, in whatever run.

        The seed counts by itself: where a server takes none (leave_out), two tries of a row have the same body.
        """
        asked = [body_of(request, self.model, self.sampling, self.engine), request.seed]
        return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:40]

    def line(self, key: str, request: Request) -> bytes:
        """The line of its file. In ASCII, since some readers take U+2028 for the end of a line."""
        body = body_of(request, self.model, self.sampling, self.engine)
        return json.dumps({"custom_id": key, "method": "POST", "url": ENDPOINT, "body": body}).encode() + b"\n"


def write_requests(
    asker: Asker, rows: Iterable[tuple[str, Request]], file: IO[bytes], limits: BatchSpeed
) -> tuple[list[str], str]:
    """Write as many of `rows`, from the first, as one file may hold; their keys, and a digest of the file.

    ModelError names a row that is too long for any.
    """
    most, length, digest = round(limits.max_megabytes * 1_000_000), 0, hashlib.sha256()
    written: list[str] = []
    for key, request in rows:
        line = asker.line(key, request)
        if len(line) > most:
            raise ModelError(
                f"row {request.id}: its request is {len(line):,} bytes long, and no file may be longer than "
                f"machine.openai_batch.max_megabytes, {limits.max_megabytes:g}"
            )
        if length + len(line) > most:
            break
        file.write(line)
        digest.update(line)
        length += len(line)
        written.append(key)
        if len(written) == limits.max_requests:
            break
    file.flush()
    return written, digest.hexdigest()


class CutShort(TryAgain):
    """The last line of a file is broken off."""


@dataclass(frozen=True)
class Result:
    """What a file says of a row: an HTTP response of the server's, or, where it never came to one, why."""

    key: str
    response: httpx.Response | None
    reason: FailureReason = "server_error"
    said: str = ""

    def tried(self) -> httpx.Response:
        """The response. TryAgain where there is none."""
        if self.response is None:
            raise TryAgain(self.reason, self.said)
        return self.response


def read_results(pieces: Iterable[bytes], most: int) -> Iterator[Result]:
    """The results in a file that comes in pieces. A line longer than `most` bytes, or that is no result, is passed over.

    CutShort at the end, where the last line was broken off.
    """
    for line, ended in _lines(pieces, most):
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            if not ended:
                raise CutShort("bad_response", "the file of answers is broken off") from None
            continue
        key = found.get("custom_id") if isinstance(found, dict) else None
        if isinstance(key, str):
            try:
                result = _result(key, found)
            except RecursionError:  # a nesting that could just be read
                result = Result(key, None, "bad_response", "nested too deep")
            yield result


def _lines(pieces: Iterable[bytes], most: int) -> Iterator[tuple[bytes, bool]]:
    """The lines that are no longer than `most`, each with whether a line end followed it."""
    held, too_long = bytearray(), False
    for piece in pieces:
        *ended, rest = piece.split(b"\n")
        for part in ended:
            if not too_long and len(held) + len(part) <= most and (line := bytes(held + part).strip()):
                yield line, True
            held.clear()
            too_long = False
        too_long = too_long or len(held) + len(rest) > most
        if too_long:
            held.clear()
        else:
            held += rest
    if held.strip():
        yield bytes(held), False


def _result(key: str, found: dict[str, Any]) -> Result:
    response, error = found.get("response"), found.get("error")
    response = response if isinstance(response, dict) else {}
    said_status, body = response.get("status_code"), response.get("body")
    status = said_status if isinstance(said_status, int) and 200 <= said_status <= 599 else None
    if status and error and not body:  # vLLM says so: with the status, and beside the response
        body = error if isinstance(error, dict) and "error" in error else {"error": error}
    if status and not (error and status < 300):
        content = body.encode("utf-8", "replace") if isinstance(body, str) else json.dumps(body).encode()
        return Result(key, httpx.Response(status, content=content if status < 300 else content[:_MOST_OF_AN_ERROR]))
    code = error.get("code") if isinstance(error, dict) else None
    said = replies.one_line(_words(error) if error else f"status {said_status!r}")
    said = f"{code}: {said}" if isinstance(code, str) and code not in said else said
    if error and (whose := _status(said)) is not None:
        return Result(key, httpx.Response(whose, json={"error": said}))
    return Result(key, None, _REASONS.get(str(code), "server_error" if error else "bad_response"), said)


def _words(error: Any) -> str:
    return replies.error_message(httpx.Response(500, content=json.dumps({"error": error}).encode()))


def _status(said: str) -> int | None:
    """The status that goes with the words of an error that has none; None where another try may do better."""
    if replies.fault_of(httpx.Response(500, text=said)) == "server":
        return 402
    return 400 if replies.fault_of(httpx.Response(403, text=said)) == "row" else None
