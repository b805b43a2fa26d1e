"""respond: an empathetic response to each explanation, by Chain-of-Empathy prompting (Lee et al. 2023).

    python -m stages.respond data/explanations.jsonl prompts/respond/coe_cbt.jinja \\
        data/responses.jsonl data/dropped_responses.jsonl metrics/respond.json

Where the prompt asks for notes under "Reasoning:" and an answer under "Response:", the two are parted: the notes go to
`reasoning` and are never part of the response.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from synthempathy.core.command import run_stage
from synthempathy.core.files import write_json, written_whole
from synthempathy.core.progress import say
from synthempathy.core.records import Explanation, dump_records, read_records
from synthempathy.generation import checks
from synthempathy.llm.backends import Completion
from synthempathy.llm.generate import Ask, generate
from synthempathy.llm.prompts import load_prompt
from synthempathy.project.params import load_params


def respond(explanations: Path, prompt: Path, responses: Path, dropped: Path, metrics: Path, *, params: Path) -> None:
    """Write one response an explanation."""
    loaded = load_params(params)
    settings = loaded.respond
    template = load_prompt(prompt)
    template.check({"explanation": "I missed the bus.", "category": "Other"})
    asks_for_reasoning = checks.RESPONSE in template.source
    rows = read_records(explanations, Explanation)
    asks = [
        Ask(row.id, row, partial(template.messages, explanation=row.explanation, category=row.category))
        for row in rows
    ]

    def read(ask: Ask, answer: Completion) -> dict[str, str] | str:
        parts = checks.parted(answer.text, asks_for_reasoning)
        if parts is None:
            return "cut_at_max_tokens" if answer.finish_reason == "length" else "no_response_after_reasoning"
        reasoning, response = parts
        wrong = checks.unusable(answer, response, settings, template.instructions)
        return wrong or {"response": response, "reasoning": reasoning}

    answers = generate("respond", asks, settings, loaded, read)
    pairs = (
        row.extended(**answers.accepted[row.id], response_model=answers.model_of[row.id])
        for row in rows if row.id in answers.accepted
    )
    with written_whole(responses, dropped, metrics) as (responses_part, dropped_part, metrics_part):
        dump_records(responses_part, pairs)
        dump_records(dropped_part, answers.dropped)
        write_json(metrics_part, answers.metrics("respond", rows_in=len(rows)))
    say(f"respond: {len(answers.accepted)} responses to {len(rows)} explanations, {answers.asked_again} asked again")


if __name__ == "__main__":
    run_stage(respond, {
        "explanations": "explanations to answer (JSONL)", "prompt": "the prompt's template (Jinja)",
        "responses": "where the pairs go (JSONL)", "dropped": "where rows given up go (JSONL)",
        "metrics": "where the counts go (JSON)",
    }, doc=__doc__, optional=("dropped", "metrics"))
