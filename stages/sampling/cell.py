"""cell: ask a model at one temperature and top_p, and measure its answers.

    python -m stages.sampling.cell data/seeds.jsonl prompts/brainstorm/default.jinja \\
        data/sampling/0.7-0.92.jsonl metrics/sampling/cells/0.7-0.92.json --temperature 0.7 --top-p 0.92

Each row is asked once per sample, with the step's own prompt and checks; the same rows and seeds in every cell. Diversity
is that of the accepted answers (see synthempathy/sampling/measures.py). Coherence is the acceptance rate, the share of the
answers that pass the step's checks at the first attempt, and the accepted answers' perplexity under the model that wrote
them. Requests that a server left unanswered count for neither.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, get_args

from synthempathy.core.command import Parser, from_params, guarded
from synthempathy.core.draw import rank
from synthempathy.core.errors import ModelError
from synthempathy.core.files import write_json, written_whole
from synthempathy.core.params import read_params
from synthempathy.core.progress import say
from synthempathy.core.records import dump_records
from synthempathy.domain.description import read_domain
from synthempathy.generation.steps import STEPS, asking_of
from synthempathy.llm.backends import Completion, FailureReason
from synthempathy.llm.params import Engine, Machine
from synthempathy.llm.perplexity import perplexities
from synthempathy.llm.runner import Reader, Results, Row, ask_rows
from synthempathy.sampling.draw import rows_of
from synthempathy.sampling.grid import GRID, load_grid
from synthempathy.sampling.measures import diversity


def cell(
    inputs: Path, prompt: Path, answers: Path, metrics: Path, *, temperature: float, top_p: float, grid: Path,
    params: Path,
) -> None:
    """Write the cell's answers (JSONL, accepted or not) and its figures (JSON)."""
    wanted, file = load_grid(grid), read_params(params)
    engine, machine = file.section("engine", Engine), file.section("machine", Machine)
    step, settings = STEPS[wanted.step], wanted.settings(file, temperature, top_p)
    template = step.prompt(prompt)
    rows = rows_of(wanted, inputs, template)

    wording = read_domain(params).wording
    asking = asking_of(settings, template, engine, machine, wording)
    results = ask_rows("sampling", rows, asking, _with_answer(step.reader(settings, template, wording)))
    unanswered = sum(results.reasons[reason] for reason in get_args(FailureReason))
    if unanswered == len(rows):
        raise ModelError(f"{wanted.model} answered none of {len(rows)} requests; see the engine's settings in {params}")

    accepted = [row for row in rows if row.id in results.accepted]
    texts: dict[str, list[str]] = {}
    for row in accepted:
        texts.setdefault(row.record.id, []).append(results.accepted[row.id][step.field])
    drawn = sorted(accepted, key=lambda row: rank(row.id, wanted.seed))[: wanted.measured]
    measured = [results.accepted[row.id][step.field] for row in drawn] if len(drawn) == wanted.measured else None
    conversations = [(row.rendered(), results.accepted[row.id][_ANSWER]) for row in accepted]
    figures = {
        "temperature": float(temperature), "top_p": float(top_p), "asked": len(rows), "unanswered": unanswered,
        "accepted": len(accepted), "acceptance": len(accepted) / (len(rows) - unanswered),
        "rejected": {reason: count for reason, count in sorted(results.reasons.items()) if count},
        "perplexity": perplexities(asking.models, conversations, asking.engine, machine)[0].value, **diversity(texts, measured),
    }
    with written_whole(answers, metrics) as (answers_part, metrics_part):
        dump_records(answers_part, _lines(rows, results, step.field))
        write_json(metrics_part, figures)
    say(f"cell {temperature}, {top_p}: {len(accepted)} of {len(rows)} answers accepted")


_ANSWER = "answer"  # the whole answer, beside the fields that the step takes from it


def _with_answer(read: Reader) -> Reader:
    def whole(row: Row, answer: Completion) -> dict[str, str] | str:
        fields = read(row, answer)
        return fields if isinstance(fields, str) else fields | {_ANSWER: answer.text}

    return whole


def _lines(rows: Sequence[Row], results: Results, field: str) -> Iterator[dict[str, Any]]:
    """One line per answer: the text that passed, or the whole answer and why it did not."""
    rejected = {row["id"]: row for row in results.dropped}
    for row in rows:
        reason = None if row.id in results.accepted else rejected[row.id]["reason"]
        text = rejected[row.id]["detail"] if reason else results.accepted[row.id][field]
        yield {"id": row.id, "row": row.record.id, "sample": row.sample, "reason": reason, "text": text}


_FILLED = re.compile(r"\{temperature\}|\{top_p\}")


def _number(text: str) -> str:
    """A number as it is written, since DVC names the cell's files by it."""
    float(text)
    return text


if __name__ == "__main__":
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("inputs", help="what the step reads (JSONL)")
    parser.add_argument("prompt", help="the prompt's template (Jinja)")
    parser.add_argument("answers", help="where the answers go (JSONL); {temperature} and {top_p} in it are filled in")
    parser.add_argument("metrics", help="where the figures go (JSON); the same")
    parser.add_argument("--temperature", type=_number, required=True)
    parser.add_argument("--top-p", "--top_p", type=_number, required=True)
    parser.add_argument("--grid", type=Path, default=GRID, help="default: %(default)s")
    parser.add_argument("--params", type=Path, default=Path("params.yaml"), help="default: %(default)s")
    given = parser.parse_args()
    named = {"{temperature}": given.temperature, "{top_p}": given.top_p}
    answers, metrics = (Path(_FILLED.sub(lambda found: named[found[0]], path)) for path in (given.answers, given.metrics))
    guarded(lambda: cell(
        from_params(given.inputs, given.grid), from_params(given.prompt, given.grid), answers, metrics,
        temperature=float(given.temperature), top_p=float(given.top_p), grid=given.grid, params=given.params,
    ), params=given.params)
