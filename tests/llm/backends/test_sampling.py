"""The draw: nucleus and temperature against a plain oracle, and noise that cannot change a sure draw."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from synthempathy.llm.backends.sampling import NOISE, draw


def oracle(logits: np.ndarray, uniform: float, temperature: float, top_p: float) -> int:
    shares = np.exp(logits / temperature - np.max(logits / temperature))
    shares /= shares.sum()
    order = np.argsort(-shares, kind="stable")
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
    uniform=st.floats(0, 0.999),
)
def test_draw_is_the_oracles_where_it_is_sure(seed, size, temperature, top_p, uniform):
    logits = np.random.default_rng(seed).normal(scale=3, size=size)
    token, sure = draw(torch.tensor(logits)[None], torch.tensor([uniform]), temperature, top_p)
    if bool(sure[0]):
        assert int(token[0]) == oracle(logits, uniform, temperature, top_p)


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 10_000), top_p=st.sampled_from([0.5, 0.9, 0.95, 1.0]), uniform=st.floats(0, 0.999))
def test_a_sure_draw_survives_noise(seed, top_p, uniform):
    generator = np.random.default_rng(seed)
    logits = generator.normal(scale=3, size=300)
    noisy = logits + generator.uniform(-1, 1, size=300) * NOISE / 20
    uniforms = torch.tensor([uniform])
    token, sure = draw(torch.tensor(logits)[None], uniforms, 0.9, top_p)
    other, _ = draw(torch.tensor(noisy)[None], uniforms, 0.9, top_p)
    assert not bool(sure[0]) or int(token[0]) == int(other[0])


def test_most_draws_are_sure():
    generator = np.random.default_rng(0)
    logits = torch.tensor(generator.normal(scale=8, size=(500, 4096)))
    _, sure = draw(logits, torch.tensor(generator.random(500)), 0.9, 0.95)
    assert sure.double().mean() > 0.9


def test_temperature_zero_takes_the_likeliest():
    token, sure = draw(torch.tensor([[0.1, 3.0, 2.0], [1.0, 1.0, 0.0]]), torch.tensor([0.5, 0.5]), 0.0, 1.0)
    assert int(token[0]) == 1
    assert sure.tolist() == [True, False]
