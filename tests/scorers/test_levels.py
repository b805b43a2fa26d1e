"""Offsets: rare levels are named more often, and shares are followed."""

from __future__ import annotations

import numpy as np

from synthempathy.scorers.levels import best_offsets, named_levels
from synthempathy.scorers.validation import agreement


def test_offsets_name_a_rare_level_more_often_and_follow_given_shares() -> None:
    generator = np.random.default_rng(1)
    labels = generator.choice(3, 3000, p=[0.8, 0.05, 0.15])
    logs = np.log([0.8, 0.05, 0.15]) + np.eye(3)[labels] * 1.5 + generator.normal(size=(3000, 3)) * 0.7
    likely = np.exp(logs) / np.exp(logs).sum(axis=1, keepdims=True)
    offsets = best_offsets(labels, likely, None)
    plain, tuned = (agreement(labels, named_levels(likely, o))["macro_f1"] for o in (np.zeros(3), offsets))
    assert offsets[1] > 0 and tuned > plain + 0.02
    even = best_offsets(labels, likely, [1 / 3, 1 / 3, 1 / 3])
    assert even[1] > offsets[1] and even[2] > offsets[2]
    assert (best_offsets(labels, likely, None) == offsets).all()
