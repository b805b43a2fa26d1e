"""Training of the safety classifier with scikit-learn: by label, measured and calibrated on authors who were not read.

Cross-validation over random folds flatters, because an author's phrases stand in all of them. So every author of a label is
left out, with all his texts (several at once where there are more authors than folds: that is the harder measure), and what is
said of them is the figure, and what scores are calibrated on. Where one author alone wrote of a label, folds must do. What is
said is always the classifier's own reading of a text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from synthempathy.filters.classifier.concepts import Concepts
from synthempathy.filters.classifier.figures import LEAST_OF_AUTHOR, Bools, by_author, figures
from synthempathy.filters.classifier.model import LABELS, ONLY_IN, Classifier, Weights
from synthempathy.filters.classifier.reader import Reader
from synthempathy.filters.classifier.rows import Rows, rows_of
from synthempathy.filters.classifier.screen import Floats
from synthempathy.filters.examples import ORDINARY, Example
from synthempathy.filters.rules.topics import TOPICS

STRENGTH = 15.0  # scikit-learn's C: the inverse of the regularisation
#: Of the solver, coordinate descent in the dual (liblinear): it converges in a few passes over sparse rows, where L-BFGS with the
#: tolerance that it has time for stops well before the best weights. Sooner where a label has many rows.
TOLERANCE, TOLERANCE_OF_MANY, MANY = 0.1, 3.0, 10_000
#: Of the harmful texts with this score or more, unseen, the screen may lose this share. A topic has few examples, and the
#: lowest of few is far off; its threshold is higher.
SCREEN_FOR, SCREEN_LOSES = 0.4, 0.01
SCREEN_FOR_TOPICS, SCREEN_LOSES_OF_TOPICS = 0.6, 0.1
#: And of the texts that must pass it may let so much through to be read whole, for a topic: it is there to save that time.
SCREEN_READS = 0.05
#: Texts that must pass, drawn for each harmful one of a label with few: more of them teach little, and take the time.
DRAWN_FOR_EACH = 60
#: What an ordinary text counts for a label whose other examples are many: it is what a corpus holds, and there the fewest.
ORDINARY_WEIGHT = {"offensive": 3.0, "unsafe_advice": 3.0}

Advance = Callable[..., None]
Folds = NDArray[np.intp]


@dataclass(frozen=True)
class Learned:
    """One label. The three last are of texts that were not seen, (texts,); NaN where the label says nothing of a text.

    Attributes:
        weights, intercept: (F,) of the features.
        authors: how many were left out in turn; 0 where folds had to do.
        margins, screened: what the classifier, and its screen, make of each text.
    """

    weights: Floats
    intercept: float
    authors: int
    margins: Floats
    screened: Floats


def fit(
    examples: Sequence[Example], composed: Sequence[Example], concepts: Concepts, folds: int, seed: int, *,
    advance: Advance,
) -> tuple[Classifier, dict[str, dict[str, Any]]]:
    """A classifier trained on all examples, its scores calibrated on those of `examples` that it had not seen.

    Beside it how well it did there: see `figures`, of all texts, and of those that teach where others only measure (`taught`),
    and `by_author`. The `composed` examples are all alike: they are only trained on. `advance` is called after each label.
    """
    everything = [*examples, *composed]
    reader = Reader.fit(concepts, [(example.text, bool(example.reason)) for example in everything])
    rows = rows_of(everything, reader)
    numbers = {name: np.zeros(len(LABELS)) for name in ("intercepts", "slopes", "offsets", "screen_least")}
    texts = _Texts(examples, composed)
    taught = texts.weight > 0
    weights, found = np.zeros((len(rows.names), len(LABELS))), dict[str, dict[str, Any]]()
    for column, label in enumerate(LABELS):
        is_so, counts = truth(everything, label)
        if is_so.any():
            learned = _learned(label, texts, rows, is_so, counts, _folds(texts, is_so[: len(examples)], folds, seed))
            slope, offset = calibrated(np.where(taught, learned.margins, np.nan), is_so)
            scores = expit(learned.margins * slope + offset)
            above, loses = (SCREEN_FOR_TOPICS, SCREEN_LOSES_OF_TOPICS) if label in TOPICS else (SCREEN_FOR, SCREEN_LOSES)
            sure = is_so & (scores >= above)
            least = float(np.quantile(learned.screened[sure], loses)) if sure.any() else np.inf
            if label in TOPICS:
                harmless = counts & ~is_so & np.isfinite(learned.screened)
                least = max(least, float(np.quantile(learned.screened[harmless], 1 - SCREEN_READS)))
            found[label] = {**figures(scores, is_so), "authors_left_out": learned.authors}
            if not taught[is_so].all():
                found[label]["taught"] = figures(np.where(taught, scores, np.nan), is_so)
            if learned.authors:
                found[label]["by_author"] = by_author(examples, scores[: len(examples)], is_so[: len(examples)])
            weights[:, column] = learned.weights
            one = (learned.intercept, slope, offset, least)
        else:
            one = (-20.0, 1.0, 0.0, np.inf)
        for name, value in zip(numbers, one, strict=True):
            numbers[name][column] = value
        advance()
    return Classifier(reader, rows.names, Weights(rows.rarity, weights, **numbers)), found


class _Texts:
    """Who wrote each of the examples, and from which template, as numbers; what all texts weigh, and which are ordinary."""

    def __init__(self, examples: Sequence[Example], composed: Sequence[Example] = ()) -> None:
        numbers: dict[str, int] = {}
        self.author = np.array([numbers.setdefault(example.author, len(numbers)) for example in examples])
        self.authors = list(numbers)
        templates: dict[str, int] = {}
        self.template = np.array([templates.setdefault(example.template or example.text, len(templates)) for example in examples])
        self.templates = len(templates)
        self.weight = np.array([example.weight for example in chain(examples, composed)])
        self.ordinary = np.array([example.author == ORDINARY for example in chain(examples, composed)])


def _folds(texts: _Texts, is_so: Bools, folds: int, seed: int) -> tuple[Folds, int]:
    """The fold of each text, and how many authors are whole in one.

    Each author who wrote enough of the label is, if there are several such: at most `folds` folds, about as large as each other.
    Other texts are spread over these folds, or over `folds`, all of one template together.
    """
    wrote = np.bincount(texts.author[is_so], minlength=len(texts.authors)).tolist()
    able = {author: count for author, count in zip(texts.authors, wrote, strict=True) if count >= LEAST_OF_AUTHOR}
    own = _dealt(able, folds) if len(able) > 1 else {}
    spread = np.random.default_rng(seed).permutation(texts.templates) % (len(set(own.values())) or folds)
    whole = np.array([own.get(author, -1) for author in texts.authors], dtype=np.intp)[texts.author]
    return np.where(whole < 0, spread[texts.template], whole), len(own)


def _dealt(wrote: Mapping[str, int], folds: int) -> dict[str, int]:
    """The fold of each author: who wrote most first, each into the fold that holds least."""
    filled = [0] * min(folds, len(wrote))
    found = {}
    for author in sorted(wrote, key=lambda author: (-wrote[author], author)):
        found[author] = filled.index(min(filled))
        filled[found[author]] += wrote[author]
    return found


def _learned(
    label: str, texts: _Texts, rows: Rows, is_so: Bools, counts: Bools, folds: tuple[Folds, int],
) -> Learned:
    """A label, learned from all, and what was said of each text by what had not learned from its fold."""
    fold = np.append(folds[0], np.full(len(is_so) - len(folds[0]), -1))
    weight = np.where(texts.ordinary, ORDINARY_WEIGHT.get(label, 1.0), texts.weight)
    most = DRAWN_FOR_EACH * int(is_so.sum())
    passing = np.flatnonzero(counts & ~is_so)
    if len(passing) > most:
        drawn = np.zeros(len(is_so), dtype=np.bool_)
        drawn[np.random.default_rng(len(passing)).permutation(passing)[:most]] = True
    else:
        drawn = counts
    learner = _Learner(rows, is_so, counts & (is_so | drawn) & (weight > 0), weight)
    each = [learner.fit(fold != number) for number in range(fold.max() + 1)]
    left_out, intercepts = np.stack([one for one, _ in each], axis=1), np.array([intercept for _, intercept in each])
    tested = np.flatnonzero((fold >= 0) & counts)
    margins, screened = np.full((2, len(is_so)), np.nan)
    margins[tested] = rows.margins(left_out, intercepts)[tested, fold[tested]]
    screened[tested] = rows.screened(left_out, intercepts)[tested, fold[tested]]
    return Learned(*learner.fit(np.ones(len(is_so), dtype=np.bool_)), folds[1], margins, screened)


class _Learner:
    """The rows of the texts that a label is learned from, without the features that none of them holds."""

    def __init__(self, rows: Rows, is_so: Bools, used: Bools, weight: Floats) -> None:
        from scipy.sparse import csr_matrix

        chosen = np.flatnonzero(rows.learned & used[rows.text])
        read = rows.read[chosen]
        self._text, self._wanted, self._weight = rows.text[chosen], is_so[rows.text[chosen]], weight[rows.text[chosen]]
        self._some = np.bincount(read.indices, minlength=read.shape[1]) > 0
        number = np.cumsum(self._some, dtype=read.indices.dtype) - 1
        self._read = csr_matrix((read.data, number[read.indices], read.indptr), shape=(len(chosen), int(self._some.sum())))

    def fit(self, texts: Bools) -> tuple[Floats, float]:
        """Weights (F,) and intercept, learned from those of `texts`."""
        from sklearn.linear_model import LogisticRegression

        kept = np.flatnonzero(texts[self._text])
        wanted = self._wanted[kept]
        tolerance = TOLERANCE_OF_MANY if len(kept) > MANY else TOLERANCE
        model = LogisticRegression(C=STRENGTH, max_iter=500, tol=tolerance, solver="liblinear", dual=True, random_state=0)
        model.fit(self._read[kept], wanted, sample_weight=balanced(self._weight[kept], wanted))
        weights = np.zeros(len(self._some))
        weights[self._some] = model.coef_[0]
        return weights, float(model.intercept_[0])


def truth(examples: Sequence[Example], label: str) -> tuple[Bools, Bools]:
    """Which examples are of `label`, and which say anything about it: not those that may be, or are of the other field."""
    is_so = np.array([example.reason == label for example in examples])
    counts = np.array([ONLY_IN.get(label, e.field) == e.field and label not in e.also for e in examples])
    return is_so, counts | is_so


def calibrated(margins: Floats, is_so: Bools) -> tuple[float, float]:
    """Slope and offset of a label's sigmoid, by Platt's method on margins of texts that were not seen."""
    from sklearn.linear_model import LogisticRegression

    used = np.isfinite(margins)
    model = LogisticRegression(C=1e3).fit(margins[used, None], is_so[used])
    return max(float(model.coef_[0, 0]), 1e-3), float(model.intercept_[0])


def balanced(weights: Floats, wanted: Bools) -> Floats:
    """`weights` such that the wanted and the others count the same together, and all of them as many as they are."""
    half = len(weights) / 2
    shares: Floats = np.where(wanted, weights * half / weights[wanted].sum(), weights * half / weights[~wanted].sum())
    return shares
