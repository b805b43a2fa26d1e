"""Preference tuning (DPO, Rafailov et al. 2023): a response learned over another one to the same prompt.

The reference is the base model itself, which is there under the adapter: no second model is loaded. On the same Trainer, with
the same tokens, checkpoints and looks as the plain fine-tuning. TRL's DPOTrainer is not used: it writes conversations by its
own rules, which lose the end of the turn for several families, and takes no token ids in their place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.functional import logsigmoid

from synthempathy.core.errors import InputError
from synthempathy.core.records import Pair
from synthempathy.finetuning.batches import IGNORED, padded
from synthempathy.finetuning.examples import TokenizedExample, tokenized_example
from synthempathy.finetuning.loss import row_losses
from synthempathy.finetuning.params import Dpo
from synthempathy.finetuning.training import ResponseTrainer
from synthempathy.llm.prompts import Prompt


@dataclass(frozen=True)
class Preference(TokenizedExample):
    """Two answers to one prompt. Its ids are those of both, one after the other, of which the prompts are read."""

    chosen: TokenizedExample
    rejected: TokenizedExample

    @property
    def longest(self) -> int:
        """Tokens of the longer one."""
        return max(len(self.chosen), len(self.rejected))


def preferences(
    pairs: Iterable[Pair], prompt: Prompt, tokenizer: Any, template: Mapping[str, Any] | None = None
) -> list[Preference]:
    """Each pair's response over its `rejected` one, which the stage `prefer` has added. InputError where there is none."""
    found = []
    for pair in pairs:
        other = pair.model_dump().get("rejected")
        if not isinstance(other, str) or not other:
            raise InputError(f"pair {pair.id} has no rejected answer", field="rejected", hint="run the stage prefer first")
        messages = prompt.messages(explanation=pair.explanation)
        chosen, rejected = (tokenized_example(messages, text, tokenizer, template) for text in (pair.response, other))
        found.append(Preference(chosen.ids + rejected.ids, chosen.prompt + rejected.prompt, chosen, rejected))
    return found


def both(examples: Sequence[Any]) -> dict[str, torch.Tensor]:
    """A `padded` batch of the chosen answers and, after them, the rejected ones."""
    return padded([one.chosen for one in examples] + [one.rejected for one in examples])


class PreferenceTrainer(ResponseTrainer):
    """The same Trainer, with DPO's loss as a mean over the pairs of a batch."""

    collate = staticmethod(both)

    def get_batch_samples(self, epoch_iterator: Any, num_batches: int, device: torch.device) -> tuple[list[Any], Any]:
        """A step's parts, and how many pairs they hold over all processes."""
        samples, _ = super().get_batch_samples(epoch_iterator, num_batches, device)
        pairs = torch.tensor(sum(_pairs(part) for part in samples), device=device)
        return samples, self.accelerator.reduce(pairs)

    def summed(self, model: Any, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        """The loss of a part, summed over its pairs."""
        ours = row_losses(model, batch, keeps=self._keeps)
        bare = self.accelerator.unwrap_model(model)
        training = model.training
        with torch.no_grad(), bare.disable_adapter():
            model.eval()
            reference = row_losses(model, batch, keeps=self._keeps)
            model.train(training)
        tokens = (batch["labels"] != IGNORED).sum(dim=1)
        return _dpo(ours, reference, tokens, self._settings.dpo) if _pairs(batch) else ours.sum()

    def weight(self, examples: Sequence[Any]) -> int:
        """What a sum of `summed` is divided by."""
        return len(examples)


def _dpo(ours: torch.Tensor, reference: torch.Tensor, tokens: torch.Tensor, settings: Dpo) -> torch.Tensor:
    """Losses are negative log-probabilities of whole answers: the first half of the rows is chosen."""
    half = len(ours) // 2
    gain = reference - ours  # in log-probability over the reference
    preferred = -logsigmoid(settings.beta * (gain[:half] - gain[half:]))
    return (preferred + settings.response_weight * ours[:half] / tokens[:half]).sum()


def _pairs(batch: dict[str, torch.Tensor]) -> int:
    """How many pairs a batch holds; a part of no pair is a row of which nothing is learned."""
    return len(batch["labels"]) // 2
