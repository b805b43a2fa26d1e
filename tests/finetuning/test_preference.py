"""Preference tuning: DPO's loss by its formula, on the same Trainer, and the response is then preferred."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from synthempathy.core.errors import InputError
from synthempathy.core.records import Pair
from synthempathy.finetuning import lora
from synthempathy.finetuning.batches import padded
from synthempathy.finetuning.examples import TokenizedExample
from synthempathy.finetuning.loss import response_loss
from synthempathy.finetuning.params import Dpo, Finetune
from synthempathy.finetuning.preference import Preference, preferences
from synthempathy.llm.prompts import load_prompt
from tests.helpers.tiny_mistral import ROOT, pair, tiny_tokenizer
from tests.helpers.trainings import changed, run, say, steps_of

pytestmark = pytest.mark.usefixtures("home")


def over(chosen: str, rejected: str, asked: str = "ask:") -> Preference:
    one, two = say(chosen, asked), say(rejected, asked)
    return Preference(one.ids + two.ids, one.prompt + two.prompt, one, two)


PAIRS = [over("oh no", "pay it"), over("how are you", "sleep more", "a longer prompt:"), over("I see", "go on then, write")]


def settings(**changes: Any) -> Finetune:
    return changed(kind="dpo", **{"dpo": Dpo(beta=0.5, response_weight=0.0).model_dump(), "lora__dropout": 0.0} | changes)


def log_probability(model: Any, example: TokenizedExample) -> float:
    with torch.no_grad():
        return -float(response_loss(model.eval(), padded([example])))


def by_formula(model: Any, pairs: list[Preference], dpo: Dpo) -> float:
    total = 0.0
    for one in pairs:
        tuned = log_probability(model, one.chosen), log_probability(model, one.rejected)
        with model.disable_adapter():
            base = log_probability(model, one.chosen), log_probability(model, one.rejected)
        total += math.log(1 + math.exp(-dpo.beta * (tuned[0] - base[0] - tuned[1] + base[1])))
        total += dpo.response_weight * -tuned[0] / (len(one.chosen) - one.chosen.prompt)
    return total / len(pairs)


@pytest.mark.parametrize("weight", [0.0, 1.0])
def test_the_loss_is_dpos_and_before_training_that_of_no_preference(weight: float) -> None:
    asked = settings(dpo={"beta": 0.5, "response_weight": weight}, epochs=2, patience=9)
    done = run(PAIRS * 4, PAIRS, asked)
    looks = done.outcome.looks
    assert looks[-1].validation_loss == pytest.approx(by_formula(done.model, PAIRS, asked.dpo), rel=1e-4)
    if not weight:
        assert looks[0].validation_loss == pytest.approx(math.log(2), rel=1e-5)
    assert looks[-1].validation_loss < looks[0].validation_loss - 0.2


def test_the_response_is_then_preferred_and_the_base_is_as_it_was() -> None:
    done = run(PAIRS * 8, PAIRS, settings(epochs=3))
    for one in PAIRS:
        tuned = log_probability(done.model, one.chosen) - log_probability(done.model, one.rejected)
        with done.model.disable_adapter():
            base = log_probability(done.model, one.chosen) - log_probability(done.model, one.rejected)
        assert tuned > base + 1
    assert (done.best / lora.WEIGHTS).is_file()


def test_accumulating_changes_no_loss() -> None:
    plain, other = run(PAIRS * 3, PAIRS, settings()), run(PAIRS * 3, PAIRS, settings(patience=2), pairs_at_once=1)
    assert [step["loss"] for step in steps_of(other)] == pytest.approx([step["loss"] for step in steps_of(plain)], rel=1e-4)


def test_pairs_become_two_answers_to_one_prompt() -> None:
    prompt, tokenizer = load_prompt(ROOT / "prompts/respond/plain.jinja"), tiny_tokenizer()
    (one,) = preferences([Pair(**pair(1, rejected="Pay it."))], prompt, tokenizer)
    assert one.chosen.ids[: one.chosen.prompt] == one.rejected.ids[: one.rejected.prompt]
    assert tokenizer.decode(one.rejected.ids[one.rejected.prompt :]) == "Pay it.</s>"
    assert tokenizer.decode(one.chosen.ids[one.chosen.prompt :]).startswith("I am sorry about")
    assert one.longest == max(len(one.chosen), len(one.rejected)) < len(one)
    with pytest.raises(InputError, match="pair p001 has no rejected answer; run the stage prefer"):
        preferences([Pair(**pair(1))], prompt, tokenizer)
