"""How far two annotators agree, where they do not, and how conflicts are settled into the filter's one file.

Cohen's kappa (1960) is agreement beyond chance: 1 is full agreement, 0 what chance would give. It is of the pairs on which
both decided, keep or drop; a pair that one skipped, or did not see, counts in neither figure.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from synthempathy.core.errors import InputError
from synthempathy.core.harmless import harmless
from synthempathy.filters.decisions import Decision, Decisions, Key, read_decisions, record_decisions
from synthempathy.reviewing.desk import Opinion, is_decided, read_if_there

ANSWERS = ("keep", "drop")


@dataclass(frozen=True)
class Agreement:
    """Two annotators' decisions on the same pairs.

    Attributes:
        names: what the two are called: their files without `decisions-` and ending.
        both: (first, second) of each pair that both decided, in the order of ids.
        alone: how many pairs each decided alone.
    """

    names: tuple[str, str]
    both: dict[Key, tuple[Decision, Decision]]
    alone: tuple[int, int]

    @property
    def kappa(self) -> float | None:
        """Cohen's kappa, -1 to 1; None where it is not defined, because nothing was decided by both, or all of it alike."""
        first, second = ([pair[side].what for pair in self.both.values()] for side in (0, 1))
        if len({*first, *second}) < 2:
            return None
        from sklearn.metrics import cohen_kappa_score  # seconds to import

        return float(cohen_kappa_score(first, second, labels=list(ANSWERS)))

    @property
    def conflicts(self) -> dict[Key, tuple[Decision, Decision]]:
        """The pairs that one keeps and the other drops."""
        return {key: pair for key, pair in self.both.items() if pair[0].what != pair[1].what}

    @property
    def opinions(self) -> dict[Key, list[Opinion]]:
        """The conflicts as a desk shows them."""
        return {key: [Opinion(*one) for one in zip(self.names, pair, strict=True)] for key, pair in self.conflicts.items()}

    def text(self) -> str:
        """Counts, agreement, kappa, and the conflicts row by row."""
        counts = {(a, b): 0 for a in ANSWERS for b in ANSWERS}
        for first, second in self.both.values():
            counts[first.what, second.what] += 1
        total, same = len(self.both), len(self.both) - len(self.conflicts)
        one, other = (harmless(name) for name in self.names)
        width = max(len(one), 4) + 6
        lines = [
            f"{total} pairs decided by both; {self.alone[0]} by {one} alone, {self.alone[1]} by {other} alone",
            f"{'':<{width}} {other} keep  {other} drop",
            *(
                f"{f'{one} {a}':<{width}} {counts[a, 'keep']:>{len(other) + 5}}  {counts[a, 'drop']:>{len(other) + 5}}"
                for a in ANSWERS
            ),
        ]
        lines.append(f"agreement: {same} of {total}" + (f", {100 * same / total:.1f}%" if total else ""))
        reason = "nothing was decided by both" if not total else "both gave one answer to all"
        kappa = self.kappa
        lines.append(f"Cohen's kappa: {'not defined, ' + reason if kappa is None else f'{kappa:.2f}'}")
        lines.append(f"conflicts: {len(self.conflicts)}")
        for (id, digest), (first, second) in self.conflicts.items():
            lines.append(f"  {harmless(id)}  {digest}  {harmless(first.reason or second.reason)}")
            lines += [f"    {name}: {_words(decision)}" for name, decision in ((one, first), (other, second))]
        return "\n".join(lines)


def agreement(first: Path, second: Path) -> Agreement:
    """Compare two annotators' files. InputError for one that cannot be read."""
    files = _read(first), _read(second)
    decided = [{key for key, one in file.items() if is_decided(one)} for file in files]
    both = {key: (files[0][key], files[1][key]) for key in sorted(decided[0] & decided[1])}
    alone = len(decided[0] - decided[1]), len(decided[1] - decided[0])
    names = _name(first), _name(second)
    if names[0] == names[1]:
        names = str(first), str(second)
    return Agreement(names, both, alone)


@dataclass(frozen=True)
class Settling:
    """What of two annotators' decisions goes where: `agreed` were written, `standing` were decided in the file before."""

    agreed: int
    standing: int
    waiting: dict[Key, list[Opinion]]
    alone: int

    def text(self, path: Path) -> str:
        """In words."""
        return (
            f"review: {self.agreed} on which both agree went into {path}, {self.standing} stood there before; "
            f"{len(self.waiting)} conflicts wait, {self.alone} pairs were decided by one alone and stay in the queue"
        )


def settle(found: Agreement, path: Path) -> Settling:
    """Write what both agree on into `path`, at once; what is decided there already stays. Conflicts wait for a person."""
    there = read_if_there(path)
    fresh: Decisions = {
        key: Decision(first.what, first.reason or second.reason, _notes(found.names, first, second))
        for key, (first, second) in found.both.items()
        if key not in found.conflicts and not is_decided(there.get(key))
    }
    if fresh:
        record_decisions(path, fresh)
    waiting = {key: both for key, both in found.opinions.items() if not is_decided(there.get(key))}
    standing = sum(is_decided(there.get(key)) for key in found.both)
    return Settling(len(fresh), standing, waiting, sum(found.alone))


def _read(path: Path) -> Decisions:
    if not path.is_file():
        raise InputError("no such file", file=path, hint="an annotator's file is written by `synthempathy review --annotator`")
    return read_decisions(path)


def _name(path: Path) -> str:
    return path.stem.removeprefix("decisions-")


def _words(decision: Decision) -> str:
    return f"{decision.what}, {harmless(decision.note)}" if decision.note else decision.what


def _notes(names: tuple[str, str], first: Decision, second: Decision) -> str:
    """Both notes as one, each with its writer's name; the same note once."""
    if first.note == second.note:
        return first.note
    return "; ".join(f"{name}: {one.note}" for name, one in zip(names, (first, second), strict=True) if one.note)
