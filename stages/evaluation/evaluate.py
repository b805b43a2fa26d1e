"""evaluate: base and tuned model answer the same test explanations; what did tuning gain in empathy?

    python -m stages.evaluation.evaluate data/test.jsonl models/adapter models/scorer data/evaluation.jsonl \\
        metrics/empathy.json metrics/empathy_by_mechanism.csv metrics/empathy_scores.csv

Both are asked with finetune.prompt, the same sampling and the same seed a row. The corpus's own responses
to these explanations are the third arm, for reference.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from stages.common.command import run_stage
from stages.common.files import write_json, written_whole
from stages.common.ledger import Ledger
from stages.common.params import load_params
from stages.common.progress import say
from stages.common.records import Pair, dump_records, read_records
from stages.evaluation.answering import Answer, answers, check_adapter, requests_for
from stages.evaluation.drawing import drawn
from stages.generation.prompts import load_prompt

KEPT_FIELDS = ("seed_id", "category", "severity", "explanation")
DECIMALS = 4  # of the scores in a row; the figures are taken before rounding


def evaluate(
    test: Path, adapter: Path, scorer: Path, evaluation: Path, metrics: Path, mechanisms: Path, spread: Path,
    *, params: Path,
) -> None:
    """Write every scored response, the figures, and two tables for plots."""
    settings = load_params(params)
    prompt = load_prompt(params.parent / "prompts" / "respond" / f"{settings.finetune.prompt}.jinja")
    prompt.check({"explanation": "..."})
    check_adapter(adapter, settings.finetune.model)
    rows = read_records(test, Pair)
    pairs = drawn(rows, settings.evaluate.pairs)
    ledger = Ledger("evaluate", len(rows), reasons=("not_drawn",))
    ledger.drop("not_drawn", len(rows) - len(pairs))

    from stages.evaluation.linear import load_scorer
    from stages.evaluation.mechanisms import MECHANISMS
    from stages.evaluation.summary import ARMS, SCORES, arm_figures, compare, gain_figures

    judge = load_scorer(scorer)
    requests = requests_for(pairs, prompt, settings.evaluate.sampling.seed)
    arms = {
        "base": answers("base", requests, settings, adapter=None),
        "tuned": answers("tuned", requests, settings, adapter=adapter),
        "corpus": [Answer(_writer(pair), pair.response, None) for pair in pairs],
    }
    explanations = [pair.explanation for pair in pairs]
    scores = {arm: judge.score(explanations, [answer.response for answer in arms[arm]]) for arm in ARMS}
    comparison = compare(scores, settings.evaluate.bootstrap_samples, settings.evaluate.seed)

    report = ledger.close(rows_out=len(pairs))
    report |= {arm: arm_figures(scores[arm], arms[arm]) for arm in ARMS} | gain_figures(comparison)
    with written_whole(evaluation, metrics, mechanisms, spread) as (rows_part, metrics_part, bars_part, spread_part):
        dump_records(rows_part, (
            _row(pair, arm, arms[arm][i], {score: round(float(scores[arm][score][i]), DECIMALS) for score in SCORES})
            for i, pair in enumerate(pairs) for arm in ARMS
        ))
        write_json(metrics_part, report)
        _write_table(bars_part, ("arm", "mechanism", "mean", "ci_low", "ci_high"), (
            (arm, m, float(scores[arm][m].mean()), *comparison.intervals[arm, m]) for arm in ARMS for m in MECHANISMS
        ))
        _write_table(spread_part, ("arm", "empathy"), (
            (arm, float(score)) for arm in ARMS for score in scores[arm]["empathy"]
        ))
    say(f"evaluate: {len(pairs)} pairs: " + _in_words(report))


def _writer(pair: Pair) -> str:
    """The model that wrote the corpus's response, where the row says so."""
    return str(pair.model_dump().get("response_model", "corpus"))


def _row(pair: Pair, arm: str, answer: Answer, scores: dict[str, float]) -> dict[str, object]:
    """One scored response. Its id is unique in the file; `pair_id` is the pair's."""
    fields = pair.model_dump()
    return {
        "id": f"{pair.id}-{arm}", "pair_id": pair.id,
        **{name: fields[name] for name in KEPT_FIELDS if name in fields},
        "arm": arm, "model": answer.model, "response": answer.response, "finish_reason": answer.finish_reason,
        **scores,
    }


def _write_table(path: Path, header: tuple[str, ...], rows: Iterable[Sequence[str | float]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        table.writerow(header)
        table.writerows([f"{cell:.6f}" if isinstance(cell, float) else cell for cell in row] for row in rows)


def _in_words(report: dict[str, Any]) -> str:
    means = ", ".join(f"{arm} {report[arm]['mean']:.3f}" for arm in ("base", "tuned", "corpus"))
    gained = report["gain_percent"]
    if gained is None:
        return f"empathy {means}; {report['note']}"
    high = report["gain_ci_high"]
    ends = f"{report['gain_ci_low']:.1f} to {'no bound' if high is None else f'{high:.1f}'}"
    return f"empathy {means}; gain {gained:+.1f}% (95% interval {ends}), p {report['p_value']:.4f}"


if __name__ == "__main__":
    run_stage(
        evaluate,
        {
            "test": "test pairs (JSONL)",
            "adapter": "the adapter (folder)",
            "scorer": "the scorer (folder)",
            "evaluation": "every scored response (JSONL)",
            "metrics": "empathy of each arm, and the gain (JSON)",
            "mechanisms": "means by arm and mechanism (CSV)",
            "spread": "empathy of each response, by arm (CSV)",
        },
        doc=__doc__,
        optional=("mechanisms", "spread"),
    )
