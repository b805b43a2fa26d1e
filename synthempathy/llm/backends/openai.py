"""The OpenAI backend: any server that speaks OpenAI's chat completions (vLLM's, Ollama, a hosted one), over HTTP.

Many requests are under way at once; answers are handed over as they finish. What may pass (429, 5xx, a time-out, a
connection refused or cut, half a JSON) is tried again with exponential backoff and full jitter, and never sooner than
the server's Retry-After. A row whose tries are used up becomes a `Failure`, so that no row is lost and the run goes on.
What the server refuses for what the row holds (a content filter, a prompt too long, a 400 that says nothing) is that
row's `Failure` alone. What cannot pass (a parameter it does not know, 401, 403, 404, an exhausted quota) ends the run with
one line, and so does a server that has stopped answering, or refuses all alike (`openai_outage.py`).

The key comes from the environment alone and is kept nowhere else. Whether a seed is honoured is up to the server.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from collections.abc import Awaitable, Callable, Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from queue import SimpleQueue
from threading import Thread
from typing import Any

import httpx2 as httpx

from synthempathy.core.errors import ModelError
from synthempathy.core.progress import say
from synthempathy.llm.backends import Completion, Failure, Request, template_key
from synthempathy.llm.backends import openai_replies as replies
from synthempathy.llm.backends.openai_bounds import PLAIN, scrubbed, whole
from synthempathy.llm.backends.openai_outage import Outage
from synthempathy.llm.backends.openai_replies import TryAgain
from synthempathy.llm.backends.openai_requests import Secrets, body_of, key_part
from synthempathy.llm.loading import Model
from synthempathy.llm.params import Engine, Machine, Sampling

#: A server that does not take the connection in this time is tried again, however long an answer may take.
CONNECT_SECONDS = 30.0
#: Below the 5 s after which uvicorn (vLLM's server) drops an idle connection, so that none is reused as it closes.
KEEP_ALIVE_SECONDS = 2.0
#: A row that the server puts off for longer (a day's quota) is given up rather than waited for.
LONGEST_RETRY_AFTER = 600.0
#: How long stopping may take.
STOP_SECONDS = 10.0


class OpenaiBackend:
    """A model behind a server. `retries` counts the requests sent again, over the engine's life.

    A server that reports no usage counts as 0 tokens, which is said once. `sleep` and `now` are for tests.
    """

    local_weights = adapters = by_files = False
    schemas = True

    def __init__(
        self,
        model: Model, engine: Engine, machine: Machine, *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.name, self.engine, self.server = model.served_as or model.name, engine, engine.openai
        self.settings, self.in_flight = machine.openai, machine.openai.concurrency
        self.retries, self._secrets = 0, Secrets(engine.openai)
        self.url = self.server.base_url.rstrip("/") + "/chat/completions"
        self._sleep, self._now, self._said_no_usage, self._fingerprint = sleep, now, False, ""
        self._outage, self._under_way = Outage(self.server.base_url, self.settings.concurrency), self.settings.concurrency
        self._model_said = self.name

    def answered_before(self, rows: int) -> None:
        """So many rows of this step were answered in other runs."""
        self._outage.rows_answered += rows

    @staticmethod
    def key(engine: Engine) -> str:
        return f"openai/{engine.openai.base_url}{key_part(engine)}{template_key(engine)}"

    @staticmethod
    def plain_weights(engine: Engine) -> bool:
        return False

    @staticmethod
    def energy_counter(machine: Machine) -> None:
        """The model runs elsewhere."""

    @property
    def version(self) -> str:
        """With what the server calls itself in its answers, as vLLM's does."""
        return f"openai {self._fingerprint}".strip()

    def close(self) -> None:
        """Nothing to free: the model is the server's."""

    def complete(
        self, requests: Sequence[Request], sampling: Sampling
    ) -> Generator[Completion | Failure, None, None]:
        """Answer or fail every request once, in whatever order they finish.

        The requests run on an event loop in a thread of its own, so the server is kept busy while the caller works.
        Closing the generator cancels what is under way. ModelError where the server refuses a request for good.
        """
        outcomes: SimpleQueue[Completion | Failure | None] = SimpleQueue()
        self._secrets.headers()  # one that cannot be sent is met here
        self._under_way = min(self.settings.concurrency, len(requests))
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
        body = body_of(request, self.name, sampling, self.engine)
        tries = 0
        while True:
            try:
                outcome = await self._try(client, request.id, body, sampling.max_tokens)
                if isinstance(outcome, Failure) and outcome.reason == "refused_by_server":
                    self._outage.refused(request.id, outcome.detail)
                else:
                    self._outage.answered()
                return outcome
            except TryAgain as fault:
                tries += 1
                if fault.reached:
                    self._outage.reached()
                if tries > self.settings.max_retries or fault.wait > LONGEST_RETRY_AFTER:
                    return self._given_up(request.id, fault, tries)
                wait = fault.wait
            self.retries += 1
            longest = min(self.settings.backoff_cap_seconds, self.settings.backoff_seconds * 2 ** (tries - 1))
            await self._sleep(wait + random.uniform(0, longest))

    def _given_up(self, row: str, fault: TryAgain, tries: int) -> Failure:
        """The row's failure; ModelError where it is one of so many that the server must be away."""
        said = self._line(fault.detail)
        self._outage.given_up(row, said, tries, reached=fault.reached, under_way=self._under_way)
        return Failure(row, fault.reason, f"{said} (tries: {tries})")

    async def _try(
        self, client: httpx.AsyncClient, row: str, body: dict[str, Any], max_tokens: int
    ) -> Completion | Failure:
        seconds = self.settings.timeout_seconds
        try:
            async with asyncio.timeout(seconds):
                async with client.stream("POST", self.url, json=body, headers=PLAIN) as streamed:
                    response = await whole(streamed, round(self.settings.max_answer_mb * 1_000_000))
        except httpx.ConnectTimeout:
            detail = f"no connection within {min(seconds, CONNECT_SECONDS):g} s"
            raise TryAgain("timeout", detail, reached=False) from None
        except (TimeoutError, httpx.TimeoutException):
            raise TryAgain("timeout", f"no whole answer within {seconds:g} s") from None
        except httpx.TransportError as error:
            reached = not isinstance(error, httpx.ConnectError)
            raise TryAgain("server_error", f"{type(error).__name__}: {error}", reached=reached) from None
        return self.outcome_of(row, response, max_tokens)

    def outcome_of(self, row: str, response: httpx.Response, max_tokens: int) -> Completion | Failure:
        """What the response is for the row. TryAgain where another try may do better; ModelError where none would."""
        if response.is_success:
            return self._read(row, response, max_tokens)
        said = self._line(f"HTTP {response.status_code}: {replies.error_message(response)}")  # now: a traceback may show it
        if (fault := replies.fault_of(response)) == "passes":
            reason = replies.may_pass(response.status_code) or "server_error"
            raise TryAgain(reason, said, replies.retry_after(response.headers.get("retry-after"), self._now()))
        if fault == "row" or (fault == "request" and self._outage.rows_answered):  # others, asked the same way, were answered
            return Failure(row, "refused_by_server", said)
        raise ModelError(f"row {row}: {self.url}: {said}{self._hint(response.status_code, fault)}; finished rows are kept")

    def _read(self, row: str, response: httpx.Response, max_tokens: int) -> Completion | Failure:
        reply = replies.read_reply(row, response, max_tokens)
        if isinstance(reply.outcome, Failure):
            return replace(reply.outcome, detail=self._line(reply.outcome.detail))
        secrets = self._secrets.values()
        self._fingerprint, model = scrubbed(reply.fingerprint, secrets), scrubbed(reply.model, secrets)
        if model and model != self._model_said:
            if not replies.same_model(self.name, model):
                say(f"{self.url} was asked for {self.name}, and says that {self._line(model)} answered")
            self._model_said = model
        if not reply.outcome.prompt_tokens and not self._said_no_usage:
            self._said_no_usage = True
            say(f"{self.url} reports no token usage: its tokens are counted as 0")
        return replace(reply.outcome, text=scrubbed(reply.outcome.text, secrets))

    def _authorized(self, request: httpx.Request) -> httpx.Request:
        """With the key where there is one; servers of one's own need none. The request alone ever holds it."""
        request.headers.update(self._secrets.headers())
        return request

    def _hint(self, status: int, fault: replies.Fault) -> str:
        if fault == "request":
            return "; see leave_out, rename, extra_body and fold_system of engine.openai"
        if status in (401, 403):
            there = "" if self._secrets.key else ", which is not set"
            return f"; the key is read from the environment variable {self.server.api_key_env}{there}"
        return f"; check base_url and the model's name, {self.name}" if status in (301, 302, 307, 308, 404) else ""

    def _line(self, text: str) -> str:
        return replies.one_line(scrubbed(text, self._secrets.values()))


def _run(loop: asyncio.AbstractEventLoop, work: asyncio.Task[None], outcomes: SimpleQueue[Any]) -> None:
    """The thread: run `work` to its end or its cancellation, then say that there is no more."""
    try:
        loop.run_until_complete(asyncio.wait([work]))
        _ = work.cancelled() or work.exception()  # seen, so that asyncio does not complain of an error nobody read
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()
        outcomes.put(None)


BACKEND = OpenaiBackend
