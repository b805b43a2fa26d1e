"""A server's files and batches, over HTTP: each request is tried again for what may pass, as the openai backend's are.

Of OpenAI's API (platform.openai.com/docs/api-reference/batch) it needs POST /files, GET /files/ID/content, POST /batches
and GET /batches/ID; GET /batches, where the server has it, finds a batch whose making nobody lived to write down.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any, TypeVar

import httpx2 as httpx

from synthempathy.llm.backends import openai_replies as replies
from synthempathy.llm.backends.openai import CONNECT_SECONDS, KEEP_ALIVE_SECONDS, LONGEST_RETRY_AFTER
from synthempathy.llm.backends.openai_bounds import PLAIN, pieces, whole_now
from synthempathy.llm.backends.openai_replies import Fault, TryAgain
from synthempathy.llm.params import BatchSpeed, ServerSpeed

#: What a batch runs, and what each line of its file names.
ENDPOINT = "/v1/chat/completions"
#: How long a file of answers may take to come.
DOWNLOAD_SECONDS = 3600.0
#: Batches a page, and pages, that are looked through for one of ours.
_PAGE, _PAGES = 100, 20
_ID = re.compile(r"[A-Za-z0-9][\w.:-]{0,199}", re.ASCII)
#: Words of other servers for OpenAI's.
_STATUS = {
    "canceled": "cancelled", "success": "completed", "succeeded": "completed", "done": "completed", "error": "failed",
    "timeout_exceeded": "expired", "timed_out": "expired", "cancellation_requested": "cancelling",
}
_ENDED = ("completed", "failed", "expired", "cancelled")
Found = TypeVar("Found")


class Refused(Exception):
    """The server said no, and would say it again."""

    def __init__(self, status: int, fault: Fault, detail: str) -> None:
        self.status, self.fault, self.detail = status, fault, detail


@dataclass(frozen=True)
class BatchFault:
    """Why a batch failed as a whole, in the server's words: for a line of its file (from 1), or for all of it."""

    code: str
    said: str
    line: int | None = None


@dataclass(frozen=True)
class Batch:
    """What the server says of a batch. `finished` of `total` requests are answered or failed; 0 where it does not say."""

    id: str
    status: str
    input_file: str | None = None
    files: tuple[str, ...] = ()  # of answers, and of errors
    finished: int = 0
    total: int = 0
    created: float = 0.0  # Unix time
    metadata: Mapping[str, Any] | None = None
    faults: tuple[BatchFault, ...] = ()

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""
        return self.status in _ENDED


