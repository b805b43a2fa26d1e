"""EPITOME's model of one mechanism (Sharma et al., EMNLP 2020), as in its authors' code.

An encoder reads the post, another the response. Each token of the response looks at the post by single-head attention,
and what it finds is added to it. The response's first token gives the level, every token whether it is a rationale.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from synthempathy.scorers.base import LEVELS

_SPREAD = 0.02  # of the heads' first weights (standard deviation), as in BERT, where the encoder's config does not say

Text = tuple[torch.Tensor, torch.Tensor]  # ids and attention mask, each (texts, longest)


class Network(nn.Module):  # type: ignore[misc]
    """`seeker` reads posts and `responder` responses; both give `last_hidden_state` of the same width."""

    def __init__(self, seeker: Any, responder: Any, dropout: float) -> None:
        super().__init__()
        width: int = responder.config.hidden_size
        self.seeker, self.responder = seeker, responder
        self.attention = nn.MultiheadAttention(width, num_heads=1, dropout=dropout, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.levels = nn.Sequential(
            nn.Dropout(dropout), nn.Linear(width, width), nn.ReLU(), nn.Dropout(dropout), nn.Linear(width, len(LEVELS)),
        )
        self.rationales = nn.Linear(width, 2)
        spread = getattr(responder.config, "initializer_range", _SPREAD)
        for head in (self.attention, self.levels, self.rationales):
            for name, weight in head.named_parameters():
                if name.endswith("bias"):
                    nn.init.zeros_(weight)
                else:
                    nn.init.normal_(weight, std=spread)

    def forward(self, post: Text, response: Text) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits of the levels, (texts, 3), and of the response's tokens being no rationale or one, (texts, longest, 2)."""
        asked = self.seeker(input_ids=post[0], attention_mask=post[1]).last_hidden_state
        said = self.responder(input_ids=response[0], attention_mask=response[1]).last_hidden_state
        found, _ = self.attention(said, asked, asked, key_padding_mask=post[1] == 0, need_weights=False)
        read = said + self.dropout(found)
        return self.levels(read[:, 0]), self.rationales(self.dropout(read))

    def weights(self) -> dict[str, torch.Tensor]:
        """What training changes: all weights, without the seeker's where that is frozen. On the CPU, each its own memory."""
        frozen = {name for name, weight in self.named_parameters() if not weight.requires_grad}
        state = self.state_dict()
        return {name: state[name].detach().cpu().clone().contiguous() for name in state if name not in frozen}

    def restore(self, weights: dict[str, torch.Tensor]) -> None:
        """Set what `weights()` gave. KeyError or RuntimeError where they are another model's."""
        missing, unknown = self.load_state_dict(weights, strict=False)
        trained = {name for name, weight in self.named_parameters() if weight.requires_grad}
        if unknown or trained & set(missing):
            raise KeyError(f"weights of another model: {(unknown or sorted(trained & set(missing)))[0]}")
