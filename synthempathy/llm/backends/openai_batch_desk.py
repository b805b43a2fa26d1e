"""The batches under way: found again from an earlier run, made where there are none, and watched until they end.

No row is in two batches: before one is made, the records here are read, and then the server's own list.
"""

from __future__ import annotations

import tempfile
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace

from synthempathy.core.errors import ModelError
from synthempathy.core.progress import PLAIN_LINE_EVERY_SECONDS, say
from synthempathy.llm.backends import Request
from synthempathy.llm.backends.openai_batch_http import Batch, BatchApi, Refused
from synthempathy.llm.backends.openai_batch_lines import Asker, write_requests
from synthempathy.llm.backends.openai_batch_making import Maker
from synthempathy.llm.backends.openai_batch_records import Record, Records
from synthempathy.llm.backends.openai_replies import TryAgain
from synthempathy.llm.forecast import duration
from synthempathy.llm.params import BatchSpeed, ServerSpeed

#: A server that does not say how a batch stands is waited for so long: a laptop sleeps, a proxy restarts.
PATIENCE_SECONDS = 3600.0


@dataclass
class Asked:
    """A row without an outcome: its requests (equal ones are asked once), and in how many batches it got none.

    `again`: it waits for the batches under way to end, so that all that failed in them go into one.
    """

    requests: list[Request]
    tries: int = 0
    again: bool = False


@dataclass
class UnderWay:
    """A batch, and the rows that are wanted of it. `known` is False where nothing here knew of it, and it had ended.

    `running` says that it was seen before it ended.
    """

    record: Record
    batch: Batch
    rows: list[str]
    known: bool = True
    running: bool = False


