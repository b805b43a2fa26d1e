"""How diverse a set of answers is. Every measure is from 0 to 1; all but self-BLEU rise with diversity.

    distinct_1, distinct_2      different words (pairs of words) over all (Li et al., NAACL 2016)
    self_bleu                   mean BLEU-4 of each answer against all others (Zhu et al., SIGIR 2018); falls with diversity
    distance_between_samples    mean TF-IDF cosine distance between the answers to one row, mean over the rows
    distance_overall            mean TF-IDF cosine distance between any two answers

BLEU is sacrebleu's, with its own tokens and smoothing. Distinct-n and self-BLEU move with the number of answers, so a
cell is measured on a fixed number of them; the rows' inverse frequencies are those of the cell's answers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import combinations
from statistics import fmean
from typing import Any

MEASURES = ("distinct_1", "distinct_2", "self_bleu", "distance_between_samples", "distance_overall")

_WORD = re.compile(r"\w+")


def diversity(rows: Mapping[str, Sequence[str]], drawn: Sequence[str] | None) -> dict[str, float | None]:
    """The measures: between the answers of each row (row id -> its accepted answers), and over the `drawn` ones.

    None where there is nothing to measure: no answers `drawn`, or no row with two answers.
    """
    answers = [answer for row in rows.values() for answer in row]
    figures: dict[str, float | None] = dict.fromkeys(MEASURES)
    if drawn:
        figures |= {"distinct_1": distinct(drawn, 1), "distinct_2": distinct(drawn, 2), "self_bleu": self_bleu(drawn)}
        figures["distance_overall"] = mean_distance(vectors(drawn))
    if any(len(row) > 1 for row in rows.values()):
        whole, start, distances = vectors(answers), 0, []
        for row in rows.values():
            if len(row) > 1:
                distances.append(mean_distance(whole[start : start + len(row)]))
            start += len(row)
        figures["distance_between_samples"] = fmean(distances)
    return figures


def words(text: str) -> list[str]:
    """Runs of letters and digits, without case."""
    return _WORD.findall(text.casefold())


def distinct(texts: Sequence[str], n: int) -> float:
    """Different n-grams of words over all, none across texts; 0 without any."""
    grams = [gram for text in texts for gram in _grams(words(text), n)]
    return len(set(grams)) / len(grams) if grams else 0.0


def self_bleu(texts: Sequence[str]) -> float:
    """Mean BLEU-4 of each text against all others, 0 to 1; 0 for a single text."""
    from sacrebleu.metrics.bleu import BLEU

    if len(texts) < 2:
        return 0.0
    bleu = BLEU(effective_order=True)
    scores = [bleu.sentence_score(text, [*texts[:i], *texts[i + 1 :]]).score for i, text in enumerate(texts)]
    return min(fmean(scores) / 100, 1.0)  # sacrebleu gives 100.00000000000004 for a text against itself


def vectors(texts: Sequence[str]) -> Any:
    """TF-IDF of words, one row of length 1 a text (0 for a text without words)."""
    import numpy
    from sklearn.feature_extraction.text import TfidfVectorizer

    if not any(words(text) for text in texts):
        return numpy.zeros((len(texts), 1))
    return TfidfVectorizer(analyzer=words).fit_transform(texts).toarray()


def mean_distance(rows: Any) -> float:
    """Mean of 1 - cosine over all pairs of rows of length 1; 0 for a single row."""
    likeness = rows @ rows.T
    distances = [1 - likeness[i, j] for i, j in combinations(range(len(rows)), 2)]
    return min(max(float(fmean(distances)), 0.0), 1.0) if distances else 0.0


def _grams(tokens: list[str], n: int) -> list[tuple[str, ...]]:
    return list(zip(*(tokens[start:] for start in range(n)), strict=False))