class BatchApi:
    """The server. `line` makes one line, without secrets, of what it says; `authorized` puts the key into a request."""

    def __init__(
        self, base_url: str, speed: ServerSpeed, batching: BatchSpeed, *,
        authorized: Callable[[httpx.Request], httpx.Request], line: Callable[[str], str],
        sleep: Callable[[float], None], now: Callable[[], float],
    ) -> None:
        self._base_url, self._speed, self._batching = base_url.rstrip("/"), speed, batching
        self._line, self._sleep, self._now = line, sleep, now
        timeout = httpx.Timeout(speed.timeout_seconds, connect=min(speed.timeout_seconds, CONNECT_SECONDS))
        limits = httpx.Limits(keepalive_expiry=KEEP_ALIVE_SECONDS)
        self._client = httpx.Client(auth=authorized, timeout=timeout, limits=limits)
        self._most = round(speed.max_answer_mb * 1_000_000)

    def upload(self, file: IO[bytes], name: str) -> str:
        """The id of the file, there."""
        def send() -> str:
            file.seek(0)
            sent = {"file": (name, file, "application/jsonl")}
            return _id(self._json("POST", "/files", data={"purpose": "batch"}, files=sent), "id", self._line)

        return self.tried(send)

    def create(self, input_file: str, metadata: Mapping[str, str]) -> Batch:
        """Have a batch made, in one try: after a second there might be two (TryAgain tells that it is not known)."""
        body = {
            "input_file_id": input_file, "endpoint": ENDPOINT, "completion_window": self._batching.completion_window,
            "metadata": dict(metadata),
        }
        return _batch(self._json("POST", "/batches", json=body), self._line)

    def batch(self, id: str) -> Batch:
        """How it stands, in one try."""
        return _batch(self._json("GET", f"/batches/{id}"), self._line)

    def batches(self) -> Iterator[Batch]:
        """Those that there are, from the newest, as far as is worth looking. Refused where the server names none."""
        after: dict[str, str] = {}
        for _ in range(_PAGES):
            page = self.tried(lambda: self._json("GET", "/batches", params={"limit": _PAGE} | after))  # noqa: B023
            data = page.get("data")
            found = [one for one in data if isinstance(one, dict)] if isinstance(data, list) else []
            for one in found:
                try:
                    yield _batch(one, self._line)
                except TryAgain:  # another program's, of another make
                    continue
            last = found[-1].get("id") if found else None
            if not page.get("has_more") or not isinstance(last, str) or not _ID.fullmatch(last) or after.get("after") == last:
                return  # an id becomes part of an address
            after = {"after": last}

    def content(self, file: str) -> Iterator[bytes]:
        """The file's bytes, a piece at a time, in one try. Refused, TryAgain."""
        with self._answer("GET", f"/files/{file}/content") as response:
            most = round(self._batching.max_download_megabytes * 1_000_000)
            yield from pieces(response, most, DOWNLOAD_SECONDS, "machine.openai_batch.max_download_megabytes")

    def close(self) -> None:
        """Let its connections go."""
        self._client.close()

    def tried(self, attempt: Callable[[], Found]) -> Found:
        """What `attempt` gives, tried again for what may pass, with backoff. TryAgain at the last; Refused at once."""
        tries = 0
        while True:
            try:
                return attempt()
            except TryAgain as fault:
                tries += 1
                if tries > self._speed.max_retries or fault.wait > LONGEST_RETRY_AFTER:
                    detail = f"{self._line(fault.detail)} (tries: {tries})"
                    raise TryAgain(fault.reason, detail, reached=fault.reached) from None
                self.pause(tries, fault.wait)

    def pause(self, tries: int, wait: float) -> None:
        """Wait before the next try, after so many, and for `wait` seconds at least."""
        longest = min(self._speed.backoff_cap_seconds, self._speed.backoff_seconds * 2 ** (tries - 1))
        self._sleep(wait + random.uniform(0, longest))

    def _json(self, method: str, path: str, **sent: Any) -> dict[str, Any]:
        with self._answer(method, path, **sent) as response:
            answer = whole_now(response, self._most, self._speed.timeout_seconds)
        try:
            found = answer.json()
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise TryAgain("bad_response", f"no object: {self._line(answer.text)}")
        return found

    @contextmanager
    def _answer(self, method: str, path: str, **sent: Any) -> Iterator[httpx.Response]:
        """A response of status 2xx, unread. TryAgain, Refused."""
        seconds = self._speed.timeout_seconds
        try:
            with self._client.stream(method, self._base_url + path, headers=PLAIN, **sent) as response:
                if not response.is_success:
                    self._refuse(whole_now(response, self._most, seconds))
                yield response
        except httpx.ConnectTimeout:
            raise TryAgain("timeout", "no connection in time", reached=False) from None
        except httpx.TimeoutException:
            raise TryAgain("timeout", f"nothing came for {seconds:g} s") from None
        except httpx.TransportError as error:
            reached = not isinstance(error, httpx.ConnectError)
            raise TryAgain("server_error", self._line(f"{type(error).__name__}: {error}"), reached=reached) from None

    def _refuse(self, response: httpx.Response) -> None:
        said = self._line(f"HTTP {response.status_code}: {replies.error_message(response)}")
        fault = replies.fault_of(response)
        if fault == "passes":
            reason = replies.may_pass(response.status_code) or "server_error"
            raise TryAgain(reason, said, replies.retry_after(response.headers.get("retry-after"), self._now()))
        raise Refused(response.status_code, fault, said)


def _id(found: Mapping[str, Any], name: str, line: Callable[[str], str]) -> str:
    """An id, which becomes part of an address, and is kept. TryAgain where it is none, or holds a secret."""
    value = found.get(name)
    if not isinstance(value, str) or not _ID.fullmatch(value) or line(value) != value:
        raise TryAgain("bad_response", f"no {name} in what it says")
    return value


def _batch(found: Mapping[str, Any], line: Callable[[str], str]) -> Batch:
    status = str(found.get("status")).lower()
    counts = found.get("request_counts")
    completed, failed, total = (_number(counts, name) for name in ("completed", "failed", "total"))
    errors = found.get("errors")
    listed = errors.get("data") if isinstance(errors, dict) else errors
    metadata, created = found.get("metadata"), found.get("created_at")
    return Batch(
        _id(found, "id", line), _STATUS.get(status, status),
        input_file=_id(found, "input_file_id", line) if found.get("input_file_id") else None,
        files=tuple(_id(found, name, line) for name in ("output_file_id", "error_file_id") if found.get(name)),
        finished=min(completed + failed, total), total=total,
        created=float(created) if isinstance(created, int | float) and 0 <= created < 2**53 else time.time(),
        metadata=metadata if isinstance(metadata, dict) else None,
        faults=tuple(_fault(one, line) for one in listed[:100_000]) if isinstance(listed, list) else (),
    )


def _fault(found: Any, line: Callable[[str], str]) -> BatchFault:
    if not isinstance(found, dict):
        return BatchFault("", line(str(found)))
    number = found.get("line")
    code, message = (str(found.get(name) or "") for name in ("code", "message"))
    said = line(f"{code}: {message}" if code and code not in message else message)
    return BatchFault(code, said, number if isinstance(number, int) and not isinstance(number, bool) else None)


def _number(counts: Any, name: str) -> int:
    found = counts.get(name) if isinstance(counts, dict) else None
    return found if isinstance(found, int) and 0 <= found < 2**31 else 0
