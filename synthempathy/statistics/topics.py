"""A topic map of texts: TF-IDF, SVD, k-means; each topic with its terms and a place on a plane.

The same texts give the same map on any machine of the kind: one thread, fixed seeds, signs of the SVD fixed, places
rounded to 4 digits.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthempathy.text.numbered import Integers, NumberedTexts, Vocabulary

COMPONENTS = 50
LARGEST_SHARE = 0.4  # a word of more texts than this tells no topic
SMALLEST_TEXTS = 2
MOST_WORDS = 10_000  # the commonest of the rest
TERMS = 6
RESTARTS = 4  # of k-means


@dataclass(frozen=True)
class Topic:
    """`texts` that are alike; `terms` are the words that set them apart most; `x`, `y` their place on the map: near
    topics share words."""

    texts: int
    terms: str
    x: float
    y: float


def topic_map(
    texts: NumberedTexts, vocabulary: Vocabulary, topics: int, seed: int, small: Set[str] | None = None
) -> list[Topic]:
    """At most `topics` topics, the largest first. Texts without a telling word are in none.

    `small` are the language's words that tell nothing, casefolded; None: English's.
    """
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    weights, words = _tf_idf(texts, vocabulary, small)
    weights = weights[np.flatnonzero(np.diff(weights.indptr))]
    if not weights.shape[0]:
        return []
    with threadpool_limits(1):  # of OpenMP, too: KMeans adds up by threads, in the order in which they end
        places = _components(weights, seed)
        several = min(topics, len(np.unique(places.round(6), axis=0)))
        means = KMeans(several, n_init=RESTARTS, random_state=seed).fit(places)
        return _topics(weights, words, means.labels_, means.cluster_centers_, vocabulary)


def _tf_idf(texts: NumberedTexts, vocabulary: Vocabulary, small: Set[str] | None) -> tuple[Any, Integers]:
    """Texts x words (sparse, rows of length 1), and the numbers of the words in the columns."""
    from scipy.sparse import csr_matrix
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, TfidfTransformer

    small = ENGLISH_STOP_WORDS if small is None else small
    row = np.repeat(np.arange(len(texts)), texts.lengths)
    shape = (len(texts), len(vocabulary.words))
    counts = csr_matrix((np.ones(len(row), dtype=np.float64), (row, texts.flat)), shape=shape)  # sums equal places
    in_texts = np.bincount(counts.indices, minlength=shape[1])
    tells = (in_texts >= min(SMALLEST_TEXTS, len(texts))) & (in_texts <= max(LARGEST_SHARE * len(texts), 1))
    for number in np.flatnonzero(tells).tolist():
        word = vocabulary.words[number]
        tells[number] = len(word) > 2 and word.isalpha() and word not in small
    words = np.flatnonzero(tells)
    words = np.sort(words[np.argsort(-in_texts[words], kind="stable")[:MOST_WORDS]])
    if not len(words):
        return csr_matrix((len(texts), 0)), words
    return TfidfTransformer(sublinear_tf=True).fit_transform(counts[:, words]), words


def _components(weights: Any, seed: int) -> NDArray[np.float64]:
    """Texts x at most COMPONENTS, rows of length 1 (latent semantic analysis); each component's sign is fixed."""
    from sklearn.preprocessing import normalize
    from sklearn.utils.extmath import randomized_svd

    u, s, _ = randomized_svd(weights, min(COMPONENTS, *weights.shape), n_iter=5, random_state=seed)
    return np.asarray(normalize(u * s))


def _topics(
    weights: Any, words: Integers, labels: Integers, centres: NDArray[np.float64], vocabulary: Vocabulary
) -> list[Topic]:
    overall = np.asarray(weights.mean(axis=0)).ravel()
    plane = _plane(centres)
    found = []
    for topic, (x, y) in enumerate(plane.round(4).tolist()):
        members = np.flatnonzero(labels == topic)
        more = (np.asarray(weights[members].mean(axis=0)).ravel() - overall).round(6)
        terms = [vocabulary.words[words[column]] for column in np.argsort(-more, kind="stable")[:TERMS]]
        found.append(Topic(len(members), " ".join(terms), x, y))
    return sorted(found, key=lambda topic: (-topic.texts, topic.terms))


def _plane(centres: NDArray[np.float64]) -> NDArray[np.float64]:
    """The centres on the two directions in which they differ most, the largest coordinate of each positive."""
    centred = centres - centres.mean(axis=0)
    u, s, _ = np.linalg.svd(centred, full_matrices=False)
    plane = np.zeros((len(centres), 2))
    most = min(2, len(s))
    plane[:, :most] = u[:, :most] * s[:most]
    largest = plane[np.abs(plane).argmax(axis=0), [0, 1]]
    return plane * np.where(largest < 0, -1, 1) + 0.0  # no -0.0
