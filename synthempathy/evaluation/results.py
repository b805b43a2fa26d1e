"""The results of an evaluation: figures of each system, what tuning gained with how much certainty, and tables.

The tables stand beside the metrics: plotted by DVC, kept in git, and read again by `compare`.

    <domain>_scores.csv        a row per response: its scores, its words, and what it answers (hashes, no text)
    <domain>_by_mechanism.csv  system, mechanism (a dimension, or the whole), mean and its 95% interval
    <domain>_by_category.csv   category, pairs, gain of tuned over base and its 95% interval, empty with a single seed
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from synthempathy.core.files import dump_table
from synthempathy.core.records import Pair
from synthempathy.domain.description import Domain
from synthempathy.evaluation.answering import Answer
from synthempathy.evaluation.bootstrap import Gain, count_groups, gain, interval, resampled_means, sign_flip_p
from synthempathy.evaluation.equal_length import EqualLength, equal_length, word_counts
from synthempathy.evaluation.score_table import AFTER, BEFORE, text_hash
from synthempathy.evaluation.strata import by_category, by_severity, group_figures
from synthempathy.evaluation.systems import BASE, TUNED
from synthempathy.scorers.base import Floats, group_numbers
from synthempathy.text import diversity
from synthempathy.text.numbered import Vocabulary

#: Responses that self-BLEU looks at.
BLEU_SAMPLE = 1000

#: Scores of a system's responses: the dimensions, then the whole, their mean; each (pairs,), 0 to 2.
Scores = dict[str, Floats]


@dataclass(frozen=True)
class Contrast:
    """What a system gained over base: by score, at equal length, and the p of no difference in the whole."""

    gains: dict[str, Gain]
    equal_length: EqualLength
    p_value: float


class Evaluation:
    """All systems' answers to the same pairs, scored, with one set of bootstrap draws for all figures.

    Attributes:
        seeds: the seed of each pair as a number, the unit that is drawn.
        intervals: the 95% interval of each (system, score)'s mean; None with a single seed.
    """

    def __init__(
        self, pairs: Sequence[Pair], answers: Mapping[str, Sequence[Answer]], scores: Mapping[str, Scores],
        domain: Domain, samples: int, seed: int,
    ) -> None:
        """`answers` and `scores` by system; `domain` orders the tables; `samples` draws by `seed`."""
        self.names = tuple(next(iter(scores.values())))
        self.whole, self._categories = self.names[-1], domain.seeds.categories
        self._abbreviations = domain.words.abbreviations
        self.pairs, self.answers, self.scores = pairs, answers, scores
        self.seeds = group_numbers([pair.seed_id for pair in pairs])
        self._samples, self._seed = samples, seed
        self._number = count_groups(self.seeds)
        columns = [(system, score) for system in answers for score in self.names]
        values = np.column_stack([scores[system][score] for system, score in columns])
        means = resampled_means(values, self.seeds, samples, seed)
        self._drawn = dict(zip(columns, means.T, strict=True))
        self.intervals = {
            column: interval(values, self._number) if self._number > 1 else None for column, values in self._drawn.items()
        }
        self._words = {system: word_counts([answer.response for answer in given]) for system, given in answers.items()}

    def contrast(self, system: str) -> Contrast:
        """`system` against base."""
        before, after = self.scores[BASE], self.scores[system]
        gains = {
            s: gain(before[s], after[s], self._drawn[BASE, s], self._drawn[system, s], self._number) for s in self.names
        }
        same = equal_length(
            before[self.whole], after[self.whole], self._words[BASE], self._words[system], self.seeds, self._samples, self._seed,
        )
        p = sign_flip_p(after[self.whole] - before[self.whole], self.seeds, self._samples, self._seed)
        return Contrast(gains, same, p)

    def figures(self, system: str) -> dict[str, Any]:
        """A system in numbers: mean scores (0 to 2), their spread over pairs, the responses' health and diversity, groups."""
        scores, answers = self.scores[system], self.answers[system]
        responses = [answer.response for answer in answers]
        return {
            **{mechanism: float(scores[mechanism].mean()) for mechanism in self.names[:-1]},
            "mean": float(scores[self.whole].mean()),
            "std": float(scores[self.whole].std()),
            "pairs": len(answers),
            "words_mean": float(np.mean([len(response.split()) for response in responses])),
            "cut_share": float(np.mean([answer.finish_reason == "length" for answer in answers])),
            "distinct_responses": len(set(responses)),
            **diversity_figures(responses, self._seed, self._abbreviations),
            "by_category": group_figures(scores, by_category(self.pairs, self._categories)),
            "by_severity": group_figures(scores, by_severity(self.pairs)),
        }

    def gain_by_category(self, system: str) -> list[tuple[str, int, float, float | None, float | None]]:
        """(category, pairs, difference to base, its 95% interval), None for the ends where one seed stands for it."""
        difference = self.scores[system][self.whole] - self.scores[BASE][self.whole]
        rows = []
        for name, places in by_category(self.pairs, self._categories).items():
            seeds = np.unique(self.seeds[places], return_inverse=True)[1]
            number, low, high = count_groups(seeds), None, None
            if number > 1:
                drawn = resampled_means(difference[places][:, None], seeds, self._samples, self._seed)
                low, high = interval(drawn[:, 0], number)
            rows.append((name, len(places), float(difference[places].mean()), low, high))
        return rows

    def write_scores(self, path: Path) -> None:
        """<domain>_scores.csv, in the order of data/evaluation.jsonl."""
        dump_table(path, (*BEFORE, *self.names, *AFTER), (
            (
                pair.id, pair.seed_id, system, *(float(self.scores[system][score][i]) for score in self.names),
                len(given[i].response.split()), text_hash(pair.explanation), text_hash(given[i].response),
            )
            for i, pair in enumerate(self.pairs) for system, given in self.answers.items()
        ))

    def write_mechanisms(self, path: Path) -> None:
        """<domain>_by_mechanism.csv: the dimensions and the whole, of each system."""
        dump_table(path, ("system", "mechanism", "mean", "ci_low", "ci_high"), (
            (system, score, float(self.scores[system][score].mean()), *(self.intervals[system, score] or (None, None)))
            for system in self.answers for score in self.names
        ))

    def write_categories(self, path: Path) -> None:
        """<domain>_by_category.csv."""
        dump_table(path, ("category", "pairs", "difference", "ci_low", "ci_high"), self.gain_by_category(TUNED))


