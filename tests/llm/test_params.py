"""Engines: one of the project, and what a step, a model or an evaluation has other than it."""

import pytest
from pydantic import TypeAdapter, ValidationError

from synthempathy.llm.params import Engine, OwnEngine, Sampling, Server, VllmSettings, engine_of

ABOVE = Engine(backend="vllm", dtype="bfloat16", vllm=VllmSettings(quantization="awq", max_model_len=512))


def own(value):
    return TypeAdapter(OwnEngine).validate_python(value)


def test_null_is_the_engine_above_and_a_word_is_a_backend():
    assert engine_of(own(None), ABOVE) == ABOVE
    assert engine_of(own("openai"), ABOVE) == ABOVE.model_copy(update={"backend": "openai"})


def test_what_differs_is_laid_over_key_by_key():
    found = engine_of(own({"vllm": {"max_model_len": 64}, "dtype": "float32"}), ABOVE)
    assert found == Engine(backend="vllm", dtype="float32", vllm=VllmSettings(quantization="awq", max_model_len=64))
    assert engine_of(own({"vllm": {"quantization": None}}), ABOVE).vllm.quantization is None


@pytest.mark.parametrize("value", ["ollama", {"backend": "vlm"}, {"colour": 1}])
def test_an_engine_that_does_not_exist_is_refused(value):
    with pytest.raises(ValidationError):
        own(value)


@pytest.mark.parametrize(("settings", "word"), [
    ({"leave_out": ["seeds"]}, "seeds"), ({"rename": {"max_token": "x"}}, "max_token"),
    ({"extra_body": {"messages": []}}, "messages"),
    ({"rename": {"seed": "model"}}, "model"), ({"headers_env": {"X-Team": "sk-secret-value"}}, "headers_env"),
    ({"headers_env": {"X Team": "TEAM"}}, "headers_env"),
])
def test_what_a_server_cannot_be_sent_is_refused_without_showing_a_secret(settings, word):
    with pytest.raises(ValidationError, match=word) as caught:
        Server(**settings)
    assert "sk-secret-value" not in str(caught.value)


def test_sampling_that_is_not_given_is_no_extra():
    plain = Sampling(temperature=0.7, top_p=0.9, max_tokens=10, seed=1)
    assert plain.extras() == {}
    assert plain.model_copy(update={"top_k": 5, "stop": ["END"]}).extras() == {"top_k": 5, "stop": ["END"]}
