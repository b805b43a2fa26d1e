"""Keys: all that determines a text is in them, and they stay what they were."""

import pytest

from synthempathy.llm.loading import Model
from synthempathy.llm.params import Engine, EngineChange, Sampling, Server, VllmSettings
from synthempathy.llm.store_key import KeyMaker

SAMPLING = Sampling(temperature=0.9, top_p=0.95, max_tokens=100, seed=1)
COMMIT = "0123456789abcdef0123456789abcdef01234567"
BASE = {
    "model": Model("org/a", COMMIT), "engine": Engine(backend="transformers"), "sampling": SAMPLING,
    "messages": [{"role": "user", "content": "x"}], "sample": 0, "attempt": 0,
}


def maker(**changes):
    given = BASE | changes
    return KeyMaker(given["model"], given["engine"], given["sampling"], given.get("schema"))


def key(**changes):
    given = BASE | changes
    return maker(**changes).key(given["messages"], given["sample"], given["attempt"])


def sampling(**changes):
    return SAMPLING.model_copy(update=changes)


@pytest.mark.parametrize("change", [
    {"engine": Engine(backend="vllm")}, {"engine": Engine(backend="transformers", dtype="bfloat16")},
    {"model": Model("org/b", COMMIT)}, {"model": Model("org/a", COMMIT[::-1])},
    {"messages": [{"role": "user", "content": "y"}]}, {"messages": [{"role": "system", "content": "x"}]},
    {"sampling": sampling(temperature=0.8)}, {"sampling": sampling(top_p=0.9)}, {"sampling": sampling(seed=2)},
    {"sample": 1}, {"attempt": 1}, {"schema": {"type": "object"}},
    {"sampling": sampling(top_k=20)}, {"sampling": sampling(min_p=0.1)}, {"sampling": sampling(repetition_penalty=1.1)},
    {"sampling": sampling(presence_penalty=0.1)}, {"sampling": sampling(stop=["\n\n"])},
    {"engine": Engine(backend="transformers", template={"enable_thinking": True})},
    {"model": Model("org/a", COMMIT, engine=EngineChange(dtype="bfloat16"))},
])
def test_all_that_determines_a_text_is_in_the_key(change):
    assert key(**change) != key()


def test_max_tokens_is_not():
    assert key(sampling=sampling(max_tokens=5)) == key()


def test_quantized_weights_write_other_texts_and_servers_are_told_apart():
    engines = [
        Engine(backend="vllm"), Engine(backend="vllm", vllm=VllmSettings(quantization="fp8")),
        Engine(backend="vllm", vllm=VllmSettings(quantization="awq")),
        Engine(backend="openai"), Engine(backend="openai", openai=Server(base_url="http://other/v1")),
        *(Engine(backend="openai", openai=Server(**settings)) for settings in (
            {"leave_out": ["top_p"]}, {"extra_body": {"reasoning_effort": "low"}}, {"fold_system": True},
        )),
    ]
    assert len({key(engine=engine) for engine in engines}) == len(engines)


def test_how_a_server_calls_a_parameter_and_its_key_change_no_text():
    there = key(engine=Engine(backend="openai"))
    for settings in (
        {"rename": {"max_tokens": "max_completion_tokens"}}, {"api_key_env": "OTHER"}, {"headers_env": {"X-Team": "TEAM"}},
    ):
        assert key(engine=Engine(backend="openai", openai=Server(**settings))) == there


def test_a_trained_anew_adapter_behind_the_same_name_on_a_server_is_another_model(tmp_path):
    (tmp_path / "adapter_config.json").write_text("{}")
    served = Model("org/a", adapter=tmp_path, served_as="tuned")
    before = key(engine=Engine(backend="openai"), model=served)
    (tmp_path / "adapter_model.safetensors").write_text("other")
    assert key(engine=Engine(backend="openai"), model=served) != before


def test_an_adapter_and_a_changed_file_are_another_model(tmp_path):
    for name in ("model", "adapter"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text("{}")
    model = Model(str(tmp_path / "model"))
    bare, adapted = key(model=model), key(model=Model(str(tmp_path / "model"), adapter=tmp_path / "adapter"))
    (tmp_path / "model" / "config.json").write_text('{"a": 1}')
    assert len({bare, adapted, key(model=model)}) == 3


def test_keys_and_seeds_are_those_of_every_version_before(tmp_path):
    """Computed by the code of before this module: a store goes on serving."""
    assert key() == "ad3db57ca82e7b55e19cc0509c66c1f6b5758f536e801b86d294b3cccc94e6a0"
    assert maker().seed(BASE["messages"], 0, 0) == 3977017128929341383
    asked = {"engine": Engine(backend="openai"), "model": Model("org/a"), "sample": 2, "attempt": 3}
    assert key(**asked) == "fcd537a6fa6abaf71a0dd28ddd49f44738990d9e62a7c7a95ebeb066cd7bb97b"
    assert maker(**asked).seed(BASE["messages"], 2, 3) == 8528603936334096787
    for name, file in (("model", "config.json"), ("adapter", "adapter_config.json")):
        (tmp_path / name).mkdir()
        (tmp_path / name / file).write_text("{}")
    tuned = Model(str(tmp_path / "model"), adapter=tmp_path / "adapter")
    found = key(engine=Engine(backend="vllm", dtype="bfloat16"), model=tuned)
    assert found == "563816df60ead0946477a1d4f2d9adc24b73ff1d31445ce9c950a02af4b51e23"


def test_a_seed_is_the_same_for_every_model_and_another_for_each_try():
    seeds = [maker().seed(BASE["messages"], sample, attempt) for sample in (0, 1) for attempt in (0, 1)]
    assert len(set(seeds)) == 4 and all(0 <= seed < 2**63 for seed in seeds)
    assert maker(model=Model("org/b", COMMIT)).seed(BASE["messages"], 0, 0) == seeds[0]
