"""The OpenAI backend: any server that speaks OpenAI's chat completions (vLLM's, Ollama, a hosted one), over HTTP.

Many requests are under way at once; answers are handed over as they finish. What may pass (429, 5xx, a time-out, a
connection refused or cut, half a JSON) is tried again with exponential backoff and full jitter, and never sooner than
the server's Retry-After. A row whose tries are used up becomes a `Failure`, so that no row is lost and the run goes on.
What cannot pass (400, 401, 403, 404 and their like) ends the run with one line.

The key comes from the environment alone and is kept nowhere else. Whether a seed is honoured is up to the server.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import time
from collections.abc import Awaitable, Callable, Generator, Iterator, Sequence
from contextlib import suppress
from datetime import UTC
from email.utils import parsedate_to_datetime
from queue import SimpleQueue
from threading import Thread
from typing import Any

import httpx2 as httpx  # httpx's successor, which transformers brings along (by way of huggingface_hub)

from stages.common.errors import ModelError
from stages.common.progress import say
from stages.common.sections import OpenaiSettings, Sampling
from stages.generation.engines import Completion, Failure, FailureReason, FinishReason, Request

#: A server that does not take the connection in this time is tried again, however long an answer may take.
CONNECT_SECONDS = 30.0
#: Below the 5 s after which uvicorn (vLLM's server) drops an idle connection, so that none is reused as it closes.
KEEP_ALIVE_SECONDS = 2.0
#: A row that the server puts off for longer (a day's quota) is given up rather than waited for.
LONGEST_RETRY_AFTER = 600.0
#: How long stopping may take.
STOP_SECONDS = 10.0
#: Seeds are sent modulo this: some servers read 32 bits with a sign and refuse the protocol's 63.
SEEDS = 2**31

#: Statuses under 500 that another try may overcome.
_MAY_PASS: dict[int, FailureReason] = {408: "timeout", 425: "server_error", 429: "rate_limited"}
_FINISH_REASONS: dict[str, FinishReason] = {"stop": "stop", "eos_token": "stop", "length": "length"}


class OpenaiEngine:
    """A model behind a server. `retries` counts the requests sent again, over the engine's life.

    A server that reports no usage counts as 0 tokens, which is said once. `sleep` and `now` are for tests.
    """

    def __init__(
        self,
        model: str,
        settings: OpenaiSettings,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.name, self.settings, self.retries = model, settings, 0
        self.url = settings.base_url.rstrip("/") + "/chat/completions"
        self._sleep, self._now, self._said_no_usage = sleep, now, False

    def complete(
        self, requests: Sequence[Request], sampling: Sampling
    ) -> Generator[Completion | Failure, None, None]:
        """Answer or fail every request once, in whatever order they finish.

        The requests run on an event loop in a thread of its own, so the server is kept busy while the caller works.
        Closing the generator cancels what is under way. ModelError where the server refuses a request for good.
        """
        outcomes: SimpleQueue[Completion | Failure | None] = SimpleQueue()
        self._check_key()
        loop = asyncio.new_event_loop()
        work = loop.create_task(self._answer_all(requests, sampling, outcomes.put))
        # A daemon, so that a generator that nobody closed cannot keep the program from ending.
        thread = Thread(target=_run, args=(loop, work, outcomes), name="openai-engine", daemon=True)
        thread.start()
        try:
            while (outcome := outcomes.get()) is not None:
                yield outcome
            work.result()
        finally:
            with suppress(RuntimeError):  # the loop is closed already where all is done
                loop.call_soon_threadsafe(work.cancel)
            if not sys.is_finalizing():  # when the program ends, daemons stand still: nothing to wait for
                thread.join(STOP_SECONDS)

    async def _answer_all(
        self, requests: Sequence[Request], sampling: Sampling, hand_over: Callable[[Completion | Failure], None]
    ) -> None:
        waiting, workers = iter(requests), min(self.settings.concurrency, len(requests))
        limits = httpx.Limits(
            max_connections=self.settings.concurrency, max_keepalive_connections=self.settings.concurrency,
            keepalive_expiry=KEEP_ALIVE_SECONDS,
        )
        timeout = httpx.Timeout(None, connect=CONNECT_SECONDS)  # the whole try is bounded in `_try`
        try:
            async with (
                httpx.AsyncClient(auth=self._authorized, limits=limits, timeout=timeout) as client,
                asyncio.TaskGroup() as group,
            ):
                for _ in range(workers):
                    group.create_task(self._work_off(client, waiting, sampling, hand_over))
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None

    async def _work_off(
        self, client: httpx.AsyncClient, waiting: Iterator[Request], sampling: Sampling,
        hand_over: Callable[[Completion | Failure], None],
    ) -> None:
        """One of `concurrency` workers on the same iterator. It keeps its place while it waits to try again."""
        for request in waiting:
            hand_over(await self._answer(client, request, sampling))

    async def _answer(self, client: httpx.AsyncClient, request: Request, sampling: Sampling) -> Completion | Failure:
        body = {
            "model": self.name, "messages": request.messages, "seed": request.seed % SEEDS,
            "temperature": sampling.temperature, "top_p": sampling.top_p, "max_tokens": sampling.max_tokens,
        }
        tries = 0
        while True:
            try:
                return await self._try(client, request.id, body)
            except _TryAgain as fault:
                tries += 1
                if tries > self.settings.max_retries or fault.wait > LONGEST_RETRY_AFTER:
                    detail = f"{fault.detail} (tries: {tries})"
                    return Failure(request.id, fault.reason, detail)
                wait = fault.wait
            self.retries += 1
            longest = min(self.settings.backoff_cap_seconds, self.settings.backoff_seconds * 2 ** (tries - 1))
            await self._sleep(wait + random.uniform(0, longest))

    async def _try(self, client: httpx.AsyncClient, row: str, body: dict[str, Any]) -> Completion | Failure:
        seconds = self.settings.timeout_seconds
        try:
            async with asyncio.timeout(seconds):
                response = await client.post(self.url, json=body)
        except (TimeoutError, httpx.TimeoutException):
            raise _TryAgain("timeout", f"no whole answer within {seconds:g} s") from None
        except httpx.DecodingError as error:
            raise _TryAgain("bad_response", self._line(f"cannot be unpacked: {error}")) from None
        except httpx.TransportError as error:
            raise _TryAgain("server_error", self._line(f"{type(error).__name__}: {error}")) from None
        if response.is_success:
            return self._read(row, response)
        said = f"HTTP {response.status_code}: {self._line(_message(response))}"
        if response.status_code in _MAY_PASS or response.status_code >= 500:
            reason = _MAY_PASS.get(response.status_code, "server_error")
            raise _TryAgain(reason, said, retry_after(response.headers.get("retry-after"), self._now()))
        raise ModelError(f"row {row}: {self.url}: {said}{self._way_out(response.status_code)}")

    def _read(self, row: str, response: httpx.Response) -> Completion | Failure:
        try:
            answer = response.json()
            choice = answer["choices"][0]
            text, said = choice["message"].get("content") or "", choice["finish_reason"]
            text.encode()  # half a surrogate pair is JSON, but no text: the store could not hold it
            finish_reason = _FINISH_REASONS.get(said)
        except (ValueError, RecursionError):
            raise _TryAgain("bad_response", f"not JSON: {self._line(response.text)}") from None
        except (LookupError, TypeError, AttributeError):
            raise _TryAgain("bad_response", f"no chat completion: {self._line(response.text)}") from None
        if finish_reason is None:  # content_filter and the like: another try with the same seed would end the same
            return Failure(row, "bad_response", self._line(f"finish_reason {said!r}"))
        prompt_tokens, completion_tokens = (_count(answer, name) for name in ("prompt_tokens", "completion_tokens"))
        if not prompt_tokens and not self._said_no_usage:
            self._said_no_usage = True
            say(f"{self.url} reports no token usage: its tokens are counted as 0")
        return Completion(row, text.strip(), finish_reason, prompt_tokens, completion_tokens)

    def _key(self) -> str:
        return os.environ.get(self.settings.api_key_env, "").strip()

    def _check_key(self) -> None:
        if not (self._key().isascii() and self._key().isprintable()):  # the HTTP library's own error would show it
            raise ModelError(f"the key in {self.settings.api_key_env} holds characters that no key has; set it anew")

    def _authorized(self, request: httpx.Request) -> httpx.Request:
        """With the key where there is one; servers of one's own need none. The request alone ever holds it."""
        if self._key():
            request.headers["Authorization"] = f"Bearer {self._key()}"
        return request

    def _way_out(self, status: int) -> str:
        if status in (401, 403):
            name = self.settings.api_key_env
            there = "" if self._key() else ", which is not set"
            return f"; the key is read from the environment variable {name}{there}"
        return f"; check base_url and the model's name, {self.name}" if status in (301, 302, 307, 308, 404) else ""

    def _line(self, text: str, limit: int = 200) -> str:
        """What a server said, as one short line without the key, should the server have repeated it."""
        if len(self._key()) >= 8:  # what is shorter is a stand-in like "ollama"
            text = text.replace(self._key(), "[key]")
        line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
        return line if len(line) <= limit else line[: limit - 3] + "..."


