"""Training: the loss is of the responses, the best epoch is kept, a second run is the same."""

from __future__ import annotations

import math
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from synthempathy.core.errors import ModelError
from synthempathy.finetuning import lora
from synthempathy.finetuning.batches import shuffled_batches, tensors
from synthempathy.finetuning.examples import TokenizedExample
from synthempathy.finetuning.params import Finetune, Lora
from synthempathy.finetuning.training import Outcome, Trainer, accelerator_on, batch_count, cosine, make_repeatable
from tests.helpers.tiny_mistral import tiny_model

SETTINGS = Finetune(
    model="tiny", revision=None, dtype="float32", prompt="plain",
    lora=Lora(rank=4, alpha=8, dropout=0.1, target_modules=["q_proj", "v_proj", "down_proj"]),
    learning_rate=0.02, epochs=2, batch_size=4, max_length=64, patience=1, seed=3,
)


@pytest.fixture(autouse=True)
def free_order_afterwards() -> Iterator[None]:
    yield
    torch.use_deterministic_algorithms(False)


def say(text: str, asked: str = "ask:") -> TokenizedExample:
    return TokenizedExample([6 + ord(letter) for letter in asked + text] + [1], len(asked))


def run(
    learned: list[TokenizedExample], watched: list[TokenizedExample], *, spare: bool = False, **changes: Any
) -> tuple[Any, Outcome]:
    settings = SETTINGS.model_copy(update=changes)
    make_repeatable(settings.seed)
    model = lora.with_lora(tiny_model(), settings)
    if spare:
        lora.enable_gradient_checkpointing(model)
    trainer = Trainer(model, lora.lora_weights, settings, accelerator_on("cpu", "float32"), lambda steps=1, note="": None)
    return model, trainer.train(learned, watched)


def reference_loss(model: Any, examples: list[TokenizedExample]) -> float:
    """One example at a time, without padding, by transformers' own loss."""
    total = tokens = 0.0
    for example in examples:
        ids, mask, labels = tensors([example])
        with torch.no_grad():
            loss = model.eval()(input_ids=ids, attention_mask=mask, labels=labels).loss
        learned = len(example) - example.prompt
        total, tokens = total + float(loss) * learned, tokens + learned
    return total / tokens


MIXED = [say("yes"), say("a much longer answer"), say("no", asked="a longer prompt:"), say("why?"), say("ok then")]


def test_the_loss_is_transformers_own_over_response_tokens_whatever_the_padding() -> None:
    _, outcome = run(MIXED, MIXED, batch_size=3, epochs=1)
    torch.manual_seed(0)
    assert outcome.epochs[0].validation_loss == pytest.approx(reference_loss(tiny_model(), MIXED), rel=1e-5)
    assert outcome.epochs[0].train_loss == outcome.epochs[0].validation_loss


def test_training_learns_the_responses_and_leaves_the_base_as_it_was() -> None:
    before = {name: weight.clone() for name, weight in tiny_model().state_dict().items()}
    model, outcome = run([say("sorry to hear")] * 32, [say("sorry to hear")], epochs=3)
    assert outcome.best.epoch == 3
    assert outcome.best.validation_loss < outcome.epochs[0].validation_loss - 1
    after = model.unload().state_dict()
    assert all(torch.equal(after[name], weight) for name, weight in before.items())


def test_the_prompt_is_not_learned() -> None:
    same_answer = [say("ok", asked="abcabcabcabc:")] * 32
    model, outcome = run(same_answer, same_answer, epochs=3)
    prompts = [TokenizedExample(e.ids[: e.prompt], 1) for e in same_answer[:1]]
    learned = outcome.epochs[0].validation_loss - outcome.best.validation_loss
    assert learned > 1
    assert reference_loss(model, prompts) > 4.5  # nats: random over 262 tokens is 5.57


