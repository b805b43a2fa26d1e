"""The rule: the most diverse cell among those that are coherent."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthempathy.sampling.grid import MEASURES
from synthempathy.sampling.recommend import FALLING, CellMetrics, rank_cells


def cell(temperature, *, diverse=0.5, acceptance=1.0, perplexity=2.0, top_p=0.9, **other):
    """A cell that is as diverse as `diverse` by every measure."""
    measures = {name: 1 - diverse if name in FALLING else diverse for name in MEASURES}
    figures = {
        "temperature": temperature, "top_p": top_p, "asked": 10, "unanswered": 0, "accepted": 10, "rejected": {},
        "acceptance": acceptance, "perplexity": perplexity, **measures, **other,
    }
    return CellMetrics(**figures)


def standings(cells, min_coherence=0.9, max_perplexity=1.5):
    return [one.standing for one in rank_cells(cells, min_coherence, max_perplexity)]


def test_the_most_diverse_of_the_coherent_is_recommended():
    cells = [
        cell(0.2, diverse=0.1), cell(0.5, diverse=0.3, acceptance=0.9), cell(0.8, diverse=0.5, acceptance=0.89),
        cell(1.1, diverse=0.7, perplexity=3.1), cell(1.4, diverse=0.9, acceptance=0.2, perplexity=40.0),
    ]
    assert standings(cells) == ["coherent", "recommended", "low acceptance", "high perplexity", "low acceptance"]
    assert [one.diversity for one in rank_cells(cells, 0.9, 1.5)] == [0.2, 0.4, 0.6, 0.8, 1.0]


def test_the_limits_themselves_are_coherent():
    assert standings([cell(0.2, diverse=0.1), cell(0.9, diverse=0.9, acceptance=0.9, perplexity=3.0)])[1] == "recommended"


def test_acceptance_is_measured_against_the_best_cell():
    cells = [cell(0.2, diverse=0.1, acceptance=0.5), cell(0.9, diverse=0.9, acceptance=0.46)]
    assert standings(cells) == ["coherent", "recommended"]


def test_a_cell_that_accepts_little_does_not_set_the_perplexity():
    cells = [cell(0.0, diverse=0.1, acceptance=0.1, perplexity=1.01), cell(0.5, diverse=0.4), cell(0.8, diverse=0.6)]
    assert standings(cells) == ["low acceptance", "coherent", "recommended"]


def test_ties_go_to_the_lower_temperature_then_top_p():
    assert standings([cell(0.9), cell(0.4, top_p=1.0), cell(0.4, top_p=0.8)]) == ["coherent", "coherent", "recommended"]


def test_a_rank_is_the_mean_over_the_measures():
    one = cell(0.4, distinct_1=0.9)  # best by one measure of five, as the other by the rest
    assert [found.diversity for found in rank_cells([one, cell(0.8)], 0.9, 1.5)] == pytest.approx([0.8, 0.7])


def test_without_perplexities_acceptance_alone_decides():
    cells = [cell(0.4, diverse=0.1, perplexity=None), cell(0.9, diverse=0.9, perplexity=None)]
    assert standings(cells) == ["coherent", "recommended"]


def test_one_sample_a_row_leaves_that_measure_out():
    cells = [cell(t, diverse=t / 2, distance_between_samples=None) for t in (0.4, 0.8)]
    assert standings(cells) == ["coherent", "recommended"]


def test_a_cell_with_too_few_answers_is_never_recommended():
    few = dict.fromkeys(MEASURES)
    assert standings([cell(0.4, diverse=0.1), cell(0.9, **few)]) == ["recommended", "too few answers"]
    assert standings([cell(0.4, acceptance=0.0, perplexity=None, **few)]) == ["too few answers"]


cells_ = st.lists(
    st.builds(
        cell, st.sampled_from([0.0, 0.5, 1.0]), diverse=st.floats(0, 1), acceptance=st.floats(0.1, 1),
        perplexity=st.floats(1, 100),
    ),
    min_size=1, max_size=8,
)


@settings(max_examples=100, deadline=None)
@given(cells_, st.floats(0.1, 1), st.floats(1, 10))
def test_one_cell_is_recommended_and_no_coherent_one_is_more_diverse(cells, least, most):
    found = rank_cells(cells, least, most)
    best = [one for one in found if one.standing == "recommended"]
    assert len(best) == 1
    assert all(one.diversity <= best[0].diversity for one in found if one.standing == "coherent")
    assert best[0].metrics.acceptance >= least * max(one.acceptance for one in cells) - 1e-6


@settings(max_examples=100, deadline=None)
@given(cells_)
def test_a_hotter_garbled_cell_changes_no_recommendation(cells):
    """As Tukey's fence did: a row of garbled cells made a less garbled one look ordinary."""
    before = [one.standing for one in rank_cells(cells, 0.9, 1.25)]
    garbled = cell(2.0, diverse=1.0, acceptance=max(one.acceptance for one in cells), perplexity=1e6)
    assert [one.standing for one in rank_cells([*cells, garbled], 0.9, 1.25)] == [*before, "high perplexity"]
