"""Learning the linear scorer from labelled pairs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from synthempathy.core.errors import InputError
from synthempathy.scorers import Floats
from synthempathy.scorers.agreement import groups
from synthempathy.scorers.labelled import LabelledPair
from synthempathy.scorers.linear.cues import read_cues
from synthempathy.scorers.linear.doubts import Doubts
from synthempathy.scorers.linear.features import Features, Matrix, Read, Rows, read_pairs
from synthempathy.scorers.linear.model import LinearScorer
from synthempathy.scorers.linear.naming import best_offsets
from synthempathy.scorers.linear.readers import Readers, Regression
from synthempathy.scorers.mechanisms import LEVELS, MECHANISMS, Mechanism

if TYPE_CHECKING:
    from synthempathy.project.params import Params
    from synthempathy.scorers.params import LinearSettings

#: Inverse strength of the regressions' penalty, and the power to which a level's rarity is weighed in the two that read:
#: 0 leaves rare levels rare, 1 makes all levels count the same.
INVERSE_PENALTY = 1.0
RARITY_POWER = 0.5
#: Parts that the posts are cut into, so that opinions to be weighed are of pairs that were not learned from.
FOLDS = 5

Levels = NDArray[np.intp]


def train(
    pairs: Sequence[LabelledPair], params: Params, *, run: str = "all", advance: Callable[..., None] | None = None,
) -> LinearScorer:
    """Learn from labelled pairs. InputError if no pair has some level. `run` and `advance` are not used: it takes seconds."""
    return fit_scorer(pairs, params.scorer.linear, seed=params.scorer.seed)


def fit_scorer(pairs: Sequence[LabelledPair], settings: LinearSettings, *, seed: int) -> LinearScorer:
    """As `train`. Posts are cut into parts by `seed`."""
    read = read_pairs([p.explanation for p in pairs], [p.response for p in pairs])
    features = Features.learned(read_cues(), read)
    rows = features.rows(read)
    everyone = np.arange(len(pairs))
    readers = _readers(features, rows, read, pairs, everyone)
    opinions = _unseen_opinions(features, rows, read, pairs, seed)
    weighing: dict[Mechanism, Regression] = {}
    offsets: dict[Mechanism, Floats] = {}
    doubts = Doubts.learned(read) if settings.doubts else None
    for m in MECHANISMS:
        known, labels = _labelled(pairs, everyone, m)
        weighing[m] = _regression(opinions[m][known], labels, rarity_power=0.0)
    likely = {m: weighing[m].probabilities(opinions[m]) for m in MECHANISMS}
    likely = doubts.lowered(likely, read) if doubts else likely
    for m in MECHANISMS:
        known, labels = _labelled(pairs, everyone, m)
        offsets[m] = best_offsets(labels, likely[m][known], settings.shares.of(m) if settings.shares else None)
    return LinearScorer(readers, weighing, offsets, doubts)


def _unseen_opinions(
    features: Features, rows: Rows, read: Read, pairs: Sequence[LabelledPair], seed: int,
) -> dict[Mechanism, Floats]:
    """What readers say of each pair that learned neither from it nor from another reply to its post.

    Which words are counted is decided by all pairs: that looks at no label.
    """
    from sklearn.model_selection import GroupKFold

    numbers = groups([p.explanation for p in pairs])
    found: dict[Mechanism, Floats] = {}
    folds = min(FOLDS, len(set(numbers)))
    for learn, test in GroupKFold(folds, shuffle=True, random_state=seed).split(numbers, groups=numbers):
        readers = _readers(features, rows, read, pairs, learn)
        for m, opinion in readers.opinions_of(*_only(rows, read, test)).items():
            found.setdefault(m, np.zeros((len(pairs), opinion.shape[1])))[test] = opinion
    return found


def _readers(
    features: Features, rows: Rows, read: Read, pairs: Sequence[LabelledPair], learn: NDArray[np.intp],
) -> Readers:
    """The two regressions of each mechanism, learned from the pairs `learn`."""
    starts = np.searchsorted(read.owner, np.arange(len(pairs) + 1))
    by_sentence: dict[Mechanism, Regression] = {}
    as_whole: dict[Mechanism, Regression] = {}
    for m in MECHANISMS:
        known, labels = _labelled(pairs, learn, m)
        as_whole[m] = _regression(rows.responses[known], labels)
        carried = [
            (place, level) for n in learn
            for place, level in enumerate(pairs[n].sentence_levels(read.found[starts[n] : starts[n + 1]], m), starts[n])
            if level is not None
        ]
        at, levels = (np.array([c[i] for c in carried], dtype=np.intp) for i in (0, 1))
        if len(set(levels.tolist())) < len(LEVELS):  # no rationales: what is said of whole responses must do
            by_sentence[m] = as_whole[m]
        else:
            by_sentence[m] = _regression(rows.sentences[at], levels)
    return Readers(features, by_sentence, as_whole)


def _only(rows: Rows, read: Read, pairs: NDArray[np.intp]) -> tuple[Rows, NDArray[np.intp], int]:
    """The rows of some pairs, the pair of each of their sentences (numbered anew), and how many pairs there are."""
    place = np.full(len(read.told), -1)
    place[pairs] = np.arange(len(pairs))
    owner = place[read.owner]
    return Rows(rows.sentences[owner >= 0], rows.responses[pairs]), owner[owner >= 0], len(pairs)


def _labelled(pairs: Sequence[LabelledPair], among: NDArray[np.intp], mechanism: Mechanism) -> tuple[NDArray[np.intp], Levels]:
    """Which of the pairs `among` have a label, and the labels. InputError if some level has none."""
    known = np.array([i for i in among if pairs[i].levels[mechanism] is not None], dtype=np.intp)
    labels = np.array([pairs[i].levels[mechanism] for i in known], dtype=np.intp)
    missing = [level for level in LEVELS if level not in labels]
    if missing:
        raise InputError(
            f"no pair to learn level {missing[0]} of {mechanism} from",
            hint="add labelled pairs with that level, under more posts than there are folds",
        )
    return known, labels


def _regression(rows: Matrix, levels: Levels, *, rarity_power: float = RARITY_POWER) -> Regression:
    from sklearn.linear_model import LogisticRegression

    rarity = (len(levels) / np.bincount(levels, minlength=len(LEVELS))) ** rarity_power
    weights = dict(enumerate(rarity * len(levels) / rarity[levels].sum()))
    model = LogisticRegression(C=INVERSE_PENALTY, class_weight=weights, max_iter=5000, tol=1e-4)
    model.fit(rows, levels)
    return Regression(np.ascontiguousarray(model.coef_), model.intercept_)
