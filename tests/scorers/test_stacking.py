"""The stack: nothing is judged by what had learned from it, authors are left out, and a rare level is still named."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from synthempathy.scorers.base import Dimension, Floats, Integers
from synthempathy.scorers.labelled import LabelledPair, authors_left_out
from synthempathy.scorers.levels import named_levels
from synthempathy.scorers.stacking import Stack
from synthempathy.scorers.validation import agreement
from tests.helpers.empathy import DIMENSIONS

#: EPITOME's interpretation has 4% of level 1.
SHARES = (0.53, 0.04, 0.43)


class Material:
    """Pairs with one noisy number for each level; readers remember what they learned from."""

    def __init__(self, pairs: Sequence[LabelledPair], noise: float = 1.0) -> None:
        self.pairs = pairs
        labels = np.array([pair.levels["ip"] or 0 for pair in pairs])
        self._odds = np.eye(3)[labels][:, 1:] + np.random.default_rng(3).normal(size=(len(pairs), 2)) * noise
        self.asked: list[tuple[frozenset[int], frozenset[int]]] = []

    def readers(self, learn: Integers) -> frozenset[int]:
        return frozenset(learn.tolist())

    def log_odds(self, readers: frozenset[int], of: Integers) -> dict[Dimension, Floats]:
        self.asked.append((readers, frozenset(of.tolist())))
        return {m: self._odds[of] for m in DIMENSIONS}

    def lowered(self, likely: dict[Dimension, Floats], of: Integers) -> dict[Dimension, Floats]:
        return likely


def pairs_of(count: int, shares: Sequence[float], authors: Sequence[str] = ("a",)) -> list[LabelledPair]:
    levels = np.random.default_rng(7).choice(3, count, p=shares).tolist()
    return [
        LabelledPair(f"post {n // 2}", f"reply {n}", dict.fromkeys(DIMENSIONS, level), dict.fromkeys(DIMENSIONS, ()),
                     authors[n // 2 % len(authors)])
        for n, level in enumerate(levels)
    ]


def test_a_level_of_4_percent_is_named() -> None:
    pairs = pairs_of(2000, SHARES)
    stack = Stack(Material(pairs), None, 5, 1, lambda *_: None)
    judged = stack.cross_validated()
    labels = np.array([pair.levels["ip"] for pair in pairs])
    figures = agreement(labels, judged.levels["ip"])
    likeliest = agreement(labels, named_levels(judged.probabilities["ip"], np.zeros(3)))
    assert likeliest["f1_1"] < 0.1  # by the likeliest level alone it is hardly ever named
    assert figures["f1_1"] > 0.2 and figures["macro_f1"] > likeliest["macro_f1"] + 0.03


def test_no_pair_and_no_author_is_judged_by_what_learned_from_it() -> None:
    pairs = pairs_of(300, (0.5, 0.2, 0.3), authors=("a", "b", "c"))
    material, steps = Material(pairs), list[int]()
    stack = Stack(material, None, 4, 1, lambda *_: steps.append(1))
    by_author = stack.by_author()
    assert len(steps) == 4 + 1 + 3 and list(by_author) == ["a", "b", "c"]
    for learned, judged in material.asked:
        assert learned.isdisjoint(judged)
        posts = {pairs[n].explanation for n in judged}
        assert posts.isdisjoint(pairs[n].explanation for n in learned)
    assert sorted(n for part, _ in by_author.values() for n in part) == list(range(300))
    assert all(len(judged.levels["er"]) == len(part) == 100 for part, judged in by_author.values())


def test_an_author_without_whom_a_level_is_lost_is_not_left_out() -> None:
    pairs = pairs_of(60, (0.4, 0.3, 0.3), authors=("a", "b"))
    assert authors_left_out(pairs) == ["a", "b"]
    only_b = [p for p in pairs if p.author == "b" or p.levels["ex"] != 1]
    assert authors_left_out(only_b) == ["a"]
    assert authors_left_out(pairs_of(60, (0.4, 0.3, 0.3))) == []
