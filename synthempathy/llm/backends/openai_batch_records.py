"""What is known here of the batches under way at servers, so that a run that was killed finds them again.

    STORE.batches/NUMBER.json    beside the store: one file a batch, written whole and brought to the disk

A record is written before anything is sent, again with the id of the uploaded file before a batch is asked for, and again
with the batch's id. So whoever reads it after a kill knows what may be there. It goes when the batch's answers are in the
store; where a run died as it read them, the rows that were stored then stay named until the record is old. Rows are known
by what determines them (`Asker.row_key` of openai_batch_lines.py), so a record serves whatever step asks.
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from filelock import FileLock

from synthempathy.core.errors import InputError
from synthempathy.core.files import read_text, written_whole

#: After so long no server keeps a batch's files (OpenAI: 30 days).
_OLDEST_SECONDS = 90 * 86_400.0


@dataclass(frozen=True)
class Record:
    """A batch: `number` is its own name and stands in its metadata, `content` is a digest of its file.

    `rows` are the keys of its lines, in the file's order. `batch` is None until it is known that there is one.
    """

    number: str
    base_url: str
    content: str
    made: float  # Unix time
    rows: list[str]
    input_file: str | None = None
    batch: str | None = None


class Records:
    """The records of one server's batches."""

    def __init__(self, folder: Path, base_url: str) -> None:
        self.folder, self._base_url = folder, base_url

    def lock(self) -> FileLock:
        """To be held while it is looked for batches and new ones are made: two processes do not make the same."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return FileLock(self.folder / "lock")

    def all(self) -> list[Record]:
        """The oldest first. InputError where one cannot be read: to pass over it might be to pay twice."""
        found = [self._read(path) for path in sorted(self.folder.glob("*.json"))]
        mine = [record for record in found if record.base_url == self._base_url]
        for record in mine:
            if time.time() - record.made > _OLDEST_SECONDS:
                self.remove(record)
        return sorted((one for one in mine if time.time() - one.made <= _OLDEST_SECONDS), key=lambda one: (one.made, one.number))

    def write(self, record: Record) -> None:
        """Keep it, in place of what was known of it before."""
        with written_whole(self._path(record)) as (part,):
            part.write_text(json.dumps(asdict(record)) + "\n", encoding="utf-8")

    def remove(self, record: Record) -> None:
        """Forget it."""
        self._path(record).unlink(missing_ok=True)

    def taken(self, record: Record, rows: Collection[str]) -> None:
        """These rows of it are taken up; the others are left for a run that wants them."""
        left = [row for row in record.rows if row not in rows]
        if left:
            self.write(replace(record, rows=left))
        else:
            self.remove(record)

    def _path(self, record: Record) -> Path:
        return self.folder / f"{record.number}.json"

    def _read(self, path: Path) -> Record:
        try:
            found: dict[str, Any] = json.loads(read_text(path))
            record = Record(**found)
            good = set(found) == {field.name for field in fields(Record)} and path.stem == record.number and all(
                isinstance(row, str) for row in record.rows
            )
        except (ValueError, TypeError):
            good = False
        if not good:
            raise InputError(
                "no record of a batch", file=path,
                hint="restore it, or remove it: the batch that it named is then asked for, and paid, again",
            )
        return record
