"""What the scorer knows of a sentence: TF-IDF of its words, word pairs and characters, and its cues.

The shares of the three were chosen by cross-validation over explanations and over who wrote the
pairs: words and characters alone tie the scorer to topics, cues alone miss wordings.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer

from stages.evaluation.cues import Cues, content_words
from stages.evaluation.text import Sentence, sentences, words

#: A word, pair or run of characters counts from this many sentences on.
WORDS_MIN_SENTENCES = 3
CHARACTERS_MIN_SENTENCES = 10
#: Lengths of the runs of characters, taken inside a word and its edges.
CHARACTERS_RUNS = (3, 4)

Matrix = Any  # scipy's stubs do not say what a csr_matrix holds


class Features:
    """Sentences to rows of numbers: TF-IDF of words, TF-IDF of characters, cues, side by side."""

    def __init__(
        self, cues: Cues, vocabularies: Sequence[Sequence[str]] | None = None, idf: Sequence[NDArray[np.float64]] = (),
    ) -> None:
        """Empty, ready to `fit`; or, from the `vocabularies` and `idf` of a fitted one, ready to use."""
        self.cues = cues
        known = vocabularies or (None, None)
        self._words = TfidfVectorizer(
            analyzer=_word_runs, sublinear_tf=True, min_df=WORDS_MIN_SENTENCES, vocabulary=known[0],
        )
        self._characters = TfidfVectorizer(
            analyzer=_character_runs, sublinear_tf=True, min_df=CHARACTERS_MIN_SENTENCES, vocabulary=known[1],
        )
        for vectorizer, weights in zip((self._words, self._characters), idf, strict=False):
            vectorizer.idf_ = weights

    @property
    def vocabularies(self) -> tuple[list[str], list[str]]:
        """The words with word pairs, and the runs of characters, in the order of their columns."""
        return list(self._words.get_feature_names_out()), list(self._characters.get_feature_names_out())

    @property
    def idf(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return self._words.idf_, self._characters.idf_

    @property
    def width(self) -> int:
        """Columns of a row."""
        return len(self.idf[0]) + len(self.idf[1]) + len(self.cues.names)

    def fit(self, found: Sequence[Sentence]) -> None:
        """Learn which words and runs of characters there are, and how rare each is."""
        self._words.fit(found)
        self._characters.fit(found)

    def rows(self, found: Sequence[Sentence], told: Sequence[frozenset[str]]) -> Matrix:
        """One sparse row a sentence. `told` holds the content words of the explanation that each answers."""
        cues = sparse.csr_matrix(self.cues.matrix(found, told))
        return sparse.hstack([self._words.transform(found), self._characters.transform(found), cues], format="csr")


def read_pairs(
    explanations: Sequence[str], responses: Sequence[str],
) -> tuple[list[Sentence], list[frozenset[str]], NDArray[np.intp]]:
    """All responses' sentences, the content words told before each, and which pair each belongs to."""
    found: list[Sentence] = []
    told: list[frozenset[str]] = []
    owner: list[int] = []
    for number, (explanation, response) in enumerate(zip(explanations, responses, strict=True)):
        spoken = sentences(response)
        found += spoken
        told += [content_words(words(explanation))] * len(spoken)
        owner += [number] * len(spoken)
    return found, told, np.asarray(owner, dtype=np.intp)


def _word_runs(sentence: Sentence) -> list[str]:
    """Words and pairs of neighbours; the question mark counts as a word."""
    spoken = (*sentence.words, "?") if sentence.asked else sentence.words
    return [*spoken, *(f"{a} {b}" for a, b in zip(spoken, spoken[1:], strict=False))]


def _character_runs(sentence: Sentence) -> list[str]:
    return [run for word in sentence.words for run in _runs_of(word)]


@lru_cache(maxsize=100_000)
def _runs_of(word: str) -> tuple[str, ...]:
    edged = f" {word} "
    return tuple(edged[i : i + n] for n in range(CHARACTERS_RUNS[0], CHARACTERS_RUNS[1] + 1) for i in range(len(edged) - n + 1))
