"""How diverse a set of answers is. Every measure is from 0 to 1; all but self-BLEU rise with diversity.

    distinct_1, distinct_2      different words (pairs of words) over all (Li et al., NAACL 2016)
    self_bleu                   mean BLEU-4 of each answer against all others (Zhu et al., SIGIR 2018); falls with diversity
    distance_between_samples    mean TF-IDF cosine distance between the answers to one row, mean over the rows
    distance_overall            mean TF-IDF cosine distance between any two answers

Distinct-n and self-BLEU are those of metrics/corpus.json (`text.diversity`). They move with the number of answers, so a
cell is measured on a fixed number of them; the rows' inverse frequencies are those of the cell's answers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from statistics import fmean
from typing import Any

from synthempathy.sampling.grid import MEASURES
from synthempathy.text.diversity import distinct, self_bleu
from synthempathy.text.numbered import Vocabulary, normal_words


def diversity(rows: Mapping[str, Sequence[str]], drawn: Sequence[str] | None) -> dict[str, float | None]:
    """The measures: between the answers of each row (row id -> its accepted answers), and over the `drawn` ones.

    None where there is nothing to measure: no answers `drawn`, or no row with two answers.
    """
    answers = [answer for row in rows.values() for answer in row]
    figures: dict[str, float | None] = dict.fromkeys(MEASURES)
    if drawn:
        vocabulary = Vocabulary()
        texts = vocabulary.texts(drawn)
        figures |= {f"distinct_{n}": distinct(texts, n, len(vocabulary.words)) for n in (1, 2)}
        figures["self_bleu"] = min(self_bleu(drawn, len(drawn), seed=0), 1.0)  # sacrebleu gives 1.0000000000000004 at times
        figures["distance_overall"] = mean_distance(vectors(drawn))
    if any(len(row) > 1 for row in rows.values()):
        whole, start, distances = vectors(answers), 0, []
        for row in rows.values():
            if len(row) > 1:
                distances.append(mean_distance(whole[start : start + len(row)]))
            start += len(row)
        figures["distance_between_samples"] = fmean(distances)
    return figures


def vectors(texts: Sequence[str]) -> Any:
    """TF-IDF of words, one row of length 1 a text (0 for a text without words)."""
    import numpy
    from sklearn.feature_extraction.text import TfidfVectorizer

    if not any(normal_words(text) for text in texts):
        return numpy.zeros((len(texts), 1))
    return TfidfVectorizer(analyzer=normal_words).fit_transform(texts).toarray()


def mean_distance(rows: Any) -> float:
    """Mean of 1 - cosine over all pairs of rows of length 1; 0 for a single row."""
    likeness = rows @ rows.T
    distances = [1 - likeness[i, j] for i, j in combinations(range(len(rows)), 2)]
    return min(max(float(fmean(distances)), 0.0), 1.0) if distances else 0.0
