"""The judge as a scorer: each pair is asked `samples` times, and a level is as likely as its share of the answers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from synthempathy.core.errors import Check, ModelError, short
from synthempathy.core.progress import Advance, say
from synthempathy.core.records import Record
from synthempathy.llm.loading import Model
from synthempathy.llm.params import Machine
from synthempathy.llm.prompts import Prompt
from synthempathy.llm.reachable import checks_for_step
from synthempathy.llm.runner import Asking, Results, Row, ask_rows
from synthempathy.scorers.base import (
    LEVELS,
    NO_WORDS,
    SETTINGS_FILE,
    Dimension,
    Floats,
    Integers,
    PairScorer,
    Surroundings,
    write_settings,
)
from synthempathy.scorers.judge.rubric import (
    REASONS,
    fingerprint,
    levels_in,
    messages_of,
    read_rubric,
    schema_of,
    self_agreement,
)
from synthempathy.scorers.labelled import LabelledPair, dimensions_of
from synthempathy.scorers.params import JudgeSettings, Scorer
from synthempathy.scorers.reading import is_silent

PROMPT = "prompt.jinja"
#: So many answers are added to each level before the shares are taken: a level that no answer named is not impossible.
#: With 5 answers alike their level gets 0.96, with 1 answer 0.85.
SMOOTHING = 0.1

Pair = tuple[str, str]  # explanation, response
Votes = dict[Dimension, dict[Pair, list[int]]]  # how many answers to a pair named each level


class JudgeScorer(PairScorer):
    """Scores pairs by what an LLM says of them. `known` pairs are asked along with the first others.

    A stage that cross-validates hands over one part of its pairs after the other; so the model is loaded once for all.
    """

    def __init__(
        self, settings: JudgeSettings, rubric: Prompt, dimensions: Sequence[Dimension], machine: Machine, *,
        known: Sequence[Pair] = (),
    ) -> None:
        self._settings, self._rubric, self._machine = settings, rubric, machine
        self.dimensions = tuple(dimensions)
        self._known = list(known)

    def probabilities(
        self, explanations: Sequence[str], responses: Sequence[str], *, advance: Advance | None = None,
    ) -> dict[Dimension, Floats]:
        """(pairs, 3 levels) per mechanism, smoothed shares of the answers; each row sums to 1.

        ModelError names the first pair to which no answer could be read. A response without words is not asked about.
        """
        pairs = list(zip(explanations, responses, strict=True))
        votes = self._votes([*pairs, *self._known])
        likely: dict[Dimension, Floats] = {}
        for m in self.dimensions:
            counts = np.array([votes[m].get(pair, NO_WORDS) for pair in pairs], dtype=np.float64).reshape(-1, len(LEVELS))
            silent = np.array([pair not in votes[m] for pair in pairs], dtype=np.bool_)
            likely[m] = (counts + SMOOTHING) / (counts.sum(axis=1, keepdims=True) + SMOOTHING * len(LEVELS))
            likely[m][silent] = NO_WORDS
        if not self._known and self._settings.samples > 1 and votes[self.dimensions[0]]:
            say(_shown(_agreements(votes)))
        if advance:
            advance(len(pairs))
        return likely

    def checks(self) -> list[Check]:
        """That the judge's model can be asked."""
        one = self._settings
        return checks_for_step([Model(one.model, one.revision)], one.engine, self._machine, one.sampling.max_tokens)

    def self_agreement(self) -> dict[Dimension, dict[str, float | None]]:
        """How far the answers to one pair agree, over the pairs that the judge was made with: see rubric.py."""
        return _agreements(self._votes(self._known))

    def save(self, folder: Path) -> None:
        """Write settings, self-agreement and the prompt's text to `folder` (made if missing)."""
        figures = self.self_agreement()
        write_settings(folder, "judge", self, {
            "settings": self._settings.model_dump(), "prompt_sha256": fingerprint(self._rubric),
            "self_agreement": {
                m: {name: value and round(value, 6) for name, value in figures[m].items()} for m in self.dimensions
            },
        })
        (folder / PROMPT).write_text(self._rubric.source, encoding="utf-8")
        say(_shown(figures))

    def _votes(self, pairs: Sequence[Pair]) -> Votes:
        """The votes on each distinct pair, in order; without those whose response holds no word."""
        distinct = [pair for pair in dict.fromkeys(pairs) if not is_silent(pair[1])]
        votes = {m: {pair: [0] * len(LEVELS) for pair in distinct} for m in self.dimensions}
        if not distinct:
            return votes
        answers = self._ask(distinct)
        for i, pair in enumerate(distinct):
            read = [answers.accepted[id] for s in range(self._settings.samples) if (id := f"{i}-{s}") in answers.accepted]
            for m in self.dimensions:
                for answer in read:
                    votes[m][pair][int(answer[m])] += 1
        self._check_answered(distinct, votes[self.dimensions[0]], answers)
        return votes

    def _ask(self, pairs: Sequence[Pair]) -> Results:
        settings = self._settings
        rows = [
            Row(f"{i}-{sample}", Record(id=f"pair {i}"), partial(messages_of, self._rubric, *pair), sample)
            for i, pair in enumerate(pairs) for sample in range(settings.samples)
        ]
        models = (Model(settings.model, settings.revision),)
        schema = schema_of(self.dimensions) if settings.structured else None
        asking = Asking(models, settings.sampling, settings.attempts, settings.engine, self._machine, schema)
        return ask_rows("judge", rows, asking, lambda _, answer: answer.problem or levels_in(answer, self.dimensions))

    def _check_answered(self, pairs: Sequence[Pair], votes: dict[Pair, list[int]], answers: Results) -> None:
        """Say how many answers could not be read; raise ModelError if a pair has none."""
        if not answers.dropped:
            return
        lost = [pair for pair in pairs if not sum(votes[pair])]
        if not lost:
            asked = len(pairs) * self._settings.samples
            say(f"judge: {len(answers.dropped)} of {asked} samples could not be read and do not count")
            return
        place = pairs.index(lost[0])
        last = next(row for row in answers.dropped if row["id"] == f"{place}-0")
        reason = REASONS.get(last["reason"], last["reason"])
        raise ModelError(
            f"{self._settings.model} gives no levels to {len(lost)} of {len(pairs)} pairs, asked {self._settings.samples} x "
            f"{self._settings.attempts} times; the first has the response {short(lost[0][1])} and the answer "
            f"{short(last['detail'])}: {reason}; take a model that can follow the rubric, or raise "
            "scorer.judge.attempts or sampling.max_tokens"
        )


