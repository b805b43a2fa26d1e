"""The loss is transformers' own, over response tokens alone, however it is made."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from synthempathy.finetuning.batches import learned_tokens, packed, padded
from synthempathy.finetuning.examples import TokenizedExample
from synthempathy.finetuning.loss import response_loss, summed_loss, takes_logits_to_keep
from tests.helpers.tiny_mistral import tiny_model
from tests.helpers.trainings import MIXED


def own_loss(model: Any, examples: list[TokenizedExample]) -> float:
    """One example at a time, without padding, by transformers' own loss; summed."""
    total = 0.0
    for example in examples:
        batch = padded([example])
        with torch.no_grad():
            loss = model.eval()(input_ids=batch["input_ids"], labels=batch["labels"]).loss
        total += float(loss) * (len(example) - example.prompt)
    return total


@pytest.mark.parametrize("collate", [padded, packed])
@pytest.mark.parametrize("keeps", [True, False])
@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_it_is_transformers_own_whatever_the_padding(collate: Any, keeps: bool, attention: str) -> None:
    model = tiny_model().eval()
    model.set_attn_implementation(attention)
    assert takes_logits_to_keep(model)
    with torch.no_grad():
        assert float(response_loss(model, collate(MIXED), keeps=keeps)) == pytest.approx(own_loss(model, MIXED), rel=1e-5)


def test_a_part_without_an_example_has_a_loss_and_gradients_of_nothing() -> None:
    model = tiny_model()
    loss = response_loss(model, padded([]))
    loss.backward()
    assert float(loss.detach()) == 0.0
    assert all(weight.grad is None or not weight.grad.any() for weight in model.parameters())


def test_a_loss_in_pieces_has_the_same_value_and_gradients() -> None:
    torch.manual_seed(1)
    logits, targets = torch.randn(50, 30, requires_grad=True), torch.randint(0, 30, (50,))
    targets[::3] = -100
    whole = summed_loss(logits, targets)
    (gradient,) = torch.autograd.grad(whole, logits)
    pieces = summed_loss(logits, targets, at_once=7 * 30)
    (in_pieces,) = torch.autograd.grad(pieces, logits)
    assert float(pieces.detach()) == pytest.approx(float(whole.detach()), rel=1e-6)
    torch.testing.assert_close(in_pieces, gradient)


def test_all_response_tokens_are_counted() -> None:
    assert learned_tokens(MIXED) == sum(int((padded([one])["labels"] != -100).sum()) for one in MIXED)
