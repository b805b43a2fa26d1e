"""Having a batch made once and no second time, whatever is lost on the way: the answer, this process, or its record.

A batch carries the number of its record and the digest of its file as metadata. Before it is asked for again, the server's
own list is read: one that was made, though nobody lived to write that down, stands there.
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import islice

from synthempathy.core.progress import say
from synthempathy.llm.backends.openai import LONGEST_RETRY_AFTER
from synthempathy.llm.backends.openai_batch_http import Batch, BatchApi, Refused
from synthempathy.llm.backends.openai_batch_records import Record, Records
from synthempathy.llm.backends.openai_replies import TryAgain
from synthempathy.llm.params import ServerSpeed

#: By which a batch is known in the server's list: its record's number, and the digest of its file.
NUMBER, CONTENT = "synthempathy_batch", "synthempathy_content"
_CLOCKS_APART = 3600.0  # seconds, this machine's and the server's, at most
_LISTED = 500  # of the server's batches, looked through for one whose record is lost
_NO_LIST = (400, 404, 405, 501)


class Maker:
    """Makes the batches of one server."""

    def __init__(self, base_url: str, api: BatchApi, records: Records, speed: ServerSpeed) -> None:
        self._base_url, self._api, self._records, self._speed = base_url, api, records, speed
        self._listed: list[Batch] | None = None

    def create(self, record: Record, *, others: bool) -> Batch | None:
        """Have the server make it, once. None where it has no room beside the others that are under way."""
        tries = 0
        while True:
            try:
                return self._api.create(record.input_file or "", {NUMBER: record.number, CONTENT: record.content})
            except Refused:
                self._records.remove(record)
                raise
            except TryAgain as fault:
                said_no = fault.reason == "rate_limited" or not fault.reached
                if not said_no and (found := self.made(record)) is not None:  # only its answer was lost
                    return found
                tries += 1
                if tries > self._speed.max_retries or fault.wait > LONGEST_RETRY_AFTER:
                    if said_no:
                        self._records.remove(record)
                    if fault.reason == "rate_limited" and others:
                        return None
                    raise
                self._api.pause(tries, fault.wait)

    def made(self, record: Record) -> Batch | None:
        """The batch of a record that names none, if it was made."""
        try:
            for batch in self._api.batches():
                if (batch.metadata or {}).get(NUMBER) == record.number or batch.input_file == record.input_file:
                    return batch
                if batch.created < record.made - _CLOCKS_APART:
                    break
        except Refused as refused:
            if refused.status not in _NO_LIST:
                raise
            say(f"{self._base_url} does not list its batches: if one was made as a run ended, it is not found, and made again")
        return None

    def lost(self, content: str, taken: Collection[str]) -> Batch | None:
        """The newest batch of a file with this digest that is not taken up, and still holds something."""
        if self._listed is None:
            try:
                self._listed = list(islice(self._api.batches(), _LISTED))
            except Refused:  # if the key is refused, so is the upload, which says it
                self._listed = []
        for batch in self._listed:
            same = (batch.metadata or {}).get(CONTENT) == content
            if same and batch.id not in taken and (batch.files or not batch.ended):
                return batch
        return None
