"""Drawing the next token so that a row's draw depends on the row alone.

A batch changes the last bits of the logits: matrix products are cut up by shape. So each draw also says whether it is
sure: whether noise of `NOISE` in the probabilities could have made it another token. The engine asks again about the
few that are not sure, on the row alone and unpadded, and that answer is the same whatever the batch was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

#: Bound on what a batch's shape does to a probability in float32 (measured on the embedded model: under 1e-6).
NOISE = 2e-5
#: Probabilities that differ by less than this share may change places.
TIE = 1e-3
#: Candidates looked at before the whole vocabulary is sorted.
TOP = 256


def draw(
    logits: torch.Tensor, uniforms: torch.Tensor, temperature: float, top_p: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """One token a row from the nucleus, and whether each is sure.

    Args:
        logits: (rows, vocabulary), any float type.
        uniforms: (rows,) numbers in [0, 1), the rows' own draws.
        temperature: 0 takes the likeliest token.
        top_p: the smallest set of likeliest tokens with this share of the mass is kept.

    Returns:
        tokens (rows,) and sure (rows,), bool.
    """
    import torch

    logits = logits.double()
    if temperature == 0:
        best = logits.topk(2, dim=-1)
        return best.indices[:, 0], (best.values[:, 0] - best.values[:, 1]) > NOISE
    shares = torch.softmax(logits / temperature, dim=-1)
    mass, tokens = shares.topk(min(TOP, shares.shape[-1]), dim=-1)
    if top_p >= 1 or bool((mass.sum(-1) < top_p + NOISE).any()):
        mass, tokens = shares.sort(dim=-1, descending=True)
    before = mass.cumsum(-1) - mass
    kept = before < top_p
    # By token id, so that two tokens of like probability that change places in the sorting change nothing.
    by_id, order = torch.where(kept, tokens, shares.shape[-1]).sort(dim=-1)
    kept_mass = torch.where(kept, mass, 0.0).gather(-1, order)
    ends = kept_mass.cumsum(-1)
    total = ends[:, -1:]
    target = uniforms.to(total.dtype).unsqueeze(-1) * total
    place = torch.searchsorted(ends, target, right=True).clamp(max=ends.shape[-1] - 1)
    place = torch.minimum(place, kept.sum(-1, keepdim=True) - 1)
    token = by_id.gather(-1, place).squeeze(-1)
    end = ends.gather(-1, place)
    edge = torch.minimum(target - (end - kept_mass.gather(-1, place)), end - target).squeeze(-1)
    return token, edge > NOISE + _doubtful(mass, before, kept, top_p)


def _doubtful(mass: torch.Tensor, before: torch.Tensor, kept: torch.Tensor, top_p: float) -> torch.Tensor:
    """Mass of the tokens whose place in the nucleus noise could change, a row; counted twice, for the scaling too."""
    import torch

    if top_p >= 1:
        return torch.zeros_like(mass[:, 0])
    last = kept.sum(-1, keepdim=True) - 1
    smallest = mass.gather(-1, last)
    first_dropped = mass.gather(-1, (last + 1).clamp(max=mass.shape[-1] - 1))
    near_edge = (before - top_p).abs() < NOISE
    # The noise of a probability is in proportion to it, so small ones keep their order unless they all but tie.
    near_tie = ((mass - smallest).abs() < TIE * smallest) & (smallest - first_dropped < TIE * smallest)
    return 2 * torch.where(near_edge | near_tie, mass, 0.0).sum(-1)
