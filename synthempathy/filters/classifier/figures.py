"""How well a label is found: of all texts, and of each author's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthempathy.filters.classifier.screen import Floats
from synthempathy.filters.examples import Example

LEAST_OF_AUTHOR = 10  # texts of a label by an author who is left out: of fewer, a share says nothing

Bools = NDArray[np.bool_]


def figures(scores: Floats, is_so: Bools) -> dict[str, float]:
    """rows, average_precision, recall and precision at a score of 0.5, and the score at which F1 is best (best_threshold)."""
    from sklearn.metrics import average_precision_score, precision_recall_curve

    known = ~np.isnan(scores)
    wanted, score = is_so[known], scores[known]
    found = score >= 0.5
    right = int((found & wanted).sum())
    precision, recall, at = precision_recall_curve(wanted, score)
    best = (2 * precision * recall / np.maximum(precision + recall, 1e-12))[:-1].argmax()
    return {
        "rows": int(wanted.sum()), "average_precision": float(average_precision_score(wanted, score)),
        "recall": right / int(wanted.sum()), "precision": right / max(1, int(found.sum())),
        "best_threshold": float(at[best]), "best_recall": float(recall[best]), "best_precision": float(precision[best]),
    }


def by_author(examples: Sequence[Example], scores: Floats, is_so: Bools) -> dict[str, dict[str, float]]:
    """For each author who wrote enough of a label: rows and recall, and rows and share of his texts that must pass and do not."""
    found = dict[str, dict[str, float]]()
    numbers: dict[str, int] = {}
    wrote = np.array([numbers.setdefault(example.author, len(numbers)) for example in examples])
    known, hit = ~np.isnan(scores), scores >= 0.5
    for author in sorted(numbers):
        his = (wrote == numbers[author]) & known
        if (his & is_so).sum() >= LEAST_OF_AUTHOR:
            found[author] = shares(hit[his], is_so[his])
    return found


def of_authors(examples: Sequence[Example], hit: Sequence[bool], label: str) -> dict[str, dict[str, Any]]:
    """What was said to be of `label`: of all that these authors wrote, and of what each of them did."""
    is_so, said = np.array([example.reason == label for example in examples]), np.array(hit)
    return {"all": shares(said, is_so), "by_author": by_author(examples, said.astype(np.float64), is_so)}


def shares(hit: Bools, is_so: Bools) -> dict[str, float]:
    """rows that are so and recall, and, where there are any, the rows that must pass (`passing`) and the share taken of them."""
    found = {"rows": int(is_so.sum()), "recall": float(hit[is_so].mean()), "passing": int((~is_so).sum())}
    return found if is_so.all() else found | {"false": float(hit[~is_so].mean())}
