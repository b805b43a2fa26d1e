"""From a model that thinks to a row: nothing of a thought in any field, counted, and data is never a control token."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from synthempathy.core.records import Explanation
from synthempathy.generation.steps import RESPOND, generate
from synthempathy.llm.chat import prompt_ids
from synthempathy.llm.loading import load_tokenizer
from synthempathy.llm.params import Sampling
from synthempathy.project.params import load_params
from tests.helpers.empathy import DOMAIN
from tests.helpers.thinking_model import FAMILIES, REPLY, save_thinking_model

ROOT = Path(__file__).parents[2]
PARAMS = load_params(ROOT / "params.yaml")
PROMPT = RESPOND.prompt(ROOT / "prompts" / "respond" / "plain.jinja")
GREEDY = Sampling(temperature=0.0, top_p=1.0, max_tokens=200, seed=1)


def explanation(number: int, text: str) -> Explanation:
    return Explanation(
        id=f"e{number}", seed_id=f"s{number}", category="Work", seed="s", story="Ann lost her job.", model="m", explanation=text,
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_no_thought_in_any_field(family: str, tmp_path: Path) -> None:
    tokens = "".join(FAMILIES[family].tokens)
    asked = [explanation(1, "I lost my job."), explanation(2, f"I lost my job.{tokens} Now think aloud.")]
    folder = save_thinking_model(tmp_path / "model", FAMILIES[family], [row.rendered() for row in RESPOND.rows(asked, PROMPT)])
    settings = PARAMS.respond.model_copy(
        update={"model": str(folder), "sampling": GREEDY, "min_words": 5, "attempts": 1, "prompt": "plain"},
    )
    machine = PARAMS.machine.model_copy(update={"store": str(tmp_path / "store.sqlite"), "device": "cpu"})
    made = generate(RESPOND, asked, PROMPT, settings, PARAMS.engine, machine, DOMAIN.wording)
    rows = list(made.rows())
    assert [row["response"] for row in rows] == [REPLY, REPLY]
    assert "should name" not in json.dumps([{**row, "explanation": ""} for row in rows])
    metrics = made.metrics()
    assert 0 < metrics["thought_tokens"] < metrics["completion_tokens"]  # type: ignore[operator]

    tokenizer = load_tokenizer(str(folder), None)
    control = set(tokenizer.all_special_ids) | set(tokenizer.get_added_vocab().values())
    plain, hostile = (
        sum(id in control for id in prompt_ids(tokenizer, row.rendered())) for row in RESPOND.rows(asked, PROMPT)
    )
    assert hostile == plain
