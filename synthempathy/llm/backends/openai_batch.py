"""The OpenAI batch backend: the openai backend's requests, sent as files to a server's batch API, mostly at half price.

A file goes up, a batch is made of it, the server works on it for hours, and its answers are fetched: finished rows are
handed over at once, rows that expired or failed for the server's reasons go into the next batch, up to
machine.openai_batch.max_retries times, and what the server refuses of a row is that row's `Failure`. All that is known
of a batch stands beside the store (`openai_batch_records.py`), so a run that is killed, or is started again the next day,
finds what is under way and pays for no row twice (`openai_batch_desk.py`).

How a request looks and what an answer means is the openai backend's, by its own code. So is the store's key: the same
server is asked the same body with the same seed for the same model, and what differs is when it answers and what that
costs, not what it draws from. A corpus half written by a batch is finished live, and the other way round, and nothing is
asked twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import httpx2 as httpx

from synthempathy.core.command import when_stopped
from synthempathy.core.errors import ModelError
from synthempathy.core.progress import say
from synthempathy.llm.backends import Completion, Failure, Request
from synthempathy.llm.backends import openai_replies as replies
from synthempathy.llm.backends.openai import OpenaiBackend
from synthempathy.llm.backends.openai_batch_desk import Asked, Desk, UnderWay
from synthempathy.llm.backends.openai_batch_http import BatchApi, Refused
from synthempathy.llm.backends.openai_batch_lines import Asker, CutShort, Result, read_results
from synthempathy.llm.backends.openai_batch_records import Records
from synthempathy.llm.backends.openai_replies import TryAgain
from synthempathy.llm.loading import Model
from synthempathy.llm.params import Engine, Machine, Sampling

#: Why a batch that ended holds nothing of a row.
_MISSING = {
    "expired": Result("", None, "timeout", "the batch expired before it was answered"),
    "cancelled": Result("", None, "server_error", "the batch was cancelled before it was answered"),
    "failed": Result("", None, "server_error", "the batch failed"),
}
_NO_LINE = Result("", None, "bad_response", "no line of a readable length in the batch's files")
#: Codes of a failed batch that another one may not meet.
_PASSING = ("server_error", "internal_error", "internal_server_error", "service_unavailable")


class OpenaiBatchBackend(OpenaiBackend):
    """A model behind a server's batch API. `sleep` and `now` are for tests."""

    by_files = True

    def __init__(
        self, model: Model, engine: Engine, machine: Machine, *,
        sleep: Callable[[float], None] = time.sleep, now: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(model, engine, machine)
        self.batching, base_url = machine.openai_batch, self.server.base_url.rstrip("/")
        self.url = f"{base_url}/batches"
        store = Path(machine.store)
        self._records = Records(store.with_name(f"{store.name}.batches"), base_url)
        self._wait, self._clock, self._until = sleep, now, self._end_of_waiting(now())
        self._api = BatchApi(
            base_url, self.settings, self.batching, authorized=self._authorized, line=self._line, sleep=sleep, now=now,
        )

    @property
    def version(self) -> str:
        return f"openai_batch {self._fingerprint}".strip()

    def complete(
        self, requests: Sequence[Request], sampling: Sampling
    ) -> Generator[Completion | Failure, None, None]:
        """Answer or fail every request once, as batches end. Closing the generator leaves them going on at the server.

        ModelError where the server refuses them for good, or this run has waited long enough.
        """
        self._secrets.headers()  # one that cannot be sent is met here
        asker, rows = Asker(self.name, sampling, self.engine), dict[str, Asked]()
        for request in requests:
            rows.setdefault(asker.row_key(request), Asked([])).requests.append(request)
        desk = Desk(
            self.server.base_url.rstrip("/"), self._api, self._records, asker, self.settings, self.batching,
            hint=self._hint_of, sleep=self._wait, now=self._clock, until=self._until,
        )
        before = when_stopped(lambda: desk.going_on() or before())
        try:
            while rows:
                desk.fill(rows)
                ended = desk.ended()
                for one in ended:
                    yield from self._taken(one, rows, sampling.max_tokens, desk)
                if rows and not ended:
                    desk.wait()
        except ModelError as error:
            also = desk.going_on()
            raise ModelError(f"{error}{'; ' if also else ''}{also}") from None
        finally:
            when_stopped(before)

    def close(self) -> None:
        """Let the connections go: batches under way go on at the server."""
        self._api.close()

    def _taken(
        self, one: UnderWay, rows: dict[str, Asked], max_tokens: int, desk: Desk
    ) -> Iterator[Completion | Failure]:
        """What a batch that has ended holds for the rows: answers first, so that they are kept whatever the rest is."""
        failing: dict[str, Result | Failure] = {}
        left, answered = set(one.rows), 0
        for file in one.batch.files:
            for result in self._results(file, one):
                if result.key not in left:  # of another run, or a second time
                    continue
                outcome = self._read_result(result, rows[result.key].requests[0].id, max_tokens)
                if not isinstance(outcome, Completion):
                    failing[result.key] = outcome
                    continue
                left.remove(result.key)
                failing.pop(result.key, None)
                answered += 1
                self._outage.answered()
                for request in rows.pop(result.key).requests:
                    yield replace(outcome, id=request.id)
        desk.done(one)
        if not one.known:  # nothing here knew of it: what it left out is asked anew
            return
        if one.batch.status == "cancelled" and one.running and left:
            raise ModelError(
                f"{self.url}: batch {one.batch.id} was cancelled, with {len(left):,} rows left; run again to ask them: "
                "finished rows are kept"
            )
        refused = self._refused_lines(one, desk) if one.batch.status == "failed" else {}
        if refused is None:
            return
        for key in (row for row in one.rows if row in left):
            if refused and key not in refused:  # its file held others that the server refused to read
                continue
            found = refused.get(key) or failing.get(key) or _MISSING.get(one.batch.status, _NO_LINE)
            yield from self._failed(key, found, rows, max_tokens, answered)

    def _read_result(self, result: Result, row: str, max_tokens: int) -> Completion | Failure | Result:
        """What is to be handed over; the result itself where it is to be judged when all answers are known."""
        if result.response is None or not result.response.is_success:
            return result
        try:
            return self.outcome_of(row, result.response, max_tokens)
        except TryAgain as fault:
            return Result(result.key, None, fault.reason, self._line(fault.detail))

    def _failed(
        self, key: str, found: Result | Failure, rows: dict[str, Asked], max_tokens: int, answered: int
    ) -> Iterator[Completion | Failure]:
        """The row's failure, if it is for good. ModelError where all are refused alike, or none is ever answered."""
        asked = rows[key]
        row = asked.requests[0].id
        try:
            outcome = found if isinstance(found, Failure) else self.outcome_of(row, found.tried(), max_tokens)
            if isinstance(outcome, Failure) and outcome.reason == "refused_by_server" and not answered:
                self._outage.refused(row, outcome.detail)
        except TryAgain as fault:
            said = self._line(fault.detail)
            asked.tries += 1
            if asked.tries <= self.batching.max_retries:
                self.retries += 1
                asked.again = True
                return
            if not answered:
                self._outage.given_up(row, said, asked.tries, reached=True, under_way=1)
            outcome = Failure(row, fault.reason, f"{said} (batches: {asked.tries})")
        for request in rows.pop(key).requests:
            yield replace(outcome, id=request.id)

    def _refused_lines(self, one: UnderWay, desk: Desk) -> dict[str, Result | Failure] | None:
        """The rows for which a whole batch failed, if it was for some of them; {} if another batch may do better.

        None where all of them wait for others to end. ModelError where it was for what all of them share.
        """
        faults, lines = one.batch.faults, one.record.rows
        said = "; ".join(fault.said for fault in faults[:3]) or "it does not say why"
        if any("token_limit" in fault.code or "enqueued token" in fault.said.lower() for fault in faults):
            desk.queue_is_full(said)
            return None
        own: dict[str, Result | Failure] = {
            lines[fault.line - 1]: Failure("", "refused_by_server", fault.said)
            for fault in faults if fault.line is not None and 1 <= fault.line <= len(lines) and _whose(fault.said) == "row"
        }
        if own and len(own) < len(lines):
            return own
        if any(fault.code.lower() in _PASSING for fault in faults):
            return {}
        hint = self._hint(400, "request") if _whose(said) == "request" else ""
        raise ModelError(f"{self.url}: batch {one.batch.id} failed: {said}{hint}; finished rows are kept")

    def _results(self, file: str, one: UnderWay) -> Iterator[Result]:
        """The results in a file, from its beginning again where it breaks off."""
        most, tries = round(self.settings.max_answer_mb * 1_000_000), 0
        while True:
            try:
                yield from read_results(self._api.content(file), most)
                return
            except Refused as refused:
                if refused.status not in (404, 410):
                    raise ModelError(f"{self.url}: answers of {one.batch.id}: {refused.detail}{self._hint_of(refused)}") from None
                say(f"{self.url}: the answers of batch {one.batch.id} are gone ({refused.detail}): its rows are asked again")
                return
            except TryAgain as fault:
                tries += 1
                if tries > self.settings.max_retries:
                    if isinstance(fault, CutShort):  # it is no longer than that
                        return
                    raise ModelError(
                        f"{self.url}: the answers of batch {one.batch.id} cannot be fetched: {self._line(fault.detail)} "
                        f"(tries: {tries}); they stay there, and the same command fetches them"
                    ) from None
                self._api.pause(tries, fault.wait)

    def _hint_of(self, refused: Refused) -> str:
        return self._hint(refused.status, refused.fault)

    def _end_of_waiting(self, now: float) -> float | None:
        hours = self.batching.max_wait_hours
        return None if hours is None else now + 3600 * hours


def _whose(said: str) -> replies.Fault:
    return replies.fault_of(httpx.Response(400, text=said))


BACKEND = OpenaiBatchBackend
