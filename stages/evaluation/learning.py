"""Learning the scorer from labelled pairs, and measuring it by cross-validation."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from stages.common.errors import InputError
from stages.evaluation.cues import read_cues
from stages.evaluation.features import Features, read_pairs
from stages.evaluation.labelled import LabelledPair
from stages.evaluation.linear import Floats, LinearScorer
from stages.evaluation.mechanisms import LEVELS, MECHANISMS, Mechanism
from stages.evaluation.text import Sentence

#: Inverse strength of the regression's penalty, and the power to which a level's rarity is weighed:
#: 0 leaves rare levels rare, 1 makes all levels count the same.
INVERSE_PENALTY = 1.0
RARITY_POWER = 0.5


def fit_scorer(pairs: Sequence[LabelledPair]) -> LinearScorer:
    """Learn from labelled pairs. InputError if no sentence is known to carry some level."""
    from sklearn.linear_model import LogisticRegression

    found, told, owner = read_pairs([p.explanation for p in pairs], [p.response for p in pairs])
    tasks = {m: _task(pairs, found, owner, m) for m in MECHANISMS}
    features = Features(read_cues())
    features.fit(found)
    rows = features.rows(found, told)
    coefficients: dict[Mechanism, Floats] = {}
    intercepts: dict[Mechanism, Floats] = {}
    for m, (known, levels, weights) in tasks.items():
        model = LogisticRegression(C=INVERSE_PENALTY, class_weight=weights, max_iter=5000, tol=1e-6)
        model.fit(rows[known], levels)
        coefficients[m], intercepts[m] = model.coef_, model.intercept_
    return LinearScorer(features, coefficients, intercepts)


def cross_validate(
    pairs: Sequence[LabelledPair], folds: int, seed: int, *, advance: Callable[..., None] | None = None,
) -> dict[Mechanism, dict[str, float]]:
    """Agreement with the labels, each pair scored by a scorer that saw neither it nor another reply to its post."""
    from sklearn.model_selection import GroupKFold

    posts = {post: number for number, post in enumerate(dict.fromkeys(p.explanation for p in pairs))}
    groups = [posts[p.explanation] for p in pairs]
    guessed = {m: np.zeros(len(pairs), dtype=np.intp) for m in MECHANISMS}
    for learn, test in GroupKFold(folds, shuffle=True, random_state=seed).split(groups, groups=groups):
        levels = fit_scorer([pairs[i] for i in learn]).levels(
            [pairs[i].explanation for i in test], [pairs[i].response for i in test],
        )
        for m in MECHANISMS:
            guessed[m][test] = levels[m]
        if advance:
            advance()
    return {m: agreement(np.array([p.levels[m] for p in pairs]), guessed[m]) for m in MECHANISMS}


def agreement(labels: NDArray[np.intp], guessed: NDArray[np.intp]) -> dict[str, float]:
    """accuracy, macro_f1, kappa (Cohen's, unweighted), and the F1 of each level: f1_0, f1_1, f1_2."""
    from sklearn.metrics import accuracy_score, cohen_kappa_score, f1_score

    by_level = f1_score(labels, guessed, labels=LEVELS, average=None, zero_division=0.0)
    return {
        "accuracy": float(accuracy_score(labels, guessed)),
        "macro_f1": float(np.mean(by_level)),
        "kappa": float(cohen_kappa_score(labels, guessed, labels=LEVELS)),
        **{f"f1_{level}": float(f1) for level, f1 in zip(LEVELS, by_level, strict=True)},
    }


def _task(
    pairs: Sequence[LabelledPair], found: Sequence[Sentence], owner: NDArray[np.intp], mechanism: Mechanism,
) -> tuple[NDArray[np.intp], NDArray[np.intp], dict[int, float]]:
    """Which sentences have a known level, these levels, and a weight a level: larger for rarer ones, 1 on average."""
    starts = np.searchsorted(owner, np.arange(len(pairs) + 1))
    carried = [
        level for n, pair in enumerate(pairs) for level in pair.sentence_levels(found[starts[n] : starts[n + 1]], mechanism)
    ]
    known = np.flatnonzero([level is not None for level in carried])
    levels = np.array([level for level in carried if level is not None], dtype=np.intp)
    counts = np.bincount(levels, minlength=len(LEVELS))
    if counts.min() == 0:
        raise InputError(
            f"no sentence is known to carry level {int(counts.argmin())} of {mechanism}",
            way_out="add labelled pairs with that level and their rationales",
        )
    rarity = (len(levels) / counts) ** RARITY_POWER
    return known, levels, dict(enumerate(rarity * len(levels) / (rarity @ counts)))
