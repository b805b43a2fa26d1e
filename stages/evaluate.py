"""evaluate: base and tuned model answer the same test explanations; what did tuning gain in empathy?

    python -m stages.evaluate data/test.jsonl models/adapter models/scorer data/evaluation.jsonl \\
        metrics/empathy.json metrics/empathy_by_mechanism.csv metrics/empathy_scores.csv metrics/empathy_by_category.csv

All models (also those of evaluate.also) are asked with finetune.prompt, the same sampling and the same seed a row. The
corpus's own responses to these explanations are the last arm, for reference. Answers are kept in the response store: a
killed run goes on where it stopped.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from synthempathy.core.command import run_stage
from synthempathy.core.files import write_json, written_whole
from synthempathy.core.ledger import Ledger
from synthempathy.core.progress import say
from synthempathy.core.records import Pair, dump_records, read_records
from synthempathy.evaluation.answering import Answer, answers
from synthempathy.evaluation.arms import BASE, CORPUS, TUNED, arms_of, check_arms
from synthempathy.evaluation.drawing import drawn
from synthempathy.llm.prompts import load_prompt
from synthempathy.project.params import load_params

KEPT_FIELDS = ("seed_id", "category", "severity", "explanation")
DECIMALS = 4  # of the scores in a row; the figures are taken before rounding
PERPLEXITY_DECIMALS = 3  # float32's noise is below


def evaluate(
    test: Path, adapter: Path, scorer: Path, evaluation: Path, metrics: Path, mechanisms: Path, spread: Path,
    categories: Path, *, params: Path,
) -> None:
    """Write every scored response, the figures, and three tables for plots and `compare`."""
    settings = load_params(params)
    prompt = load_prompt(params.parent / "prompts" / "respond" / f"{settings.finetune.prompt}.jinja")
    prompt.check({"explanation": "..."})
    arms = arms_of(settings, adapter)
    check_arms(arms, settings.engine.backend)
    rows = read_records(test, Pair)
    pairs = drawn(rows, settings.evaluate.pairs)
    ledger = Ledger("evaluate", len(rows), reasons=("not_drawn",))
    ledger.drop("not_drawn", len(rows) - len(pairs))

    from synthempathy.evaluation import tables
    from synthempathy.evaluation.bootstrap import grouped
    from synthempathy.evaluation.perplexity import perplexities
    from synthempathy.evaluation.summary import SCORES, Evaluated, gain_figures
    from synthempathy.scorers import load_scorer

    judge = load_scorer(scorer, settings)
    answered = {arm.name: answers(arm, pairs, prompt, settings) for arm in arms}
    answered[CORPUS] = [Answer(_writer(pair), pair.response, None) for pair in pairs]
    perplexity = perplexities(arms, pairs, prompt, settings)
    explanations = [pair.explanation for pair in pairs]
    scores = {
        arm: judge.score(explanations, [answer.response for answer in given]) for arm, given in answered.items()
    }
    seeds = grouped([pair.seed_id for pair in pairs])
    evaluated = Evaluated(pairs, answered, scores, seeds, settings.evaluate.bootstrap_samples, settings.evaluate.seed)

    report: dict[str, Any] = ledger.close(rows_out=len(pairs))
    report |= {arm: evaluated.figures(arm) for arm in (BASE, TUNED, CORPUS)}
    for arm, value in perplexity.items():
        report[arm] |= {"perplexity": value if value is None else round(value, PERPLEXITY_DECIMALS)}
    report |= gain_figures(evaluated.contrast(TUNED))
    others = [other.name for other in settings.evaluate.also]
    if others:
        report["also"] = {name: evaluated.figures(name) | gain_figures(evaluated.contrast(name)) for name in others}
    with written_whole(evaluation, metrics, mechanisms, spread, categories) as parts:
        dump_records(parts[0], (
            _row(pair, arm, given[i], {score: round(float(scores[arm][score][i]), DECIMALS) for score in SCORES})
            for i, pair in enumerate(pairs) for arm, given in answered.items()
        ))
        write_json(parts[1], report)
        tables.write_mechanisms(parts[2], evaluated)
        tables.write_scores(parts[3], evaluated)
        tables.write_categories(parts[4], evaluated)
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


def _in_words(report: dict[str, Any]) -> str:
    means = ", ".join(f"{arm} {report[arm]['mean']:.3f}" for arm in (BASE, TUNED, CORPUS))
    if report["gain_ci_low"] is None:
        return f"empathy {means}; {report['note']}"
    high, same = report["gain_ci_high"], report["gain_equal_length"]
    ends = f"{report['gain_ci_low']:.1f} to {'no bound' if high is None else f'{high:.1f}'}"
    told = same["note"] if same["gain_percent"] is None else f"{same['gain_percent']:+.1f}%"
    return (
        f"empathy {means}; gain {report['gain_percent']:+.1f}% (95% interval {ends}), p {report['p_value']:.4f}; "
        f"at equal length: {told}"
    )


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
            "spread": "scores of each response, by arm (CSV)",
            "categories": "the gain by category (CSV)",
        },
        doc=__doc__,
        optional=("mechanisms", "spread", "categories"),
    )
