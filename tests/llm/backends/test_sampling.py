"""The draw: penalties and cuts against plain oracles and transformers' own, and noise that cannot change a sure draw."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from synthempathy.llm.backends.sampling import NOISE, draw, penalized
from synthempathy.llm.params import Sampling


def sampling(temperature: float = 0.9, top_p: float = 0.95, **extras: float) -> Sampling:
    return Sampling(temperature=temperature, top_p=top_p, max_tokens=1, seed=0, **extras)


def oracle(
    logits: np.ndarray, uniform: float, temperature: float, top_p: float, top_k: int | None = None, min_p: float | None = None
) -> int:
    shares = np.exp(logits / temperature - np.max(logits / temperature))
    shares /= shares.sum()
    order = np.argsort(-shares, kind="stable")[:top_k]
    order = order[shares[order] >= (min_p or 0) * shares.max()]
    shares = shares / shares[order].sum()
    before = np.cumsum(shares[order]) - shares[order]
    kept = np.sort(order[before < top_p])
    ends = np.cumsum(shares[kept])
    return int(kept[min(np.searchsorted(ends, uniform * ends[-1], side="right"), len(kept) - 1)])


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    size=st.integers(2, 600),
    temperature=st.floats(0.3, 2.0),
    top_p=st.sampled_from([0.1, 0.5, 0.9, 0.95, 1.0]),
    top_k=st.sampled_from([None, 1, 5, 40, 1000]),
    min_p=st.sampled_from([None, 0.02, 0.1, 1.0]),
    uniform=st.floats(0, 0.999),
)
def test_draw_is_the_oracles_where_it_is_sure(seed, size, temperature, top_p, top_k, min_p, uniform):
    logits = np.random.default_rng(seed).normal(scale=3, size=size)
    how = sampling(temperature, top_p, top_k=top_k, min_p=min_p)
    token, sure = draw(torch.tensor(logits)[None], torch.tensor([uniform]), how)
    if bool(sure[0]):
        assert int(token[0]) == oracle(logits, uniform, temperature, top_p, top_k, min_p)


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 10_000), top_p=st.sampled_from([0.5, 0.9, 0.95, 1.0]), uniform=st.floats(0, 0.999),
    top_k=st.sampled_from([None, 5, 40]), min_p=st.sampled_from([None, 0.02, 0.1]),
)
def test_a_sure_draw_survives_noise(seed, top_p, uniform, top_k, min_p):
    how = sampling(0.9, top_p, top_k=top_k, min_p=min_p)
    generator = np.random.default_rng(seed)
    logits = generator.normal(scale=3, size=300)
    noisy = logits + generator.uniform(-1, 1, size=300) * NOISE / 20
    uniforms = torch.tensor([uniform])
    token, sure = draw(torch.tensor(logits)[None], uniforms, how)
    other, _ = draw(torch.tensor(noisy)[None], uniforms, how)
    assert not bool(sure[0]) or int(token[0]) == int(other[0])


def test_most_draws_are_sure():
    generator = np.random.default_rng(0)
    logits = torch.tensor(generator.normal(scale=8, size=(500, 4096)))
    _, sure = draw(logits, torch.tensor(generator.random(500)), sampling())
    assert sure.double().mean() > 0.9


def test_temperature_zero_takes_the_likeliest():
    token, sure = draw(torch.tensor([[0.1, 3.0, 2.0], [1.0, 1.0, 0.0]]), torch.tensor([0.5, 0.5]), sampling(0.0, 1.0))
    assert int(token[0]) == 1
    assert sure.tolist() == [True, False]


def test_penalties_are_those_of_transformers():
    from transformers import RepetitionPenaltyLogitsProcessor

    logits = torch.tensor(np.random.default_rng(1).normal(scale=3, size=(2, 50)), dtype=torch.float32)
    prompts, answers = [[1, 2, 2], [7, 8, 9]], [[3], [8, 30]]
    found = penalized(logits, prompts, answers, sampling(repetition_penalty=1.3))
    seen = torch.tensor([[1, 2, 2, 3, 3], [7, 8, 9, 8, 30]])
    assert torch.allclose(found.float(), RepetitionPenaltyLogitsProcessor(1.3)(seen, logits.clone()))


def test_presence_is_taken_from_what_was_answered_alone():
    found = penalized(torch.zeros(1, 5), [[0, 1]], [[1, 2]], sampling(presence_penalty=0.5))
    assert found.tolist() == [[0.0, -0.5, -0.5, 0.0, 0.0]]


def test_without_penalties_the_logits_are_left_alone():
    logits = torch.zeros(1, 5)
    assert penalized(logits, [[0]], [[1]], sampling(repetition_penalty=1.0)) is logits
