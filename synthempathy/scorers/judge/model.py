"""The judge as a scorer: each pair is asked `samples` times, and a level is as likely as its share of the answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from synthempathy.core.errors import ModelError, SynthempathyError
from synthempathy.core.progress import say
from synthempathy.core.records import Record
from synthempathy.generation.params import Step
from synthempathy.llm.loading import Model
from synthempathy.llm.params import Engine, Machine
from synthempathy.llm.prompts import Prompt
from synthempathy.llm.runner import Asking, Results, Row, ask_rows
from synthempathy.project.params import Params
from synthempathy.scorers import SETTINGS, Floats
from synthempathy.scorers.base import BaseScorer
from synthempathy.scorers.judge.answers import REASONS, levels_in
from synthempathy.scorers.judge.rubric import ask, checked_rubric, fingerprint
from synthempathy.scorers.judge.self_agreement import Votes, self_agreement
from synthempathy.scorers.mechanisms import LEVELS, MECHANISMS, Mechanism
from synthempathy.scorers.params import JudgeSettings
from synthempathy.scorers.reading import words

FORMAT = "synthempathy-judge-1"
PROMPT = "prompt.jinja"
#: So many answers are added to each level before the shares are taken: a level that no answer named is not impossible.
#: With 5 answers alike their level gets 0.96, with 1 answer 0.85.
SMOOTHING = 0.1
_SILENT = (1.0, 0.0, 0.0)  # a response without words
_HINT = "run `dvc repro scorer`, or name a folder that the stage scorer wrote"
#: Where no params are given, as in `python -m synthempathy.scorers.score`.
_HERE: dict[str, Any] = {"store": ".synthempathy/store.sqlite", "batch_size": 16, "device": "auto", "executor": "local"}

Pair = tuple[str, str]  # explanation, response


class JudgeScorer(BaseScorer):
    """Scores pairs by what an LLM says of them. `known` pairs are asked along with the first others.

    A stage that cross-validates hands over one part of its pairs after the other; so the model is loaded once for all.
    """

    def __init__(self, settings: JudgeSettings, rubric: Prompt, params: Params, *, known: Sequence[Pair] = ()) -> None:
        self._settings, self._rubric, self._params = settings, rubric, params
        self._known = list(known)

    def probabilities(
        self, explanations: Sequence[str], responses: Sequence[str], *, advance: Callable[..., None] | None = None,
    ) -> dict[Mechanism, Floats]:
        """(pairs, 3 levels) a mechanism, smoothed shares of the answers; each row sums to 1.

        ModelError names the first pair to which no answer could be read. A response without words is not asked about.
        """
        pairs = list(zip(explanations, responses, strict=True))
        votes = self._votes([*pairs, *self._known])
        likely: dict[Mechanism, Floats] = {}
        for m in MECHANISMS:
            counts = np.array([votes[m].get(pair, _SILENT) for pair in pairs], dtype=np.float64).reshape(-1, len(LEVELS))
            silent = np.array([pair not in votes[m] for pair in pairs], dtype=np.bool_)
            likely[m] = (counts + SMOOTHING) / (counts.sum(axis=1, keepdims=True) + SMOOTHING * len(LEVELS))
            likely[m][silent] = _SILENT
        if not self._known:
            self._report({m: np.array(list(votes[m].values()), dtype=np.intp).reshape(-1, len(LEVELS)) for m in MECHANISMS})
        if advance:
            advance(len(pairs))
        return likely

    def self_agreement(self) -> dict[Mechanism, dict[str, float | None]]:
        """How far the answers to one pair agree, over the pairs that the judge was made with: see self_agreement.py."""
        votes = self._votes(self._known)
        return {m: self_agreement(np.array(list(votes[m].values()), dtype=np.intp).reshape(-1, len(LEVELS))) for m in MECHANISMS}

    def save(self, folder: Path) -> None:
        """Write settings, engine, self-agreement and the prompt's text to `folder` (made if missing)."""
        figures = self.self_agreement()
        folder.mkdir(parents=True, exist_ok=True)
        about = {
            "kind": "judge", "format": FORMAT, "settings": self._settings.model_dump(),
            "engine": self._params.engine.model_dump(), "prompt_sha256": fingerprint(self._rubric),
            "self_agreement": {m: {name: value and round(value, 6) for name, value in figures[m].items()} for m in MECHANISMS},
        }
        (folder / SETTINGS).write_text(json.dumps(about, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        (folder / PROMPT).write_text(self._rubric.source, encoding="utf-8")
        say(_shown(figures))

    def _votes(self, pairs: Sequence[Pair]) -> dict[Mechanism, dict[Pair, list[int]]]:
        """How many answers named each level, by distinct pair in order; without those whose response holds no word."""
        distinct = [pair for pair in dict.fromkeys(pairs) if _speaks(pair[1])]
        votes = {m: {pair: [0] * len(LEVELS) for pair in distinct} for m in MECHANISMS}
        if not distinct:
            return votes
        answers = self._ask(distinct)
        for i, pair in enumerate(distinct):
            read = [answers.accepted[id] for s in range(self._settings.samples) if (id := f"{i}-{s}") in answers.accepted]
            for m in MECHANISMS:
                for answer in read:
                    votes[m][pair][int(answer[m])] += 1
        self._check_answered(distinct, votes["er"], answers)
        return votes

    def _ask(self, pairs: Sequence[Pair]) -> Results:
        settings = self._settings
        rows = [
            Row(f"{i}-{sample}", Record(id=f"pair {i}"), partial(ask, self._rubric, *pair), sample)
            for i, pair in enumerate(pairs) for sample in range(settings.samples)
        ]
        models = (Model(settings.model, settings.revision),)
        asking = Asking(models, settings.sampling, settings.attempts, self._params.engine, self._params.machine)
        return ask_rows("judge", rows, asking, lambda _, answer: levels_in(answer))

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
            f"{self._settings.attempts} times; the first has the response {_short(lost[0][1])} and the answer "
            f"{_short(last['detail'])}: {reason}; take a model that can follow the rubric, or raise "
            "scorer.judge.attempts or sampling.max_tokens"
        )

    def _report(self, votes: dict[Mechanism, Votes]) -> None:
        if self._settings.samples > 1 and len(votes["er"]):
            say(_shown({m: self_agreement(votes[m]) for m in MECHANISMS}))


def load(folder: Path, settings: dict[str, Any], params: Params | None = None) -> JudgeScorer:
    """The judge that was saved in `folder`, whose scorer.json holds `settings`. ModelError if it cannot be read.

    The engine and the machine are those of `params`; without it, the engine it was made with, on this machine.
    """
    if settings.get("format") != FORMAT:
        raise ModelError(f"{folder}: a scorer of format {settings.get('format')!r}, {FORMAT!r} is needed; {_HINT}")
    try:
        chosen = JudgeSettings.model_validate(settings["settings"])
        engine = Engine.model_validate(settings["engine"])
        told = settings["prompt_sha256"]
        rubric = checked_rubric(folder / PROMPT)
    except (KeyError, TypeError, ValidationError, SynthempathyError) as error:
        first = " ".join(str(error).split())
        raise ModelError(f"{folder}: the scorer cannot be read ({first}); {_HINT}") from None
    if fingerprint(rubric) != told:
        raise ModelError(f"{folder}: {PROMPT} is not the prompt that {SETTINGS} was made with; {_HINT}")
    if params is None:
        params = Params.model_construct(engine=engine, machine=Machine.model_construct(**_HERE))
    return JudgeScorer(chosen, rubric, params)


def _speaks(response: str) -> bool:
    """Whether the response holds a word, in any script, or an emoji."""
    return bool(words(response)) or any(map(str.isalnum, response))


def _shown(figures: dict[Mechanism, dict[str, float | None]]) -> str:
    shares = {m: "one answer only" if f["majority"] is None else f"{f['majority']:.2f}" for m, f in figures.items()}
    return f"judge: self-agreement (mean share of the level named most): {', '.join(f'{m} {s}' for m, s in shares.items())}"


def _short(text: str, limit: int = 80) -> str:
    shown = repr(text)
    return shown if len(shown) <= limit else shown[: limit - 4] + "...'"
