"""cell: ask a model at one temperature and top_p, and measure its answers.

    python -m stages.sampling.cell data/seeds.jsonl prompts/brainstorm/default.jinja \\
        data/sampling/0.7-0.92.jsonl metrics/sampling/cells/0.7-0.92.json --temperature 0.7 --top-p 0.92

Each row is asked once a sample, with the step's own prompt and checks; the same rows and seeds in every cell. Diversity
is that of the accepted answers (see `measures`). Coherence is the acceptance rate, the share of the answers that pass the
step's checks at the first attempt, and the accepted answers' perplexity under the model that wrote them. Requests that a
server left unanswered count for neither.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from synthempathy.core.command import guarded
from synthempathy.core.errors import ModelError
from synthempathy.core.files import write_json, written_whole
from synthempathy.core.progress import say
from synthempathy.core.records import dump_records
from synthempathy.llm.backends import FailureReason
from synthempathy.llm.generate import Answers, Ask, generate
from synthempathy.project.params import load_params
from synthempathy.sampling.grid import GRID, load_grid
from synthempathy.sampling.measures import diversity
from synthempathy.sampling.perplexity import perplexity
from synthempathy.sampling.steps import asks_of, prompt_of, rank, reader


def cell(
    inputs: Path, prompt: Path, answers: Path, metrics: Path, *, temperature: float, top_p: float, grid: Path,
    params: Path,
) -> None:
    """Write the cell's answers (JSONL, accepted or not) and its figures (JSON)."""
    wanted, loaded = load_grid(grid), load_params(params)
    settings = wanted.settings(loaded, temperature, top_p)
    template = prompt_of(wanted.step, prompt)
    asks = asks_of(wanted.step, inputs, template, wanted.rows, wanted.samples, wanted.seed)

    got = generate("sampling", asks, settings, loaded, reader(wanted.step, settings, template))
    unanswered = sum(got.reasons[reason] for reason in get_args(FailureReason))
    if unanswered == len(asks):
        raise ModelError(f"{wanted.model} answered none of {len(asks)} requests; see the engine's settings in {params}")

    accepted = [ask for ask in asks if ask.id in got.accepted]
    texts: dict[str, list[str]] = {}
    for ask in accepted:
        texts.setdefault(ask.record.id, []).append(got.accepted[ask.id]["text"])
    drawn = sorted(accepted, key=lambda ask: rank(ask.id, wanted.seed))[: wanted.measured]
    measured = [got.accepted[ask.id]["text"] for ask in drawn] if len(drawn) == wanted.measured else None
    likely = perplexity(
        [(ask.rendered(), got.accepted[ask.id]["answer"]) for ask in accepted],
        wanted.model, wanted.revision, loaded.engine, loaded.machine,
    )
    figures = {
        "temperature": float(temperature), "top_p": float(top_p), "asked": len(asks), "unanswered": unanswered,
        "accepted": len(accepted), "acceptance": len(accepted) / (len(asks) - unanswered),
        "rejected": {reason: count for reason, count in sorted(got.reasons.items()) if count},
        "perplexity": likely, **diversity(texts, measured),
    }
    with written_whole(answers, metrics) as (answers_part, metrics_part):
        dump_records(answers_part, _rows(asks, got))
        write_json(metrics_part, figures)
    say(f"cell {temperature}, {top_p}: {len(accepted)} of {len(asks)} answers accepted")


def _rows(asks: list[Ask], got: Answers) -> Iterator[dict[str, Any]]:
    """An answer a line: the text that passed, or the whole answer and why it did not."""
    rejected = {row["id"]: row for row in got.dropped}
    for ask in asks:
        reason = None if ask.id in got.accepted else rejected[ask.id]["reason"]
        text = rejected[ask.id]["detail"] if reason else got.accepted[ask.id]["text"]
        yield {"id": ask.id, "row": ask.record.id, "sample": ask.sample, "reason": reason, "text": text}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("inputs", type=Path, help="what the step reads (JSONL)")
    parser.add_argument("prompt", type=Path, help="the prompt's template (Jinja)")
    parser.add_argument("answers", type=Path, help="where the answers go (JSONL)")
    parser.add_argument("metrics", type=Path, help="where the figures go (JSON)")
    parser.add_argument("--temperature", type=float, required=True)
    parser.add_argument("--top-p", type=float, required=True)
    parser.add_argument("--grid", type=Path, default=GRID, help="default: %(default)s")
    parser.add_argument("--params", type=Path, default=Path("params.yaml"), help="default: %(default)s")
    given = parser.parse_args()
    guarded(lambda: cell(**vars(given)))
