"""brainstorm: many different stories from each seed (SYNTHEMPATHY, story brainstorming).

    python -m stages.brainstorm data/seeds.jsonl prompts/brainstorm/default.jinja \\
        data/stories.jsonl data/dropped_stories.jsonl metrics/brainstorm.json
"""

from __future__ import annotations

from pathlib import Path

from synthempathy.core.command import run_stage
from synthempathy.core.files import write_json, written_whole
from synthempathy.core.progress import say
from synthempathy.core.records import Record, Seed, dump_records, read_records
from synthempathy.generation import checks
from synthempathy.llm.backends import Completion
from synthempathy.llm.generate import Ask, generate
from synthempathy.llm.prompts import load_prompt
from synthempathy.project.params import load_params


def brainstorm(seeds: Path, prompt: Path, stories: Path, dropped: Path, metrics: Path, *, params: Path) -> None:
    """Write `stories_per_seed` stories a seed; a story's id is its seed's and its number."""
    loaded = load_params(params)
    settings = loaded.brainstorm
    template = load_prompt(prompt)
    template.check({"sentence": "I missed the bus.", "category": "Other"})
    found = read_records(seeds, Seed)
    asks = [
        Ask(f"{seed.id}-{sample:02d}", seed, messages, sample)
        for seed in found
        for messages in [template.messages(sentence=seed.sentence, category=seed.category)]
        for sample in range(settings.stories_per_seed)
    ]

    def read(ask: Ask, answer: Completion) -> dict[str, str] | str:
        return checks.unusable(answer, answer.text, settings, template.instructions) or {"story": answer.text}

    answers = generate("brainstorm", asks, settings, loaded, read)
    rows = (
        _story(ask.record, ask.id, answers.accepted[ask.id]["story"], answers.model_of[ask.id])
        for ask in asks if ask.id in answers.accepted
    )
    with written_whole(stories, dropped, metrics) as (stories_part, dropped_part, metrics_part):
        dump_records(stories_part, rows)
        dump_records(dropped_part, answers.dropped)
        write_json(metrics_part, answers.metrics("brainstorm", rows_in=len(asks)))
    say(f"brainstorm: {len(answers.accepted)} stories of {len(asks)} asked, {answers.asked_again} asked again")


def _story(seed: Record, id: str, story: str, model: str) -> dict[str, object]:
    """A story row: the seed's fields under the names that they keep from here on."""
    row = seed.model_dump()
    sentence, seed_id = row.pop("sentence"), row.pop("id")
    return {
        "id": id, "seed_id": seed_id, "category": row.pop("category"), "severity": row.pop("severity"),
        "source": row.pop("source"), **row, "seed": sentence, "story": story, "model": model,
    }


if __name__ == "__main__":
    run_stage(brainstorm, {
        "seeds": "seeds to start from (JSONL)", "prompt": "the prompt's template (Jinja)",
        "stories": "where the stories go (JSONL)", "dropped": "where rows given up go (JSONL)",
        "metrics": "where the counts go (JSON)",
    }, doc=__doc__, optional=("dropped", "metrics"))
