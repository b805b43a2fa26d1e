"""explain: each story becomes a first-person explanation (the paper's explanation rewriting).

    python -m stages.explain data/unique_stories.jsonl prompts/explain/default.jinja \\
        data/explanations.jsonl data/dropped_explanations.jsonl metrics/explain.json
"""

from __future__ import annotations

from pathlib import Path

from synthempathy.core.command import run_stage
from synthempathy.core.files import write_json, written_whole
from synthempathy.core.params import read_params
from synthempathy.core.records import Story, dump_records, read_records
from synthempathy.domain.description import read_domain
from synthempathy.generation.params import Explain
from synthempathy.generation.steps import EXPLAIN, generate
from synthempathy.llm.params import Engine, Machine


def explain(stories: Path, prompt: Path, explanations: Path, dropped: Path, metrics: Path, *, params: Path) -> None:
    """Write an explanation for each story, told in the first person."""
    file = read_params(params)
    settings = file.section("explain", Explain)
    engine, machine = file.section("engine", Engine), file.section("machine", Machine)
    template = EXPLAIN.prompt(prompt)
    records = read_records(stories, Story)

    made = generate(EXPLAIN, records, template, settings, engine, machine, read_domain(params).wording)
    with written_whole(explanations, dropped, metrics) as (explanations_part, dropped_part, metrics_part):
        dump_records(explanations_part, made.rows())
        dump_records(dropped_part, made.dropped)
        write_json(metrics_part, made.metrics())
    made.report()


if __name__ == "__main__":
    run_stage(explain, {
        "stories": "stories to retell (JSONL)", "prompt": "the prompt's template (Jinja)",
        "explanations": "the explanations (JSONL)", "dropped": "rows given up, each with its reason (JSONL)",
        "metrics": "rows and tokens (JSON)",
    }, doc=__doc__, optional=("dropped", "metrics"))
