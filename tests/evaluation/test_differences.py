"""What chance makes is not significant, a true difference is, and intervals hold it."""

from __future__ import annotations

from synthempathy.evaluation.differences import LEVEL, paired_differences, seeds_needed, unpaired_differences
from synthempathy.evaluation.score_table import paired
from tests.helpers.made_scores import COE_CBT, PLAIN, scored


def test_another_draw_is_significant_no_more_often_than_it_may() -> None:
    wrong = 0
    for draw in range(100):
        pairs = paired(scored(COE_CBT, draw=draw), scored(COE_CBT, draw=draw + 1000)).pairs
        wrong += any(d.significant for d in paired_differences(pairs, samples=500)[:3])
    assert wrong <= 12  # 5 are expected, for all three mechanisms together


def test_the_interval_holds_the_true_difference() -> None:
    held = 0
    for draw in range(100):
        pairs = paired(scored((1, 1, 1), draw=draw), scored((1, 1, 1.2), draw=draw + 1000)).pairs
        er, _, ex, _ = paired_differences(pairs, samples=400)
        assert er.low is not None and er.high is not None and ex.low is not None and ex.high is not None
        held += (er.low <= 0 <= er.high) + (ex.low <= 0.2 <= ex.high)
    assert 180 <= held <= 199


def test_pairing_sees_what_the_unpaired_comparison_misses() -> None:
    first, second = (scored((1, 1, means), draw=d, std=0.05, topic=0.4) for d, means in ((1, 1.0), (2, 1.1)))
    assert paired_differences(paired(first, second).pairs)[2].significant
    assert not unpaired_differences(first, second)[2].significant


def test_unpaired_chance_is_not_significant() -> None:
    assert not any(d.significant for d in unpaired_differences(scored(COE_CBT, draw=1), scored(COE_CBT, draw=2, each=3)))


def test_seeds_needed() -> None:
    assert seeds_needed(3) == 7
    assert seeds_needed(1) == 6
    pairs = paired(scored(PLAIN, draw=1, seeds=7), scored(COE_CBT, draw=2, seeds=7)).pairs
    assert paired_differences(pairs)[2].p < LEVEL
    pairs = paired(scored(PLAIN, draw=1, seeds=6), scored(COE_CBT, draw=2, seeds=6)).pairs
    assert paired_differences(pairs)[2].p > LEVEL
