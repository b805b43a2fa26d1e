"""Pairs as rows of numbers: TF-IDF of words, word pairs and characters, and cues.

Sentences are counted once. A response's counts are the sum of its sentences', so that reading it as a whole costs little.
Words and characters alone tie a scorer to topics; cues alone miss wordings.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfTransformer

from synthempathy.scorers.base import Floats, Integers
from synthempathy.scorers.linear.cues import SMALL_WORDS, Cues, Known, content_words
from synthempathy.scorers.reading import Sentence, sentences, words

#: A word, pair or run of characters counts from this many sentences on.
WORDS_MIN_SENTENCES = 3
CHARACTERS_MIN_SENTENCES = 10
#: Lengths of the runs of characters, taken inside a word and its edges.
CHARACTERS_RUNS = (3, 4)

Matrix = Any  # scipy's stubs do not say what a csr_matrix holds

class ReadPairs(NamedTuple):
    """All responses' `sentences`, the pair that each belongs to, the content words of each pair's explanation, small words."""

    sentences: list[Sentence]
    owner: Integers
    post_words: list[frozenset[str]]
    small: frozenset[str] = SMALL_WORDS


class Rows(NamedTuple):
    """Sparse rows: one per sentence, and one per response (those without words are rows of zeros)."""

    sentences: Matrix
    responses: Matrix


class Counts(NamedTuple):
    """Counts per sentence: of words and word pairs, and of runs of characters."""

    words: Matrix
    characters: Matrix


class Vocabulary:
    """The words, pairs of neighbouring words and runs of characters that are counted, each list in its columns' order."""

    def __init__(self, words: Sequence[str], pairs: Sequence[str], characters: Sequence[str]) -> None:
        """Every word of a pair must be among `words`. KeyError otherwise."""
        self.words, self.pairs, self.characters = list(words), list(pairs), list(characters)
        self._word = {word: place for place, word in enumerate(self.words)}
        self._run = {run: place for place, run in enumerate(self.characters)}
        keys = np.array([self._key(pair) for pair in self.pairs], dtype=np.int64)
        self._order = np.argsort(keys)
        self._keys = keys[self._order]

    @classmethod
    def fit(cls, sentences: Sequence[Sentence]) -> Vocabulary:
        """What occurs in enough of the sentences."""
        in_words: dict[str, int] = {}
        in_pairs: dict[str, int] = {}
        in_runs: dict[str, int] = {}
        for sentence in sentences:
            spoken = _spoken(sentence)
            for seen, table in (
                (dict.fromkeys(spoken), in_words),
                (dict.fromkeys(f"{a} {b}" for a, b in zip(spoken, spoken[1:], strict=False)), in_pairs),
                (dict.fromkeys(run for word in sentence.words for run in _runs_of(word)), in_runs),
            ):
                for term in seen:
                    table[term] = table.get(term, 0) + 1
        return cls(
            sorted(t for t, n in in_words.items() if n >= WORDS_MIN_SENTENCES),
            sorted(t for t, n in in_pairs.items() if n >= WORDS_MIN_SENTENCES),
            sorted(t for t, n in in_runs.items() if n >= CHARACTERS_MIN_SENTENCES),
        )

    def counts(self, sentences: Sequence[Sentence]) -> Counts:
        """One row per sentence."""
        local: dict[str, int] = {}
        spoken = [_spoken(sentence) for sentence in sentences]
        ids = np.array([local.setdefault(w, len(local)) for said in spoken for w in said], dtype=np.int64)
        row = np.repeat(np.arange(len(sentences)), [len(said) for said in spoken])
        known = np.array([self._word.get(w, -1) for w in local], dtype=np.int64)
        columns = known[ids] if len(ids) else ids
        pair_row, pair_column = self._pairs_in(row, columns)
        kept = columns >= 0
        return Counts(
            _counted(
                np.concatenate([row[kept], pair_row]),
                np.concatenate([columns[kept], pair_column + len(self.words)]),
                (len(sentences), len(self.words) + len(self.pairs)),
            ),
            _counted(row, ids, (len(sentences), len(local))) @ self._runs_matrix(list(local)),
        )

    def _pairs_in(self, row: NDArray[np.int64], columns: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Row and column of each known pair of neighbours: pairs are keys, looked up all at once."""
        if not len(self._keys) or len(columns) < 2:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
        together = (row[1:] == row[:-1]) & (columns[1:] >= 0) & (columns[:-1] >= 0)
        keys = columns[:-1][together] * len(self.words) + columns[1:][together]
        place = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
        hit = self._keys[place] == keys
        return row[1:][together][hit], self._order[place[hit]]

    def _runs_matrix(self, said: Sequence[str]) -> Matrix:
        """(words, runs): how often a word holds a run. Counts of runs are then a product of matrices."""
        columns = [[self._run[run] for run in _runs_of(word) if run in self._run] for word in said]
        row = np.repeat(np.arange(len(said)), [len(c) for c in columns])
        column = np.array([c for each in columns for c in each], dtype=np.int64)
        return _counted(row, column, (len(said), len(self.characters)))

    def _key(self, pair: str) -> int:
        first, second = pair.split(" ")
        return self._word[first] * len(self.words) + self._word[second]


class Features:
    """Pairs to rows of numbers: TF-IDF of words, TF-IDF of characters, cues, side by side."""

    #: The four TF-IDF weightings: of sentences and of responses, by words and by characters.
    WEIGHTINGS = ("sentence.words", "sentence.characters", "response.words", "response.characters")

    def __init__(self, cues: Cues, vocabulary: Vocabulary, idf: dict[str, Floats]) -> None:
        """`idf` holds, for each of WEIGHTINGS, how rare each column is."""
        self.cues, self.vocabulary, self.idf = cues, vocabulary, idf
        self._tfidf = {name: TfidfTransformer(sublinear_tf=True) for name in self.WEIGHTINGS}
        for name, transformer in self._tfidf.items():
            transformer.idf_ = idf[name]

    @classmethod
    def fit(cls, cues: Cues, read: ReadPairs) -> Features:
        """Learn which words and runs of characters there are, and how rare each is."""
        vocabulary = Vocabulary.fit(read.sentences)
        counts = vocabulary.counts(read.sentences)
        gathered = _gathering(read)
        of = {
            "sentence.words": counts.words, "sentence.characters": counts.characters,
            "response.words": gathered @ counts.words, "response.characters": gathered @ counts.characters,
        }
        return cls(cues, vocabulary, {name: TfidfTransformer().fit(of[name]).idf_ for name in cls.WEIGHTINGS})

    @property
    def width(self) -> int:
        """Columns of a sentence's row, and of a response's."""
        return len(self.idf["sentence.words"]) + len(self.idf["sentence.characters"]) + len(self.cues.names)

    def rows(self, read: ReadPairs) -> Rows:
        """The sentences' rows and the responses'. A response's cues are the strongest of its sentences'."""
        counts = self.vocabulary.counts(read.sentences)
        gathered = _gathering(read)
        cues = self.cues.matrix(read.sentences, [read.post_words[pair] for pair in read.owner])
        strongest = np.zeros((len(read.post_words), cues.shape[1]))
        if len(read.owner):
            starts = np.flatnonzero(np.diff(read.owner, prepend=-1))
            strongest[read.owner[starts]] = np.maximum.reduceat(cues, starts, axis=0)
        return Rows(
            self._side_by_side("sentence", counts.words, counts.characters, cues),
            self._side_by_side("response", gathered @ counts.words, gathered @ counts.characters, strongest),
        )

    def _side_by_side(self, of: str, by_words: Matrix, by_characters: Matrix, cues: Floats) -> Matrix:
        parts = [self._tfidf[f"{of}.words"].transform(by_words), self._tfidf[f"{of}.characters"].transform(by_characters)]
        return sparse.hstack([*parts, sparse.csr_matrix(cues)], format="csr")


def read_pairs(explanations: Sequence[str], responses: Sequence[str], known: Known | None = None) -> ReadPairs:
    """The pairs, read sentence by sentence, in the language whose words are `known`; None: English."""
    known = known or Known()
    found: list[Sentence] = []
    owner: list[int] = []
    for number, response in enumerate(responses):
        spoken = sentences(response, any_script=known.any_script)
        found += spoken
        owner += [number] * len(spoken)
    post_words = [content_words(words(post, any_script=known.any_script), known.small) for post in explanations]
    return ReadPairs(found, np.asarray(owner, dtype=np.intp), post_words, known.small)


def _gathering(read: ReadPairs) -> Matrix:
    """(responses, sentences): which sentences a response holds."""
    return _counted(read.owner, np.arange(len(read.sentences)), (len(read.post_words), len(read.sentences)))


def _counted(row: NDArray[Any], column: NDArray[Any], shape: tuple[int, int]) -> Matrix:
    matrix = sparse.csr_matrix((np.ones(len(row)), (row, column)), shape=shape)
    matrix.sum_duplicates()
    return matrix


def _spoken(sentence: Sentence) -> tuple[str, ...]:
    """The words; the question mark counts as one."""
    return (*sentence.words, "?") if sentence.asked else sentence.words


@lru_cache(maxsize=100_000)
def _runs_of(word: str) -> tuple[str, ...]:
    if word == "?":
        return ()
    edged = f" {word} "
    return tuple(edged[i : i + n] for n in range(CHARACTERS_RUNS[0], CHARACTERS_RUNS[1] + 1) for i in range(len(edged) - n + 1))
