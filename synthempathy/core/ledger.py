"""The ledger: rows in = rows out + rows dropped, by reason, checked at the end of every stage."""

from __future__ import annotations

from collections import Counter

from synthempathy.core.errors import ConservationError


class Ledger:
    """Counts what a stage does with its rows.

    >>> ledger = Ledger("dedup", rows_in=3)
    >>> ledger.drop("exact")
    >>> ledger.close(rows_out=2)
    {'rows_in': 3, 'rows_out': 2, 'dropped': {'exact': 1}}
    """

    def __init__(self, stage: str, rows_in: int, reasons: tuple[str, ...] = ()) -> None:
        """`reasons` named here appear in the metrics even at 0, so that diffs show them move."""
        self.stage, self.rows_in = stage, rows_in
        self._dropped: Counter[str] = Counter(dict.fromkeys(reasons, 0))

    def drop(self, reason: str, rows: int = 1) -> None:
        """Count `rows` rows as dropped for `reason`."""
        self._dropped[reason] += rows

    def close(self, rows_out: int) -> dict[str, object]:
        """The stage's row metrics. Raises ConservationError if a row was lost or made."""
        dropped = sum(self._dropped.values())
        if self.rows_in != rows_out + dropped:
            raise ConservationError(
                f"{self.stage}: rows_in {self.rows_in} != rows_out {rows_out} + dropped {dropped}; "
                "nothing was written; this is a defect, please report it"
            )
        return {"rows_in": self.rows_in, "rows_out": rows_out, "dropped": dict(sorted(self._dropped.items()))}
