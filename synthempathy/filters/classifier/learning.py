"""Training of the safety classifier with scikit-learn: features, cross-validation, calibration.

A text that must pass is read in windows of three sentences, as the classifier will read it, each an example of its own. A
harmful text is read as one, because nobody marked the sentence that makes it so. What is measured and calibrated on folds
is the classifier's own reading.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from synthempathy.filters.base import Field
from synthempathy.filters.classifier.concepts import Concepts
from synthempathy.filters.classifier.features import features, local_features, opening, sentences, together, windows
from synthempathy.filters.classifier.model import LABELS, ONLY_IN, SMOOTHING, Classifier, Floats, Weights
from synthempathy.filters.examples import Example
from synthempathy.filters.rules.topics import TOPICS

STRENGTH = 10.0  # scikit-learn's C: the inverse of the regularisation
SCREEN_STRENGTH = 30.0
LEAST_TIMES = 2  # a feature that fewer sentences hold teaches nothing
#: Of the harmful texts with this score or more, unseen, the screen may lose this share; a topic has few examples, and the
#: lowest of few is far off.
SCREEN_FOR, SCREEN_LOSES, SCREEN_LOSES_OF_TOPICS = 0.4, 0.01, 0.1

Advance = Callable[..., None]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Reading:
    """What is trained on: sentences read together. Their tokens, their features, and the number of the example."""

    tokens: list[list[tuple[str, ...]]]
    features: list[dict[str, int]]
    owner: NDArray[np.intp]

    def of(self, rows: Bools) -> Reading:
        """The readings of the examples that `rows` marks; `owner` stays as it is."""
        kept = np.flatnonzero(rows[self.owner])
        return Reading([self.tokens[i] for i in kept], [self.features[i] for i in kept], self.owner[kept])


@dataclass(frozen=True)
class TokenizedExample:
    """An example's sentences: their tokens and their features."""

    tokens: list[tuple[str, ...]]
    features: list[dict[str, int]]


def fit(
    examples: Sequence[Example], composed: Sequence[Example], concepts: Concepts, folds: int, seed: int, *,
    advance: Advance,
) -> tuple[Classifier, dict[str, dict[str, float]]]:
    """A classifier trained on all examples, its scores calibrated on folds of `examples` that it had not seen.

    Beside it how well it did on these folds: for each label rows, average_precision, and recall and precision at 0.5.
    The `composed` examples are all alike: they are in no fold, and only trained on.
    """
    everything = [*examples, *composed]
    tokenized = [featurize(example, concepts) for example in everything]
    reading = read(everything, tokenized)
    margins, screens = cross_validated(
        everything, concepts, tokenized, reading, folds, seed, of=len(examples), advance=advance
    )
    slopes, offsets = calibrated(margins, examples)
    scores: Floats = expit(margins * slopes + offsets)
    classifier = _trained(everything, concepts, reading, np.ones(len(everything), dtype=bool))
    known = {"slopes": slopes, "offsets": offsets, "screen_least": _screen_least(scores, screens, examples)}
    advance()
    trained = Classifier(concepts, classifier.names, Weights(**(vars(classifier.numbers) | known)))
    return trained, figures_of(scores, examples)


def featurize(example: Example, concepts: Concepts) -> TokenizedExample:
    """The sentences of an example."""
    tokens = [sentence.tokens for sentence in sentences(concepts.read(example.text))]
    return TokenizedExample(tokens, [features(one, example.field, concepts) for one in tokens])


def read(examples: Sequence[Example], tokenized: Sequence[TokenizedExample]) -> Reading:
    """The windows of examples that must pass, and harmful examples whole."""
    tokens: list[list[tuple[str, ...]]] = []
    seen: list[dict[str, int]] = []
    owner: list[int] = []
    for number, (example, one) in enumerate(zip(examples, tokenized, strict=True)):
        for part in [slice(None)] if example.reason else windows(len(one.tokens)):
            tokens.append(one.tokens[part])
            seen.append(together(one.features[part]))
            owner.append(number)
    return Reading(tokens, seen, np.array(owner, dtype=np.intp))


def cross_validated(
    examples: Sequence[Example], concepts: Concepts, tokenized: Sequence[TokenizedExample], reading: Reading, folds: int,
    seed: int, *, of: int, advance: Advance,
) -> tuple[Floats, Floats]:
    """(of, labels) twice: the margin of each of the first `of` texts by a classifier that had not seen it, and its screen's."""
    fold = np.full(len(examples), -1)
    fold[:of] = np.random.default_rng(seed).permutation(of) % folds
    margins, screens = np.zeros((of, len(LABELS))), np.full((of, len(LABELS)), -np.inf)
    for number in range(folds):
        classifier = _trained(examples, concepts, reading, fold != number)
        for row in np.flatnonzero(fold == number).tolist():
            margins[row] = classifier.text_margins(tokenized[row].features)
            screens[row] = classifier.screened(tokenized[row].tokens, examples[row].field).max(axis=0, initial=-np.inf)
        advance()
    return margins, screens


def figures_of(scores: Floats, examples: Sequence[Example]) -> dict[str, dict[str, float]]:
    """For each label that has examples: rows, average precision, and recall and precision at a score of 0.5."""
    from sklearn.metrics import average_precision_score

    figures: dict[str, dict[str, float]] = {}
    for column, label in enumerate(LABELS):
        is_so, counts = truth(examples, label)
        wanted, score = is_so[counts], scores[counts, column]
        if not wanted.any():
            continue
        found = score >= 0.5
        right = int((found & wanted).sum())
        figures[label] = {
            "rows": int(wanted.sum()), "average_precision": float(average_precision_score(wanted, score)),
            "recall": right / int(wanted.sum()), "precision": right / max(1, int(found.sum())),
        }
    return figures


