"""respond: a response to each explanation, reasoning first where the prompt asks for it.

    python -m stages.respond data/explanations.jsonl prompts/respond/coe_cbt.jinja \\
        data/responses.jsonl data/dropped_responses.jsonl metrics/respond.json

Where the prompt asks for notes under "Reasoning:" and an answer under "Response:" (or as the domain's description calls them),
the notes go to `reasoning` and are never part of the response.
"""

from __future__ import annotations

from pathlib import Path

from synthempathy.core.command import run_stage
from synthempathy.core.files import write_json, written_whole
from synthempathy.core.params import read_params
from synthempathy.core.records import Explanation, dump_records, read_records
from synthempathy.domain.description import read_domain
from synthempathy.generation.params import Respond
from synthempathy.generation.steps import RESPOND, generate
from synthempathy.llm.params import Engine, Machine


def respond(explanations: Path, prompt: Path, responses: Path, dropped: Path, metrics: Path, *, params: Path) -> None:
    """Write a response to each explanation."""
    file = read_params(params)
    settings = file.section("respond", Respond)
    engine, machine = file.section("engine", Engine), file.section("machine", Machine)
    template = RESPOND.prompt(prompt)
    records = read_records(explanations, Explanation)

    made = generate(RESPOND, records, template, settings, engine, machine, read_domain(params).wording)
    with written_whole(responses, dropped, metrics) as (responses_part, dropped_part, metrics_part):
        dump_records(responses_part, made.rows())
        dump_records(dropped_part, made.dropped)
        write_json(metrics_part, made.metrics())
    made.report()


if __name__ == "__main__":
    run_stage(respond, {
        "explanations": "explanations to answer (JSONL)", "prompt": "the prompt's template (Jinja)",
        "responses": "the pairs (JSONL)", "dropped": "rows given up, each with its reason (JSONL)",
        "metrics": "rows and tokens (JSON)",
    }, doc=__doc__, optional=("dropped", "metrics"))
