"""Learning the linear scorer from labelled pairs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from synthempathy.core.progress import Advance
from synthempathy.scorers.base import LEVELS, MECHANISMS, Floats, Integers, Mechanism, Surroundings, group_numbers
from synthempathy.scorers.labelled import LabelledPair, require_levels
from synthempathy.scorers.linear.cues import read_cues
from synthempathy.scorers.linear.doubts import Doubts
from synthempathy.scorers.linear.features import Features, Matrix, ReadPairs, Rows, read_pairs
from synthempathy.scorers.linear.model import LinearScorer
from synthempathy.scorers.linear.regression import Readers, Regression, best_offsets
from synthempathy.scorers.params import LinearSettings, Scorer

#: Inverse strength of the regressions' penalty, and the power to which a level's rarity is weighed in the two that read:
#: 0 leaves rare levels rare, 1 makes all levels count the same.
INVERSE_PENALTY = 1.0
RARITY_POWER = 0.5
#: Folds that the posts are split into, so that the combiner learns from what was said of pairs that were not learned from.
FOLDS = 5


def train(
    pairs: Sequence[LabelledPair], settings: Scorer, around: Surroundings, *, run: str, advance: Advance | None,
) -> LinearScorer:
    """Learn from labelled pairs, in seconds. InputError if no pair has some level."""
    return fit(pairs, settings.linear, seed=settings.seed)


def fit(pairs: Sequence[LabelledPair], settings: LinearSettings, *, seed: int) -> LinearScorer:
    """As `train`. Posts are split into folds by `seed`."""
    read = read_pairs([p.explanation for p in pairs], [p.response for p in pairs])
    features = Features.fit(read_cues(), read)
    rows = features.rows(read)
    everyone = np.arange(len(pairs))
    readers = _readers(features, rows, read, pairs, everyone)
    log_odds = _unseen_log_odds(features, rows, read, pairs, seed)
    combiner: dict[Mechanism, Regression] = {}
    offsets: dict[Mechanism, Floats] = {}
    doubts = Doubts.fit(read) if settings.doubts else None
    for m in MECHANISMS:
        known, labels = _labelled(pairs, everyone, m)
        combiner[m] = _regression(log_odds[m][known], labels, rarity_power=0.0)
    likely = {m: combiner[m].probabilities(log_odds[m]) for m in MECHANISMS}
    likely = doubts.lowered(likely, read) if doubts else likely
    for m in MECHANISMS:
        known, labels = _labelled(pairs, everyone, m)
        offsets[m] = best_offsets(labels, likely[m][known], settings.shares.of(m) if settings.shares else None)
    return LinearScorer(readers, combiner, offsets, doubts)


def _unseen_log_odds(
    features: Features, rows: Rows, read: ReadPairs, pairs: Sequence[LabelledPair], seed: int,
) -> dict[Mechanism, Floats]:
    """What readers that learned neither from a pair nor from another reply to its post say of it.

    Which words are counted is decided by all pairs: that looks at no label.
    """
    from sklearn.model_selection import GroupKFold

    posts = group_numbers([p.explanation for p in pairs])
    log_odds: dict[Mechanism, Floats] = {}
    folds = min(FOLDS, int(posts.max()) + 1)
    for learn, test in GroupKFold(folds, shuffle=True, random_state=seed).split(posts, groups=posts):
        readers = _readers(features, rows, read, pairs, learn)
        for m, part in readers.log_odds_of(*_only(rows, read, test)).items():
            log_odds.setdefault(m, np.zeros((len(pairs), part.shape[1])))[test] = part
    return log_odds


def _readers(
    features: Features, rows: Rows, read: ReadPairs, pairs: Sequence[LabelledPair], learn: Integers,
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
            for place, level in enumerate(pairs[n].sentence_levels(read.sentences[starts[n] : starts[n + 1]], m), starts[n])
            if level is not None
        ]
        at, levels = (np.array([c[i] for c in carried], dtype=np.intp) for i in (0, 1))
        if len(set(levels.tolist())) < len(LEVELS):  # no rationales: what is said of whole responses must do
            by_sentence[m] = as_whole[m]
        else:
            by_sentence[m] = _regression(rows.sentences[at], levels)
    return Readers(features, by_sentence, as_whole)


def _only(rows: Rows, read: ReadPairs, pairs: Integers) -> tuple[Rows, Integers, int]:
    """The rows of some pairs, the pair of each of their sentences (numbered anew), and how many pairs there are."""
    place = np.full(len(read.post_words), -1)
    place[pairs] = np.arange(len(pairs))
    owner = place[read.owner]
    return Rows(rows.sentences[owner >= 0], rows.responses[pairs]), owner[owner >= 0], len(pairs)


def _labelled(pairs: Sequence[LabelledPair], among: Integers, mechanism: Mechanism) -> tuple[Integers, Integers]:
    """Which of the pairs `among` have a label, and the labels. InputError if some level has none."""
    known = np.array([i for i in among if pairs[i].levels[mechanism] is not None], dtype=np.intp)
    labels = np.array([pairs[i].levels[mechanism] for i in known], dtype=np.intp)
    require_levels(labels.tolist(), mechanism)
    return known, labels


def _regression(rows: Matrix, levels: Integers, *, rarity_power: float = RARITY_POWER) -> Regression:
    from sklearn.linear_model import LogisticRegression

    rarity = (len(levels) / np.bincount(levels, minlength=len(LEVELS))) ** rarity_power
    weights = dict(enumerate(rarity * len(levels) / rarity[levels].sum()))
    model = LogisticRegression(C=INVERSE_PENALTY, class_weight=weights, max_iter=5000, tol=1e-4)
    model.fit(rows, levels)
    return Regression(np.ascontiguousarray(model.coef_), model.intercept_)
