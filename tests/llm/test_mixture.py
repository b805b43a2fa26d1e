"""Mixtures: a row's model follows from its id; shares follow the weights; a new model moves only its own rows."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthempathy.llm.loading import Model
from synthempathy.llm.mixture import by_model, place_of

MODELS = [Model("org/a", weight=3), Model("org/b", weight=1)]
IDS = [f"row-{n}" for n in range(4000)]


def test_shares_follow_the_weights():
    counts = Counter(place_of(id, MODELS) for id in IDS)
    assert counts[0] / len(IDS) == pytest.approx(0.75, abs=0.03)


def test_a_model_that_is_added_takes_rows_and_moves_no_other():
    more = [*MODELS, Model("org/c", weight=1)]
    moved = [(place_of(id, MODELS), place_of(id, more)) for id in IDS]
    assert all(after in (before, 2) for before, after in moved)
    assert sum(after == 2 for _, after in moved) / len(IDS) == pytest.approx(0.2, abs=0.03)


@given(st.lists(st.text(min_size=1, max_size=8), unique=True, max_size=40), st.randoms())
def test_order_of_rows_and_models_changes_nothing(ids, chance):
    shuffled, turned = list(ids), MODELS[::-1]
    chance.shuffle(shuffled)
    here = {model.name: set(part) for model, part in by_model(((id, id) for id in ids), MODELS)}
    there = {model.name: set(part) for model, part in by_model(((id, id) for id in shuffled), turned)}
    assert here == there
    assert set().union(*here.values()) == set(ids)


def test_one_model_writes_all():
    assert by_model([("x", 1), ("y", 2)], MODELS[:1]) == [(MODELS[0], [1, 2])]
