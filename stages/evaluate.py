"""evaluate: base and tuned model answer the same test explanations; what did tuning gain?

    python -m stages.evaluate data/test.jsonl models/adapter models/scorer data/evaluation.jsonl \\
        metrics/{domain}.json metrics/{domain}_by_mechanism.csv metrics/{domain}_scores.csv metrics/{domain}_by_category.csv

All models (also those of evaluate.also) are asked with prompts/respond/<finetune.prompt>.jinja beside the params file, the
same sampling and the same seed per row. The corpus's own responses to these explanations are the last system, for reference.
Answers are kept in the response store: a killed run resumes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from synthempathy.core.command import run_stage
from synthempathy.core.errors import run_all
from synthempathy.core.files import write_json, written_whole
from synthempathy.core.ledger import Ledger
from synthempathy.core.params import read_params
from synthempathy.core.progress import say
from synthempathy.core.records import Pair, dump_records, read_records
from synthempathy.domain.description import read_domain
from synthempathy.evaluation.answering import Answer, answers, questions
from synthempathy.evaluation.params import Evaluate
from synthempathy.evaluation.strata import draw_pairs
from synthempathy.evaluation.systems import BASE, CORPUS, TUNED, check_systems, systems_of
from synthempathy.finetuning.examples import PROMPT_VARIABLES, prompt_and_words
from synthempathy.finetuning.params import Finetune
from synthempathy.llm.params import Engine, Machine, engine_of
from synthempathy.llm.prompts import load_prompt
from synthempathy.scorers.base import Surroundings

KEPT_FIELDS = ("seed_id", "category", "severity", "explanation")
DECIMALS = 4  # of the scores in a row; the figures are taken before rounding
PERPLEXITY_DECIMALS = 3  # float32's noise is below


def evaluate(
    test: Path, adapter: Path, scorer: Path, evaluation: Path, metrics: Path, mechanisms: Path, spread: Path, categories: Path,
    *, params: Path,
) -> None:
    """Write every scored response, the figures, and three tables for plots and `compare`."""
    file = read_params(params)
    settings, tuning = file.section("evaluate", Evaluate), file.section("finetune", Finetune)
    engine, machine = engine_of(settings.engine, file.section("engine", Engine)), file.section("machine", Machine)
    prompt = load_prompt(file.prompts / "respond" / f"{tuning.prompt}.jinja")
    prompt.check(PROMPT_VARIABLES)
    systems = systems_of(tuning, adapter, settings)
    check_systems(systems, engine)
    rows = read_records(test, Pair)
    pairs = draw_pairs(rows, settings.pairs)
    ledger = Ledger("evaluate", len(rows), reasons=("not_drawn",))
    ledger.drop("not_drawn", len(rows) - len(pairs))

    from synthempathy.evaluation.results import Evaluation, gain_figures
    from synthempathy.llm.ahead import checks_before
    from synthempathy.llm.perplexity import perplexities
    from synthempathy.scorers.kinds import load_scorer

    judge = load_scorer(scorer, Surroundings(machine))
    asked = {one.name: questions(one.model, pairs, prompt, settings.sampling, engine, machine) for one in systems}
    if waiting := [check for rows, asking in asked.values() for check in checks_before(rows, asking)]:
        run_all([*waiting, *judge.checks()])
    given = {name: answers(name, *rows_and_asking) for name, rows_and_asking in asked.items()}
    given[CORPUS] = [Answer(_writer(pair), pair.response, None) for pair in pairs]
    texts = [(prompt.messages(explanation=pair.explanation), pair.response) for pair in pairs]
    compared = [one for one in systems if one.name in (BASE, TUNED)]
    perplexity = perplexities([one.model for one in compared], texts, engine, machine, prompt_and_words)
    explanations = [pair.explanation for pair in pairs]
    scores = {name: judge.score(explanations, [answer.response for answer in some]) for name, some in given.items()}
    results = Evaluation(pairs, given, scores, read_domain(params), settings.bootstrap_samples, settings.seed)

    report: dict[str, Any] = ledger.close(rows_out=len(pairs))
    report |= {name: results.figures(name) for name in (BASE, TUNED, CORPUS)}
    for one, (value, reason) in zip(compared, perplexity, strict=True):
        report[one.name] |= {"perplexity": value if value is None else round(value, PERPLEXITY_DECIMALS)}
        report[one.name] |= {"perplexity_note": reason} if reason else {}
    report |= gain_figures(results.contrast(TUNED))
    if settings.also:
        report["also"] = {
            one.name: results.figures(one.name) | gain_figures(results.contrast(one.name)) for one in settings.also
        }
    with written_whole(evaluation, metrics, mechanisms, spread, categories) as parts:
        dump_records(parts[0], (
            _row(pair, name, some[i], {score: round(float(scores[name][score][i]), DECIMALS) for score in judge.scores})
            for i, pair in enumerate(pairs) for name, some in given.items()
        ))
        write_json(parts[1], report)
        results.write_mechanisms(parts[2])
        results.write_scores(parts[3])
        results.write_categories(parts[4])
    say(f"evaluate: {len(pairs)} pairs: " + _in_words(report, judge.whole))


def _writer(pair: Pair) -> str:
    """The model that wrote the corpus's response, where the row says so."""
    return str(pair.model_dump().get("response_model", "corpus"))


def _row(pair: Pair, system: str, answer: Answer, scores: dict[str, float]) -> dict[str, object]:
    """One scored response. Its id is unique in the file; `pair_id` is the pair's."""
    fields = pair.model_dump()
    return {
        "id": f"{pair.id}-{system}", "pair_id": pair.id,
        **{name: fields[name] for name in KEPT_FIELDS if name in fields},
        "system": system, "model": answer.model, "response": answer.response, "finish_reason": answer.finish_reason,
        **scores,
    }


def _in_words(report: dict[str, Any], whole: str) -> str:
    means = ", ".join(f"{name} {report[name]['mean']:.3f}" for name in (BASE, TUNED, CORPUS))
    if report["gain_ci_low"] is None:
        return f"{whole} {means}; {report['note']}"
    high, same = report["gain_ci_high"], report["gain_equal_length"]
    ends = f"{report['gain_ci_low']:.1f} to {'no bound' if high is None else f'{high:.1f}'}"
    equal = same["note"] if same["gain_percent"] is None else f"{same['gain_percent']:+.1f}%"
    return (
        f"{whole} {means}; gain {report['gain_percent']:+.1f}% (95% interval {ends}), p {report['p_value']:.4f}; "
        f"at equal length: {equal}"
    )


if __name__ == "__main__":
    run_stage(
        evaluate,
        {
            "test": "test pairs (JSONL)",
            "adapter": "the adapter (folder)",
            "scorer": "the scorer (folder)",
            "evaluation": "every scored response (JSONL)",
            "metrics": "scores of each system, and the gain (JSON)",
            "mechanisms": "means by system and mechanism (CSV)",
            "spread": "scores of each response, by system (CSV)",
            "categories": "the gain by category (CSV)",
        },
        doc=__doc__,
        optional=("mechanisms", "spread", "categories"),
    )
