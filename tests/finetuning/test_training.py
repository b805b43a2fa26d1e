"""Training: the loss is of the responses, the best look is kept, a second run is the same, accumulating changes nothing."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from benchmarks import plain_loop
from synthempathy.core.errors import ModelError
from synthempathy.finetuning import lora
from synthempathy.finetuning.batches import learned_tokens, padded
from synthempathy.finetuning.examples import TokenizedExample
from synthempathy.finetuning.loss import response_loss
from synthempathy.finetuning.run import Done
from synthempathy.finetuning.training import cosine, make_repeatable, work_of
from synthempathy.llm.params import Training
from tests.helpers.tiny_mistral import tiny_model
from tests.helpers.trainings import MIXED, changed, free_order_afterwards, run, say, steps_of

pytestmark = pytest.mark.usefixtures("home")


def adapter(done: Done) -> bytes:
    return (done.best / lora.WEIGHTS).read_bytes()


def reference_loss(model: Any, examples: list[TokenizedExample]) -> float:
    """One example at a time, without padding."""
    with torch.no_grad():
        return sum(float(response_loss(model.eval(), padded([one]))) for one in examples) / learned_tokens(examples)


def test_the_first_look_is_the_base_models_loss_over_response_tokens() -> None:
    done = run(MIXED, MIXED, changed(batch_size=3, epochs=1))
    assert done.outcome.looks[0].validation_loss == pytest.approx(reference_loss(tiny_model(), MIXED), rel=1e-5)
    assert done.outcome.looks[0].train_loss == done.outcome.looks[0].validation_loss


def test_losses_and_gradients_are_those_of_the_plain_loop(home: Path) -> None:
    settings = changed(epochs=3, patience=9)
    done = run(MIXED * 3, MIXED, settings)
    with free_order_afterwards():
        make_repeatable(settings.seed)
        model = lora.load_with_lora(settings, Training(), "cpu")
        loop = list(plain_loop.steps(model, MIXED * 3, settings))
    ours = [(step["loss"], step["grad_norm"]) for step in steps_of(done)]
    assert len(ours) == len(loop) == 3 * 4
    assert ours == [pytest.approx(step, rel=1e-4) for step in loop]


@pytest.mark.parametrize("training", [{"pairs_at_once": 2}, {"pairs_at_once": 3}, {"packing": True},
                                      {"packing": True, "pairs_at_once": 1}, {"gradient_checkpointing": True}])
def test_accumulating_packing_and_sparing_memory_change_no_loss(training: dict[str, Any]) -> None:
    settings = changed(lora__dropout=0.0, batch_size=8)
    examples = MIXED * 4 + MIXED[:2]  # the last batch of an epoch is short
    plain, other = run(examples, MIXED, settings), run(examples, MIXED, changed(settings, seed=3), **training)
    for one, two in zip(steps_of(plain), steps_of(other), strict=True):
        assert two["loss"] == pytest.approx(one["loss"], rel=1e-4)
        assert two["grad_norm"] == pytest.approx(one["grad_norm"], rel=1e-4)
    assert other.outcome.best.validation_loss == pytest.approx(plain.outcome.best.validation_loss, rel=1e-4)


def test_training_learns_the_responses_and_leaves_the_base_as_it_was() -> None:
    before = {name: weight.clone() for name, weight in tiny_model().state_dict().items()}
    done = run([say("sorry to hear")] * 32, [say("sorry to hear")], changed(epochs=3))
    assert done.outcome.best.epoch == 3
    assert done.outcome.best.validation_loss < done.outcome.looks[0].validation_loss - 1
    after = done.model.unload().state_dict()
    assert all(torch.equal(after[name], weight) for name, weight in before.items())


def test_the_prompt_is_not_learned() -> None:
    same_answer = [say("ok", asked="abcabcabcabc:")] * 32
    done = run(same_answer, same_answer, changed(epochs=3))
    assert done.outcome.looks[0].validation_loss - done.outcome.best.validation_loss > 1
    prompts = [TokenizedExample(e.ids[: e.prompt], 1) for e in same_answer[:1]]
    assert reference_loss(done.model, prompts) > 4.5  # nats: random over 262 tokens is 5.57


def test_the_look_with_the_lowest_validation_loss_is_kept_and_patience_ends_the_run() -> None:
    learned, watched = [say("aaaaaaaa")] * 40, [say("zzzzzzzz")]
    done = run(learned, watched, changed(epochs=9, patience=2, learning_rate=0.005))
    losses = [look.validation_loss for look in done.outcome.looks]
    lowest = min(range(1, len(losses)), key=losses.__getitem__)
    assert done.outcome.best.epoch == lowest
    assert done.outcome.looks[-1].epoch == lowest + 2 < 9
    from peft import set_peft_model_state_dict

    assert reference_loss(done.model, watched) == pytest.approx(losses[-1], rel=1e-4)
    set_peft_model_state_dict(done.model, load_file(done.best / lora.WEIGHTS))
    assert reference_loss(done.model, watched) == pytest.approx(losses[lowest], rel=1e-4)


def test_looks_inside_an_epoch_stop_it_early_too() -> None:
    learned, watched = [say("aaaaaaaa")] * 80, [say("zzzzzzzz")]
    done = run(learned, watched, changed(epochs=1, eval_steps=3, patience=2, learning_rate=0.01))
    looks = done.outcome.looks
    assert [look.step for look in looks] == [3 * number for number in range(len(looks))]
    assert done.outcome.best == looks[-3]
    assert looks[-1].step < 20
    assert done.outcome.figures()["best_epoch"] == looks[-3].step / 20


def test_two_runs_give_the_same_bits_and_another_seed_others() -> None:
    done = [run(MIXED * 4, MIXED, changed(seed=seed)) for seed in (3, 3, 4)]
    assert done[0].checkpoints.folder == done[1].checkpoints.folder  # the second went on from the end of the first
    done[0].checkpoints.remove()
    again = run(MIXED * 4, MIXED, changed(seed=3))
    first, other = done[0], done[2]
    assert again.outcome.log[:-1] == first.outcome.log[:-1]  # the last entry tells seconds
    assert again.outcome.looks == first.outcome.looks != other.outcome.looks


def test_a_model_whose_loss_is_no_number_is_refused_by_name(home: Path) -> None:
    broken = tiny_model()
    torch.nn.init.constant_(broken.lm_head.weight, math.nan)
    broken.save_pretrained(home / "models/tiny")
    with pytest.raises(ModelError, match="models/tiny: the loss is not a number after 0 steps: the model itself is broken"):
        run(MIXED, MIXED)


def test_a_training_that_diverges_says_what_to_lower() -> None:
    with pytest.raises(ModelError, match=r"not a number after \d+ steps: training diverged; lower finetune.learning_rate"):
        run([say("a" * length) for length in range(1, 40)] * 4, MIXED, changed(learning_rate=1.0, epochs=40, patience=99,
                                                                                 lora__alpha=10**9))


@pytest.mark.parametrize("looks", [None, 1, 3, 5])
def test_the_bar_counts_every_batch(looks: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    settings = changed(epochs=2, patience=99, eval_steps=looks)

    class Counting:
        def __enter__(self) -> Any:
            return lambda steps=1, note="": seen.append(steps)

        def __exit__(self, *_: object) -> None: ...

    monkeypatch.setattr("synthempathy.finetuning.run.progress", lambda label, total, done: Counting())
    run(MIXED * 3, MIXED, settings)
    assert sum(seen) == work_of(len(MIXED) * 3, len(MIXED), settings)


@pytest.mark.parametrize("steps", [1, 2, 7, 100])
def test_the_learning_rate_rises_then_falls_towards_nothing(steps: int) -> None:
    rates = [cosine(step, steps) for step in range(steps)]
    top = rates.index(max(rates))
    assert max(rates) == 1
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert top <= max(1, 0.05 * steps)
    assert cosine(steps, steps) == pytest.approx(0, abs=1e-9) or steps == 1


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("variant", [{"lora__rank_stabilized": True}, {"lora__dora": True},
                                     {"lora__target_modules": "all-linear"}])
def test_every_variant_of_lora_learns(variant: dict[str, Any], dtype: str) -> None:
    done = run([say("sorry")] * 16, [say("sorry")], changed(dtype=dtype, **variant))
    assert done.outcome.best.validation_loss < done.outcome.looks[0].validation_loss - 0.3


