"""Cross-validation of any scorer: every pair is judged by one that saw neither it nor another reply to its post."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from synthempathy.scorers import Floats, Scorer
from synthempathy.scorers.agreement import agreement, calibration, calibration_error, confusion, groups
from synthempathy.scorers.labelled import LabelledPair
from synthempathy.scorers.mechanisms import LEVELS, MECHANISMS, Mechanism

#: Learns a scorer from pairs; the second argument names the training ("fold-0", ...).
Train = Callable[[Sequence[LabelledPair], str], Scorer]


@dataclass(frozen=True)
class Judged:
    """What a scorer thought of pairs that it had not seen: (pairs, 3) probabilities and (pairs,) levels a mechanism."""

    pairs: Sequence[LabelledPair]
    probabilities: dict[Mechanism, Floats]
    levels: dict[Mechanism, NDArray[np.intp]]

    def labelled(self, mechanism: Mechanism) -> tuple[NDArray[np.intp], NDArray[np.intp], Floats]:
        """Labels, guessed levels and probabilities of the pairs that have a label for `mechanism`."""
        known = [i for i, pair in enumerate(self.pairs) if pair.levels[mechanism] is not None]
        labels = np.array([self.pairs[i].levels[mechanism] for i in known], dtype=np.intp)
        return labels, self.levels[mechanism][known], self.probabilities[mechanism][known]

    def figures(self) -> dict[Mechanism, dict[str, float]]:
        """accuracy, macro_f1, kappa, f1_0..2 and calibration_error, a mechanism."""
        figures: dict[Mechanism, dict[str, float]] = {}
        for m in MECHANISMS:
            labels, guessed, likely = self.labelled(m)
            figures[m] = agreement(labels, guessed) | {"calibration_error": calibration_error(labels, likely)}
        return figures

    def write_calibration(self, path: Path) -> None:
        """A CSV of mechanism, bin, confidence, accuracy, pairs: see `synthempathy.scorers.agreement.calibration`."""
        _write(path, ("mechanism", "bin", "confidence", "accuracy", "pairs"), [
            (m, b, f"{sure:.6f}", f"{right:.6f}", pairs)
            for m in MECHANISMS
            for labels, _, likely in [self.labelled(m)]
            for b, sure, right, pairs in calibration(labels, likely)
        ])

    def write_confusion(self, path: Path) -> None:
        """A CSV of mechanism, actual, guessed, pairs: nine rows a mechanism."""
        _write(path, ("mechanism", "actual", "guessed", "pairs"), [
            (m, *cell) for m in MECHANISMS for labels, guessed, _ in [self.labelled(m)] for cell in confusion(labels, guessed)
        ])


def judge(scorer: Scorer, pairs: Sequence[LabelledPair]) -> Judged:
    """What `scorer` thinks of `pairs`."""
    explanations, responses = [p.explanation for p in pairs], [p.response for p in pairs]
    likely = scorer.probabilities(explanations, responses)
    return Judged(pairs, likely, scorer.levels_of(likely))


def cross_validate(
    pairs: Sequence[LabelledPair], folds: int, seed: int, train: Train, *, advance: Callable[..., None] | None = None,
) -> Judged:
    """Part the posts into `folds`, and judge each part by a scorer that `train` made from the others."""
    from sklearn.model_selection import GroupKFold

    numbers = groups([p.explanation for p in pairs])
    likely: dict[Mechanism, Floats] = {m: np.zeros((len(pairs), len(LEVELS))) for m in MECHANISMS}
    levels: dict[Mechanism, NDArray[np.intp]] = {m: np.zeros(len(pairs), dtype=np.intp) for m in MECHANISMS}
    parts = GroupKFold(folds, shuffle=True, random_state=seed).split(numbers, groups=numbers)
    for number, (learn, test) in enumerate(parts):
        judged = judge(train([pairs[i] for i in learn], f"fold-{number}"), [pairs[i] for i in test])
        for m in MECHANISMS:
            likely[m][test], levels[m][test] = judged.probabilities[m], judged.levels[m]
        if advance:
            advance()
    return Judged(pairs, likely, levels)


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(header)
        table.writerows(rows)