def truth(examples: Sequence[Example], label: str) -> tuple[Bools, Bools]:
    """Which examples are of `label`, and which say anything about it: not those that may be, or are of the other field."""
    is_so = np.array([example.reason == label for example in examples])
    counts = np.array([ONLY_IN.get(label, e.field) == e.field and label not in e.also for e in examples])
    return is_so, counts | is_so


def calibrated(margins: Floats, examples: Sequence[Example]) -> tuple[Floats, Floats]:
    """Slope and offset of each label's sigmoid, by Platt's method on margins of texts that were not seen."""
    from sklearn.linear_model import LogisticRegression

    slopes, offsets = np.ones(len(LABELS)), np.zeros(len(LABELS))
    for column, label in enumerate(LABELS):
        is_so, counts = truth(examples, label)
        counts &= np.isfinite(margins[:, column])
        if is_so[counts].any():
            model = LogisticRegression(C=1e3).fit(margins[counts, column : column + 1], is_so[counts])
            slopes[column], offsets[column] = max(float(model.coef_[0, 0]), 1e-3), float(model.intercept_[0])
    return slopes, offsets


def _trained(examples: Sequence[Example], concepts: Concepts, reading: Reading, rows: Bools) -> Classifier:
    """Learned from the examples that `rows` marks; not yet calibrated, and with a screen that lets all through."""
    from scipy.sparse import diags_array
    from sklearn.feature_extraction.text import CountVectorizer

    here = reading.of(rows)
    vectorizer = CountVectorizer(analyzer=list, binary=True, min_df=LEAST_TIMES, dtype=np.float64)
    counts = vectorizer.fit_transform(here.features)
    held = np.asarray(counts.sum(axis=0)).ravel()
    rarity: Floats = np.log((1 + counts.shape[0]) / (1 + held)) + 1
    weighed = counts @ diags_array(rarity)
    lengths = np.sqrt(np.asarray(weighed.multiply(weighed).sum(axis=1)).ravel() + SMOOTHING)
    weights, intercepts = _regressions(diags_array(1 / lengths) @ weighed, examples, here, STRENGTH)
    names: list[str] = vectorizer.get_feature_names_out().tolist()
    screen, screen_intercepts = _screen(names, rarity, examples, concepts, here)
    labels = len(LABELS)
    numbers = Weights(
        rarity, weights, intercepts, np.ones(labels), np.zeros(labels), screen, screen_intercepts,
        np.full(labels, -np.inf),
    )
    return Classifier(concepts, names, numbers)


def balanced(weights: Floats, wanted: Bools) -> Floats:
    """`weights` such that the wanted and the others count the same together, and all of them as many as they are."""
    half = len(weights) / 2
    shares: Floats = np.where(wanted, weights * half / weights[wanted].sum(), weights * half / weights[~wanted].sum())
    return shares


def _screen(
    names: list[str], rarity: Floats, examples: Sequence[Example], concepts: Concepts, here: Reading
) -> tuple[Floats, Floats]:
    """A regression on the features of neighbours alone, counted: (F, L) weights and (L,) intercepts."""
    from scipy.sparse import diags_array
    from sklearn.feature_extraction.text import CountVectorizer

    def local(window: tuple[list[tuple[str, ...]], Field]) -> list[str]:
        parts, field = window
        return [
            name for tokens in parts for pair in zip((opening(field), *tokens), tokens, strict=False)
            for name in local_features(*pair, field, concepts)
        ]

    readings = [(tokens, examples[owner].field) for tokens, owner in zip(here.tokens, here.owner, strict=True)]
    counts = CountVectorizer(analyzer=local, vocabulary=names, dtype=np.float64).transform(readings)
    lengths = np.sqrt(counts @ rarity**2 + SMOOTHING)
    return _regressions(diags_array(1 / lengths) @ counts @ diags_array(rarity), examples, here, SCREEN_STRENGTH)


def _regressions(rows: Any, examples: Sequence[Example], here: Reading, strength: float) -> tuple[Floats, Floats]:
    """One label against the rest, each by itself: (F, L) weights and (L,) intercepts."""
    from sklearn.linear_model import LogisticRegression

    weights, intercepts = np.zeros((rows.shape[1], len(LABELS))), np.full(len(LABELS), -20.0)
    rows = rows.tocsr()
    counted = np.array([example.weight for example in examples])
    for column, label in enumerate(LABELS):
        is_so, counts = truth(examples, label)
        used = np.flatnonzero(counts[here.owner])
        wanted = is_so[here.owner[used]]
        if wanted.any():
            shares = balanced(counted[here.owner[used]], wanted)
            model = LogisticRegression(C=strength, max_iter=2000).fit(rows[used], wanted, sample_weight=shares)
            weights[:, column], intercepts[column] = model.coef_[0], model.intercept_[0]
    return weights, intercepts


def _screen_least(scores: Floats, screens: Floats, examples: Sequence[Example]) -> Floats:
    """(L,) below which the screen may stop, by texts that were not seen."""
    least = np.full(len(LABELS), np.inf)
    for column, label in enumerate(LABELS):
        is_so, _ = truth(examples, label)
        found = screens[is_so & (scores[:, column] >= SCREEN_FOR), column]
        if found.size:
            least[column] = np.quantile(found, SCREEN_LOSES_OF_TOPICS if label in TOPICS else SCREEN_LOSES)
    return least