class Desk:
    """The batches of one server that hold rows of one call."""

    def __init__(
        self, base_url: str, api: BatchApi, records: Records, asker: Asker, speed: ServerSpeed, batching: BatchSpeed, *,
        hint: Callable[[Refused], str], sleep: Callable[[float], None], now: Callable[[], float], until: float | None,
    ) -> None:
        self._base_url, self._api, self._records, self._asker = base_url, api, records, asker
        self._maker = Maker(base_url, api, records, speed)
        self._batching, self._hint = batching, hint
        self._sleep, self._now, self._until = sleep, now, until
        self.under_way: list[UnderWay] = []
        self._at_most = batching.max_batches
        self._done: set[str] = set()
        self._silent_since: float | None = None
        self._said, self._said_at, self._rows_done = "", 0.0, 0

    def fill(self, rows: dict[str, Asked]) -> None:
        """See to it that rows are in batches, as many as may be under way. ModelError where the server will not."""
        taken = {row for one in self.under_way for row in one.rows}
        free = {key: asked for key, asked in rows.items() if key not in taken and not asked.again}
        if not free and not self.under_way:
            free = dict(rows)
            for asked in rows.values():
                asked.again = False
        if not free:
            return
        try:
            with self._records.lock():
                self._find(free)
                while free and len(self.under_way) < self._at_most:
                    self._make(free)
        except Refused as refused:
            raise ModelError(f"{self._base_url}: {refused.detail}{self._hint(refused)}; finished rows are kept") from None
        except TryAgain as fault:
            raise ModelError(f"no batch from {self._base_url}: {fault.detail}; run again later: finished rows are kept") from None

    def ended(self) -> list[UnderWay]:
        """Ask how the batches stand; those that have ended. ModelError where that cannot be known."""
        for one in self.under_way:
            one.running = one.running or not (one.batch.ended or one.batch.status == "cancelling")
            try:
                one.batch = self._api.batch(one.batch.id)
                self._silent_since = None
            except TryAgain as fault:
                self._silent_since = self._silent_since or self._now()
                if self._now() - self._silent_since > PATIENCE_SECONDS:
                    raise ModelError(f"{self._base_url} has not answered for an hour: {fault.detail}") from None
            except Refused as refused:
                raise self._unknown(one.record, refused) from None
        self._tell()
        return [one for one in self.under_way if one.batch.ended]

    def wait(self) -> None:
        """Until the next look. ModelError where this run has waited long enough."""
        if self._until is not None and self._now() >= self._until:
            hours = self._batching.max_wait_hours
            raise ModelError(f"not finished within {hours:g} hours (machine.openai_batch.max_wait_hours); finished rows are kept")
        self._sleep(self._batching.poll_seconds)

    def done(self, one: UnderWay) -> None:
        """All of it that was wanted is taken up."""
        self.under_way.remove(one)
        self._done.add(one.batch.id)
        self._rows_done += len(one.rows)
        if one.batch.status == "failed":  # nothing is left of it for anyone
            self._records.remove(one.record)
        elif one.known:
            self._records.taken(one.record, set(one.rows))

    def queue_is_full(self, said: str) -> None:
        """The server takes no more at once than it has: its rows wait for the others. ModelError where there are none."""
        if not self.under_way:
            raise ModelError(
                f"{self._base_url}: {said}, though no batch of this run is under way; lower "
                "machine.openai_batch.max_requests, or run again when others have ended: finished rows are kept"
            )
        self._at_most = len(self.under_way)

    def going_on(self) -> str:
        """What to tell who is stopped, or whom an error stops; "" where nothing is under way."""
        ids = [one.batch.id for one in self.under_way if not one.batch.ended]
        if not ids:
            return ""
        name, go = (f"the batch {ids[0]}", "goes") if len(ids) == 1 else (f"{len(ids)} batches", "go")
        return f"{name} {go} on at the server, and `dvc repro`, or the same command, fetches what comes; finished rows are kept"

    def _find(self, free: dict[str, Asked]) -> None:
        """Take up the batches that earlier runs, or other processes, have made for rows that are free."""
        here = {one.record.number for one in self.under_way}
        for record in self._records.all():
            rows = [row for row in record.rows if row in free]
            if not rows or record.number in here:
                continue
            if record.batch is None:  # whoever made it died, for the lock is ours
                found = self._maker.made(record) if record.input_file else None
                if found is None:
                    self._records.remove(record)
                    continue
                record = replace(record, batch=found.id)
                self._records.write(record)
            self._take(record, rows, free)
            age = duration(max(0.0, self._now() - record.made))
            say(f"{self._base_url}: batch {record.batch} found again, made {age} ago, with {len(rows):,} of these rows")

    def _make(self, free: dict[str, Asked]) -> None:
        """A batch of as many of the free rows as one file holds."""
        with tempfile.TemporaryFile(dir=self._records.folder) as file:
            asked = ((key, one.requests[0]) for key, one in free.items())
            rows, content = write_requests(self._asker, asked, file, self._batching)
            record = Record(uuid.uuid4().hex, self._base_url, content, self._now(), rows)
            if (found := self._maker.lost(content, self._done)) is not None:
                record = replace(record, batch=found.id)
                if not found.ended:
                    self._records.write(record)
                self._take(record, rows, free, known=not found.ended)
                say(f"{self._base_url}: batch {found.id} is there already, with these {len(rows):,} rows")
                return
            self._records.write(record)
            try:
                record = replace(record, input_file=self._api.upload(file, f"synthempathy-{record.number}.jsonl"))
            except (TryAgain, Refused):
                self._records.remove(record)
                raise
        self._records.write(record)
        batch = self._maker.create(record, others=bool(self.under_way))
        if batch is None:
            self._at_most = len(self.under_way)
            return
        self._records.write(record := replace(record, batch=batch.id))
        self._take(record, rows, free)
        say(f"{self._base_url}: batch {batch.id} made, {len(rows):,} requests")

    def _take(self, record: Record, rows: list[str], free: dict[str, Asked], *, known: bool = True) -> None:
        try:
            batch = self._api.tried(lambda: self._api.batch(record.batch or ""))
        except Refused as refused:
            raise self._unknown(record, refused) from None
        self.under_way.append(UnderWay(record, batch, rows, known))
        for row in rows:
            del free[row]

    def _unknown(self, record: Record, refused: Refused) -> ModelError:
        path = self._records.folder / f"{record.number}.json"
        out = f"; if it is gone, remove {path}, and its rows are asked, and paid, again" if refused.status in (404, 410) else ""
        return ModelError(f"{self._base_url}: batch {record.batch}: {refused.detail}{self._hint(refused)}{out}")

    def _tell(self) -> None:
        finished = self._rows_done + sum(one.batch.finished for one in self.under_way)
        total = self._rows_done + sum(one.batch.total or len(one.record.rows) for one in self.under_way)
        count = len(self.under_way)
        told = f"{count} {'batch' if count == 1 else 'batches'} under way, {finished:,}/{total:,} requests finished"
        if told != self._said and time.monotonic() - self._said_at >= PLAIN_LINE_EVERY_SECONDS:
            self._said, self._said_at = told, time.monotonic()
            say(f"{self._base_url}: {told}")
