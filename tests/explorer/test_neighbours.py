"""Near neighbours: the nearest first, of few rows exactly, of many in time that grows with the rows."""

from __future__ import annotations

import random

import numpy as np
import pytest

from synthempathy.explorer import neighbours as module
from synthempathy.explorer.neighbours import MOST, neighbours
from synthempathy.explorer.search import postings_of


def texts_of(count: int) -> list[str]:
    """Texts in twos: a text and, far from it, the same with some other words."""
    draw = random.Random(3)
    words = [f"w{n}" for n in range(4000)]
    half = [draw.sample(words, 40) for _ in range(count // 2)]
    return [" ".join(text) for text in half] + [" ".join([*text[:32], *draw.sample(words, 8)]) for text in half]


def test_the_nearest_comes_first() -> None:
    texts = texts_of(60)
    near, likes = neighbours(postings_of(texts), len(texts))
    assert near[:, 0].tolist() == [(at + 30) % 60 for at in range(60)]
    assert (np.diff(likes, axis=1) <= 0).all()
    assert ((near == -1) == (likes < module.LEAST)).all()


def test_of_many_rows_most_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """In buckets, no row is met twice, nor itself."""
    monkeypatch.setattr(module, "EXACT", 10)
    texts = texts_of(1000)
    near, _ = neighbours(postings_of(texts), len(texts))
    found = sum(int(one[0]) == (at + 500) % 1000 for at, one in enumerate(near))
    assert found > 900
    for at, one in enumerate(near):
        others = [int(other) for other in one if other >= 0]
        assert len(set(others)) == len(others) and at not in others


def test_nothing_to_compare() -> None:
    for texts in ([], ["alone"], ["", ""], ["one", "two"]):
        near, _ = neighbours(postings_of(texts), len(texts))
        assert near.shape == (len(texts), MOST) and (near == -1).all()


def test_equal_texts_are_neighbours() -> None:
    texts = ["the red umbrella", "the red umbrella", *(f"other {n} words" for n in range(10))]
    near, likes = neighbours(postings_of(texts), len(texts))
    assert near[0, 0] == 1 and likes[0, 0] == pytest.approx(1)