def retry_after(value: str | None, now: float) -> float:
    """Seconds to wait by a Retry-After header (RFC 9110, 10.2.3): a number or a date. 0 where it is neither."""
    try:
        seconds = float(value or 0)
    except ValueError:
        try:
            date = parsedate_to_datetime(value or "")
            seconds = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - now
        except (ValueError, OverflowError):
            return 0.0
    return max(0.0, seconds)


class _TryAgain(Exception):
    """A try failed, and another may do better, at the earliest in `wait` seconds."""

    def __init__(self, reason: FailureReason, detail: str, wait: float = 0.0) -> None:
        self.reason, self.detail, self.wait = reason, detail, wait


def _run(loop: asyncio.AbstractEventLoop, work: asyncio.Task[None], outcomes: SimpleQueue[Any]) -> None:
    """The thread: run `work` to its end or its cancellation, then say that there is no more."""
    try:
        loop.run_until_complete(asyncio.wait([work]))
        _ = work.cancelled() or work.exception()  # seen, so that asyncio does not complain of an error nobody read
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()
        outcomes.put(None)


def _message(response: httpx.Response) -> str:
    """The server's own words: OpenAI's {"error": {"message"}}, or what vLLM, Ollama and FastAPI say, or the body."""
    try:
        found = response.json()
    except (ValueError, RecursionError):
        return response.text or response.reason_phrase
    for name in ("error", "message", "detail"):
        if isinstance(found, dict) and found.get(name):
            found = found[name]
    return str(found)


def _count(answer: Any, name: str) -> int:
    usage = answer.get("usage")
    found = usage.get(name) if isinstance(usage, dict) else None
    return found if isinstance(found, int) and 0 <= found < 2**31 else 0
