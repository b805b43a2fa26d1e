"""brainstorm: many different stories from each seed (the paper's story brainstorming).

    python -m stages.brainstorm data/seeds.jsonl prompts/brainstorm/default.jinja \\
        data/stories.jsonl data/dropped_stories.jsonl metrics/brainstorm.json

A story's id is its seed's and a number.
"""

from __future__ import annotations

from pathlib import Path

from synthempathy.core.command import run_stage
from synthempathy.core.files import write_json, written_whole
from synthempathy.core.params import read_params
from synthempathy.core.records import Seed, dump_records, read_records
from synthempathy.domain.description import read_domain
from synthempathy.generation.params import Brainstorm
from synthempathy.generation.steps import BRAINSTORM, generate
from synthempathy.llm.params import Engine, Machine


def brainstorm(seeds: Path, prompt: Path, stories: Path, dropped: Path, metrics: Path, *, params: Path) -> None:
    """Write `stories_per_seed` stories for each seed."""
    file = read_params(params)
    settings = file.section("brainstorm", Brainstorm)
    engine, machine = file.section("engine", Engine), file.section("machine", Machine)
    template = BRAINSTORM.prompt(prompt)
    records = read_records(seeds, Seed)

    wording = read_domain(params).wording
    made = generate(BRAINSTORM, records, template, settings, engine, machine, wording, settings.stories_per_seed)
    with written_whole(stories, dropped, metrics) as (stories_part, dropped_part, metrics_part):
        dump_records(stories_part, made.rows())
        dump_records(dropped_part, made.dropped)
        write_json(metrics_part, made.metrics())
    made.report()


if __name__ == "__main__":
    run_stage(brainstorm, {
        "seeds": "seeds to start from (JSONL)", "prompt": "the prompt's template (Jinja)",
        "stories": "the stories (JSONL)", "dropped": "rows given up, each with its reason (JSONL)",
        "metrics": "rows and tokens (JSON)",
    }, doc=__doc__, optional=("dropped", "metrics"))
