"""Telling a server's fault (away, or refusing all alike) from a row's own: the one ends the run, the other costs the row."""

from __future__ import annotations

from synthempathy.core.errors import ModelError

#: So many rows given up one after the other, with no answer between them, are an outage: at least, and at most; between
#: the two as many as are under way at once.
ROWS_OF_AN_OUTAGE = (3, 8)
#: So many rows refused one after the other are a fault of what all of them share: as many as an outage's, or this share of
#: those answered so far, where that is more. A rerun asks again all that were refused, and they then come together.
SHARE_REFUSED = 0.25


class Outage:
    """Rows given up since the last answer, over a backend's life.

    A row that was given up while others were answered is no sign of an outage, however often it is asked again.
    """

    def __init__(self, base_url: str, concurrency: int) -> None:
        self._base_url = base_url
        least, most = ROWS_OF_AN_OUTAGE
        self._enough = max(least, min(most, concurrency))
        self._unreached = 0
        self._refused: set[str] = set()
        self.rows_answered = 0  # by this server, asked the same way: in this run, or in the store
        self._since: set[str] = set()
        self._amid_answers: set[str] = set()

    def answered(self) -> None:
        """A row was answered."""
        self.rows_answered += 1
        self._refused.clear()
        self._there()

    def refused(self, row: str, said: str) -> None:
        """A row was refused, as if for what it holds. ModelError where so many are that it cannot be for that."""
        self._there()
        self._refused.add(row)
        if len(self._refused) >= max(self._enough, SHARE_REFUSED * self.rows_answered):
            raise ModelError(
                f"{self._base_url} refuses row after row: {said}, in {len(self._refused)} rows with no answer between them; "
                "check prompt, sampling and engine.openai (leave_out, rename, fold_system): finished rows are kept"
            )

    def _there(self) -> None:
        """The server has read a row, and said something of it."""
        self._unreached = 0
        self._amid_answers |= self._since
        self._since.clear()

    def reached(self) -> None:
        """A connection came about, whatever followed."""
        self._unreached = 0

    def given_up(self, row: str, said: str, tries: int, *, reached: bool, under_way: int) -> None:
        """Count a row whose tries are used up. ModelError where it is one too many; `under_way` rows go on at once."""
        self._unreached += not reached
        if self._unreached >= under_way:
            raise ModelError(
                f"no server at {self._base_url}: {said}, in {self._unreached} rows of {tries} tries each; "
                "start it, or correct base_url, and run again: finished rows are kept"
            )
        if row not in self._amid_answers:
            self._since.add(row)
        if len(self._since) >= self._enough:
            raise ModelError(
                f"{self._base_url} has stopped answering: {said}, in {len(self._since)} rows one after the other of "
                f"{tries} tries each; run again when it is back: finished rows are kept"
            )
