"""explain: each story becomes a first-person explanation (SYNTHEMPATHY, explanation rewriting).

    python -m stages.explain data/unique_stories.jsonl prompts/explain/default.jinja \\
        data/explanations.jsonl data/dropped_explanations.jsonl metrics/explain.json
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from synthempathy.core.command import run_stage
from synthempathy.core.files import write_json, written_whole
from synthempathy.core.progress import say
from synthempathy.core.records import Story, dump_records, read_records
from synthempathy.generation import checks
from synthempathy.llm.backends import Completion
from synthempathy.llm.generate import Ask, generate
from synthempathy.llm.prompts import load_prompt
from synthempathy.project.params import load_params


def explain(stories: Path, prompt: Path, explanations: Path, dropped: Path, metrics: Path, *, params: Path) -> None:
    """Write one explanation a story, told in the first person."""
    loaded = load_params(params)
    settings = loaded.explain
    template = load_prompt(prompt)
    template.check({"story": "Ann missed the bus.", "seed": "I missed the bus.", "category": "Other"})
    rows = read_records(stories, Story)
    asks = [
        Ask(row.id, row, partial(template.messages, story=row.story, seed=row.seed, category=row.category))
        for row in rows
    ]

    def read(ask: Ask, answer: Completion) -> dict[str, str] | str:
        wrong = checks.unusable(answer, answer.text, settings, template.instructions) or checks.not_first_person(answer.text)
        return wrong or {"explanation": answer.text}

    answers = generate("explain", asks, settings, loaded, read)
    told = (
        row.extended(**answers.accepted[row.id], explanation_model=answers.model_of[row.id])
        for row in rows if row.id in answers.accepted
    )
    with written_whole(explanations, dropped, metrics) as (explanations_part, dropped_part, metrics_part):
        dump_records(explanations_part, told)
        dump_records(dropped_part, answers.dropped)
        write_json(metrics_part, answers.metrics("explain", rows_in=len(rows)))
    say(f"explain: {len(answers.accepted)} explanations of {len(rows)} stories, {answers.asked_again} asked again")


if __name__ == "__main__":
    run_stage(explain, {
        "stories": "stories to retell (JSONL)", "prompt": "the prompt's template (Jinja)",
        "explanations": "where the explanations go (JSONL)", "dropped": "where rows given up go (JSONL)",
        "metrics": "where the counts go (JSON)",
    }, doc=__doc__, optional=("dropped", "metrics"))
