"""Agreement with labels, calibration and confusion; cross-validation of any scorer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthempathy.core.progress import Advance
from synthempathy.scorers.base import Dimension, Floats, PairScorer
from synthempathy.scorers.labelled import LabelledPair
from synthempathy.scorers.validation import agreement, calibration, calibration_error, confusion, cross_validate
from tests.helpers.empathy import DIMENSIONS


def test_agreement_by_hand() -> None:
    figures = agreement(np.array([0, 0, 1, 2]), np.array([0, 1, 1, 2]))
    assert figures["accuracy"] == 0.75
    assert figures["f1_0"] == pytest.approx(2 / 3)
    assert figures["f1_1"] == pytest.approx(2 / 3)
    assert figures["f1_2"] == 1.0
    assert figures["macro_f1"] == pytest.approx(7 / 9)
    chance = (2 * 1 + 1 * 2 + 1 * 1) / 16  # labels 2, 1, 1; guesses 1, 2, 1
    assert figures["kappa"] == pytest.approx((0.75 - chance) / (1 - chance))


def test_calibration_error_by_hand() -> None:
    likely = np.array([[0.75, 0.15, 0.1], [0.1, 0.15, 0.75], [0.96, 0.04, 0.0], [1.0, 0.0, 0.0]])
    labels = np.array([0, 0, 0, 1])
    assert calibration(labels, likely) == [(7, 0.75, 0.5, 2), (9, pytest.approx(0.98), 0.5, 2)]
    assert calibration_error(labels, likely) == pytest.approx((0.25 + 0.48) / 2)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=30))
def test_every_pair_stands_in_one_cell_and_one_bin(pairs: list[tuple[int, int]]) -> None:
    labels, predicted = np.array([a for a, _ in pairs]), np.array([g for _, g in pairs])
    assert {(a, g): n for a, g, n in confusion(labels, predicted) if n} == {pair: pairs.count(pair) for pair in set(pairs)}
    assert sum(n for *_, n in calibration(labels, np.eye(3)[predicted])) == len(pairs)
    assert calibration_error(labels, np.eye(3)[predicted]) == pytest.approx(1 - np.mean(labels == predicted))


class Remembering(PairScorer):
    """Knows the replies that it learned from, and says level 2 for these, 0 for others."""

    def __init__(self, pairs: Sequence[LabelledPair]) -> None:
        self.posts = {pair.explanation for pair in pairs}

    def probabilities(
        self, explanations: Sequence[str], responses: Sequence[str], *, advance: Advance | None = None,
    ) -> dict[Dimension, Floats]:
        likely = np.array([[0.1, 0.0, 0.9] if e in self.posts else [0.9, 0.1, 0.0] for e in explanations])
        return {m: likely for m in DIMENSIONS}

    def save(self, folder: Path) -> None:
        raise NotImplementedError


def test_no_pair_is_judged_by_a_scorer_that_saw_its_post() -> None:
    pairs = [
        LabelledPair(
            f"post {n // 3}", f"reply {n}", {"er": n % 3, "ip": None if n < 6 else 0, "ex": 1}, dict.fromkeys(DIMENSIONS, ()),
        )
        for n in range(30)
    ]
    runs: list[str] = []

    def train(part: Sequence[LabelledPair], run: str) -> Remembering:
        runs.append(run)
        return Remembering(part)

    predictions = cross_validate(pairs, 4, 1, train)
    assert runs == ["fold-0", "fold-1", "fold-2", "fold-3"]
    assert all((predictions.levels[m] == 0).all() for m in DIMENSIONS)
    figures = predictions.metrics()
    assert {m: figures[m]["accuracy"] for m in DIMENSIONS} == {"er": pytest.approx(1 / 3), "ip": 1.0, "ex": 0.0}
    assert len(predictions.labelled("ip")[0]) == 24  # pairs without this label are left out
