"""prefer: what the fine-tuning learns from: every pair, or those whose response is better than the base model's own answer.

    python -m stages.prefer data/train.jsonl data/validation.jsonl models/scorer \\
        data/preferred_train.jsonl data/preferred_validation.jsonl metrics/prefer.json

Where finetune.kind is sft, pairs go through as they are. Where it is dpo, the base model answers each explanation with
prompts/respond/<finetune.prompt>.jinja; a pair whose response scores higher than the answer by finetune.dpo.margin is kept,
with `rejected` (the answer) and the scores of both added. Answers are kept in the response store: a killed run
resumes.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from synthempathy.core.command import run_stage
from synthempathy.core.errors import InputError, run_all
from synthempathy.core.files import write_json, written_whole
from synthempathy.core.ledger import Ledger
from synthempathy.core.params import read_params
from synthempathy.core.progress import say
from synthempathy.core.records import Pair, dump_records, read_records
from synthempathy.finetuning.examples import PROMPT_VARIABLES, base_model
from synthempathy.finetuning.params import Finetune
from synthempathy.llm.params import Engine, Machine
from synthempathy.llm.prompts import load_prompt

NOT_BETTER = "not_better"
DECIMALS = 4  # of scores in a row; what is kept is decided before rounding


def prefer(
    train: Path, validation: Path, scorer: Path, train_out: Path, validation_out: Path, metrics: Path, *, params: Path
) -> None:
    """Write the pairs to learn from and to watch, and how many there are."""
    file = read_params(params)
    settings = file.section("finetune", Finetune)
    engine, machine = file.section("engine", Engine), file.section("machine", Machine)
    sides = {path: read_records(path, Pair) for path in (train, validation)}
    ledger = Ledger("prefer", sum(map(len, sides.values())), reasons=(NOT_BETTER,) if settings.kind == "dpo" else ())
    chosen: dict[Path, list[dict[str, Any]]] = {path: [pair.model_dump() for pair in side] for path, side in sides.items()}
    if settings.kind == "dpo":
        prompt = load_prompt(file.prompts / "respond" / f"{settings.prompt}.jinja")
        prompt.check(PROMPT_VARIABLES)
        both = [pair for side in sides.values() for pair in side]
        if twice := {pair.id for pair in sides[train]} & {pair.id for pair in sides[validation]}:
            raise InputError("is in both files", file=validation, field="id", value=min(twice), hint="split the corpus anew")
        better = _better(both, prompt, scorer, settings, engine, machine, ledger)
        chosen = {path: [better[pair.id] for pair in side if pair.id in better] for path, side in sides.items()}
        for path, rows in chosen.items():
            if not rows:
                raise InputError(
                    "no response scores higher than the base model's own answer", file=path, hint="lower finetune.dpo.margin"
                )
    report = ledger.close(rows_out=sum(map(len, chosen.values()))) | {"kind": settings.kind}
    with written_whole(train_out, validation_out, metrics) as (train_part, validation_part, metrics_part):
        dump_records(train_part, chosen[train])
        dump_records(validation_part, chosen[validation])
        write_json(metrics_part, report)
    say(f"prefer: {report['rows_out']} of {report['rows_in']} pairs are learned from ({settings.kind})")


def _better(
    pairs: Sequence[Pair], prompt: Any, scorer: Path, settings: Finetune, engine: Engine, machine: Machine, ledger: Ledger
) -> dict[str, dict[str, Any]]:
    """The rows whose response is better than the base model's answer, by id; the others go to the ledger."""
    from synthempathy.llm.ahead import checks_before
    from synthempathy.llm.runner import Asking, Row, ask_rows
    from synthempathy.scorers.base import Surroundings
    from synthempathy.scorers.kinds import load_scorer

    judge = load_scorer(scorer, Surroundings(machine))
    rows = [Row(pair.id, pair, partial(prompt.messages, explanation=pair.explanation)) for pair in pairs]
    asking = Asking((base_model(settings),), settings.dpo.sampling, 1, engine, machine)
    if waiting := checks_before(rows, asking):
        run_all([*waiting, *judge.checks()])
    found = ask_rows("prefer", rows, asking, lambda _, done: {"rejected": done.text.strip()})
    for reason, count in found.reasons.items():
        ledger.drop(reason, count)
    answered = [pair for pair in pairs if found.accepted.get(pair.id, {}).get("rejected")]
    ledger.drop("empty", len(found.accepted) - len(answered))
    explanations = [pair.explanation for pair in answered]
    rejected = [found.accepted[pair.id]["rejected"] for pair in answered]
    ours, theirs = (judge.score(explanations, texts)[judge.whole] for texts in ([pair.response for pair in answered], rejected))
    kept = {}
    for pair, text, high, low in zip(answered, rejected, ours, theirs, strict=True):
        if high - low >= settings.dpo.margin and high > low:
            scores = {judge.whole: round(float(high), DECIMALS), f"rejected_{judge.whole}": round(float(low), DECIMALS)}
            kept[pair.id] = pair.model_dump() | {"rejected": text} | scores
    ledger.drop(NOT_BETTER, len(answered) - len(kept))
    return kept


if __name__ == "__main__":
    run_stage(prefer, {
        "train": "training pairs (JSONL)", "validation": "validation pairs (JSONL)", "scorer": "the scorer (folder)",
        "train_out": "pairs to learn from (JSONL)", "validation_out": "pairs to watch (JSONL)", "metrics": "rows (JSON)",
    }, doc=__doc__)
