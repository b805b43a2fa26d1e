"""Drawing the next token so that a row's draw depends on the row alone.

A batch changes the last bits of the logits: matrix products are cut up by shape. So each draw also says whether it is
sure: whether noise of `NOISE` in the probabilities could have made it another token. The engine asks again about the
few that are not sure, on the row alone and unpadded, and that answer is the same whatever the batch was.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from synthempathy.llm.params import Sampling

if TYPE_CHECKING:
    import torch

#: Bound on what a batch's shape does to a probability in float32 (measured on the embedded model: under 1e-6).
NOISE = 2e-5
#: Probabilities that differ by less than this share may change places.
TIE = 1e-3
#: Candidates looked at before the whole vocabulary is sorted.
TOP = 256


def penalized(
    logits: torch.Tensor, prompts: Sequence[Sequence[int]], answers: Sequence[Sequence[int]], sampling: Sampling
) -> torch.Tensor:
    """The logits (rows, vocabulary) with the penalties of `sampling` on the tokens of each row's prompt and answer so far.

    As in vLLM: the repetition penalty (Keskar et al. 2019) divides logits above 0 and multiplies those below, of tokens in
    prompt or answer; the presence penalty is taken from those in the answer.
    """
    import torch

    repetition, presence = sampling.repetition_penalty, sampling.presence_penalty
    if not (repetition and repetition != 1) and not presence:
        return logits
    logits = logits.double()  # a copy, unless it was double
    for row, (prompt, answer) in enumerate(zip(prompts, answers, strict=True)):
        if repetition:
            seen = torch.tensor(sorted({*prompt, *answer}), device=logits.device)
            before = logits[row, seen]
            logits[row, seen] = torch.where(before > 0, before / repetition, before * repetition)
        if presence and answer:
            logits[row, torch.tensor(sorted(set(answer)), device=logits.device)] -= presence
    return logits


def draw(logits: torch.Tensor, uniforms: torch.Tensor, sampling: Sampling) -> tuple[torch.Tensor, torch.Tensor]:
    """One token a row from the nucleus, and whether each is sure.

    Args:
        logits: (rows, vocabulary), any float type, penalized already.
        uniforms: (rows,) numbers in [0, 1), the rows' own draws.
        sampling: temperature (0 takes the likeliest token); of the likeliest `top_k` tokens, those with at least `min_p` of the
            likeliest one's probability, and of these the smallest set with `top_p` of the mass.

    Returns:
        tokens (rows,) and sure (rows,), bool.
    """
    import torch

    logits = logits.double()
    top_p = sampling.top_p
    if sampling.temperature == 0:
        best = logits.topk(2, dim=-1)
        return best.indices[:, 0], (best.values[:, 0] - best.values[:, 1]) > NOISE
    shares = torch.softmax(logits / sampling.temperature, dim=-1)
    mass, tokens = shares.topk(min(TOP, shares.shape[-1]), dim=-1)
    whole = top_p >= 1 or bool((mass.sum(-1) < top_p + NOISE).any())
    if sampling.top_k is not None or sampling.min_p is not None:
        mass, tokens = shares.sort(dim=-1, descending=True)
        mass, unsure = _cut(mass, sampling)
        return _drawn(mass, tokens, uniforms, top_p, shares.shape[-1], unsure)
    if whole:
        mass, tokens = shares.sort(dim=-1, descending=True)
    return _drawn(mass, tokens, uniforms, top_p, shares.shape[-1])


def _cut(mass: torch.Tensor, sampling: Sampling) -> tuple[torch.Tensor, torch.Tensor]:
    """Sorted probabilities, 0 where top_k or min_p cut, the others scaled to 1; and the mass that noise could move."""
    import torch

    kept = torch.ones_like(mass, dtype=torch.bool)
    doubtful = torch.zeros_like(mass[:, 0])
    if sampling.top_k is not None and sampling.top_k < mass.shape[-1]:
        kept[:, sampling.top_k :] = False
        last, next_ = mass[:, sampling.top_k - 1], mass[:, sampling.top_k]
        doubtful += torch.where(last - next_ < TIE * last, last, 0.0)
    if sampling.min_p is not None:
        least = sampling.min_p * mass[:, :1]
        kept &= mass >= least
        doubtful += torch.where((mass - least).abs() < TIE * least, mass, 0.0).sum(-1)
    total = torch.where(kept, mass, 0.0).sum(-1, keepdim=True)
    return torch.where(kept, mass / total, 0.0), 2 * doubtful / total.squeeze(-1)


def _drawn(
    mass: torch.Tensor, tokens: torch.Tensor, uniforms: torch.Tensor, top_p: float, vocabulary: int,
    unsure: torch.Tensor | float = 0.0,
) -> tuple[torch.Tensor, torch.Tensor]:
    """The draw from sorted probabilities `mass` of `tokens`, and whether it is sure; `unsure` mass is in doubt already."""
    import torch

    before = mass.cumsum(-1) - mass
    kept = (before < top_p) & (mass > 0)
    # By token id, so that two tokens of like probability that change places in the sorting change nothing.
    by_id, order = torch.where(kept, tokens, vocabulary).sort(dim=-1)
    kept_mass = torch.where(kept, mass, 0.0).gather(-1, order)
    ends = kept_mass.cumsum(-1)
    total = ends[:, -1:]
    target = uniforms.to(total.dtype).unsqueeze(-1) * total
    place = torch.searchsorted(ends, target, right=True).clamp(max=ends.shape[-1] - 1)
    place = torch.minimum(place, kept.sum(-1, keepdim=True) - 1)
    token = by_id.gather(-1, place).squeeze(-1)
    end = ends.gather(-1, place)
    edge = torch.minimum(target - (end - kept_mass.gather(-1, place)), end - target).squeeze(-1)
    return token, edge > NOISE + _doubtful(mass, before, kept, top_p) + unsure


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