def train(
    pairs: Sequence[LabelledPair], settings: Scorer, around: Surroundings, *, run: str, advance: Advance | None,
) -> JudgeScorer:
    """A judge by its settings; nothing is asked yet. PromptError if its prompt is missing or wrong."""
    rubric = read_rubric(around.prompts / f"{settings.judge.prompt}.jinja")
    return JudgeScorer(
        settings.judge, rubric, around.rubric.names if around.rubric else dimensions_of(pairs), around.required_machine(),
        known=[(p.explanation, p.response) for p in pairs],
    )


def load(folder: Path, about: dict[str, Any], around: Surroundings) -> JudgeScorer:
    """The judge that was saved in `folder`, whose SETTINGS_FILE holds `about`."""
    settings = JudgeSettings.model_validate(about["settings"])
    if around.engine is not None:
        settings = settings.model_copy(update={"engine": around.engine})
    rubric = read_rubric(folder / PROMPT)
    if fingerprint(rubric) != about["prompt_sha256"]:
        raise ValueError(f"{PROMPT} is not the prompt that {SETTINGS_FILE} was made with")
    return JudgeScorer(settings, rubric, about["dimensions"], around.required_machine())


def _agreements(votes: Votes) -> dict[Dimension, dict[str, float | None]]:
    found: dict[Dimension, dict[str, float | None]] = {}
    for m in votes:
        counts: Integers = np.array(list(votes[m].values()), dtype=np.intp).reshape(-1, len(LEVELS))
        found[m] = self_agreement(counts)
    return found


def _shown(figures: dict[Dimension, dict[str, float | None]]) -> str:
    shares = {m: "one answer only" if f["majority"] is None else f"{f['majority']:.2f}" for m, f in figures.items()}
    return f"judge: self-agreement (mean share of the level named most): {', '.join(f'{m} {s}' for m, s in shares.items())}"