def test_the_epoch_with_the_lowest_validation_loss_is_kept_and_patience_ends_the_run() -> None:
    learned, watched = [say("aaaaaaaa")] * 40, [say("zzzzzzzz")]
    model, outcome = run(learned, watched, epochs=9, patience=2, learning_rate=0.005)
    losses = [epoch.validation_loss for epoch in outcome.epochs]
    lowest = min(range(1, len(losses)), key=losses.__getitem__)
    assert outcome.best.epoch == lowest
    assert outcome.epochs[-1].epoch == lowest + 2 < 9
    from peft import set_peft_model_state_dict

    assert reference_loss(model, watched) == pytest.approx(losses[-1], rel=1e-4)
    set_peft_model_state_dict(model, outcome.weights)
    assert reference_loss(model, watched) == pytest.approx(losses[lowest], rel=1e-4)


def test_two_runs_give_the_same_bits_and_another_seed_others() -> None:
    first, again, other = (run(MIXED * 4, MIXED, seed=seed)[1] for seed in (3, 3, 4))
    assert first.epochs == again.epochs != other.epochs
    assert all(torch.equal(first.weights[name], again.weights[name]) for name in first.weights)


@pytest.mark.parametrize("processes", [1, 2, 3, 7])
def test_the_processes_parts_of_a_batch_add_up_to_its_loss(processes: int) -> None:
    settings = SETTINGS.model_copy(update={"seed": 1})
    model = lora.with_lora(tiny_model(), settings)
    trainer = Trainer(model, lora.lora_weights, settings, accelerator_on("cpu", "float32"), lambda steps=1, note="": None)
    model.eval()
    parts = []
    for index in range(processes):
        here = SimpleNamespace(process_index=index, num_processes=processes, device="cpu")
        trainer._accelerator = here  # type: ignore[assignment]
        part = trainer._loss(MIXED)
        part.backward()  # also where a process has no pair of its own
        parts.append(part.item())
    assert sum(parts) == pytest.approx(reference_loss(model, MIXED), rel=1e-5)


def test_each_epoch_goes_through_all_pairs_in_an_order_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    orders: list[list[list[TokenizedExample]]] = []

    def seen(examples: list[TokenizedExample], size: int, seed: int) -> list[list[TokenizedExample]]:
        orders.append(shuffled_batches(examples, size, seed))
        return orders[-1]

    monkeypatch.setattr("synthempathy.finetuning.training.shuffled_batches", seen)
    run([say("x" * length) for length in range(1, 30)], MIXED, epochs=3, patience=9)
    assert len(orders) == 3
    assert orders[0] != orders[1] != orders[2]


def test_sparing_memory_changes_no_figure() -> None:
    plain, spared = (run(MIXED * 2, MIXED, spare=spare)[1] for spare in (False, True))
    for one, two in zip(plain.epochs, spared.epochs, strict=True):
        assert two.validation_loss == pytest.approx(one.validation_loss, rel=1e-5)


def test_a_model_whose_loss_is_no_number_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tiny_model()
    torch.nn.init.constant_(broken.lm_head.weight, math.nan)
    monkeypatch.setitem(globals(), "tiny_model", lambda: broken)
    with pytest.raises(ModelError, match="tiny: the loss is not a number after 0 epochs"):
        run(MIXED, MIXED)


def test_the_bar_counts_every_batch() -> None:
    seen: list[int] = []

    def count(steps: int = 1, note: str = "") -> None:
        seen.append(steps)

    settings = SETTINGS.model_copy(update={"epochs": 2, "patience": 9})
    model = lora.with_lora(tiny_model(), settings)
    trainer = Trainer(model, lora.lora_weights, settings, accelerator_on("cpu", "float32"), count)
    trainer.train(MIXED * 3, MIXED)
    assert sum(seen) == batch_count(len(MIXED) * 3, len(MIXED), settings)


@pytest.mark.parametrize("steps", [1, 2, 7, 100])
def test_the_learning_rate_rises_then_falls_towards_nothing(steps: int) -> None:
    rates = [cosine(step, steps) for step in range(steps)]
    top = rates.index(max(rates))
    assert max(rates) == 1
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert top <= max(1, 0.05 * steps)
    assert cosine(steps, steps) == pytest.approx(0, abs=1e-9) or steps == 1