def gain_figures(contrast: Contrast) -> dict[str, Any]:
    """The gain in the whole with its interval and p, at equal length, and by mechanism; None where not defined."""
    same = contrast.equal_length
    equal: dict[str, Any] = {
        "difference": same.difference, "gain_percent": same.percent, "ci_low": same.low, "ci_high": same.high,
        "per_doubling": same.per_doubling,
    }
    *dimensions, whole = contrast.gains
    figures = _figures(contrast.gains[whole]) | {
        "p_value": contrast.p_value,
        "gain_equal_length": equal | ({"note": same.note} if same.note else {}),
        "gain_by_mechanism": {m: _figures(contrast.gains[m]) for m in dimensions},
    }
    return figures


def _figures(gained: Gain) -> dict[str, Any]:
    figures: dict[str, Any] = {
        "gain_percent": gained.percent, "gain_ci_low": gained.low, "gain_ci_high": gained.high,
        "difference": gained.difference,
    }
    return figures | ({"note": gained.note} if gained.note else {})


def diversity_figures(responses: Sequence[str], seed: int, abbreviations: Sequence[str] = ()) -> dict[str, float]:
    """How diverse `responses` are, at least one of them, so that one kind sentence said to everyone is seen for what it is.

    Figures as in metrics/corpus.json (`text.diversity`), over a sample of BLEU_SAMPLE for self-BLEU. None is corrected for the
    number of responses: compare systems that answered the same explanations.
    """
    vocabulary = Vocabulary(abbreviations)
    texts = vocabulary.texts(responses)
    kinds = len(vocabulary.words)
    return {
        "distinct_1": diversity.distinct(texts, 1, kinds), "distinct_2": diversity.distinct(texts, 2, kinds),
        "self_bleu": diversity.self_bleu(responses, BLEU_SAMPLE, seed),
        "top_response_share": diversity.top_response_share(texts),
        "commonest_sentence_share": diversity.commonest_sentence_share(texts),
    }
