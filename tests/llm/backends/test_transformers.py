"""The transformers engine: a row's text is its own, whatever stands beside it."""

from pathlib import Path

import pytest

from synthempathy.core.errors import ModelError
from synthempathy.llm.backends import Request, open_backend
from synthempathy.llm.loading import Model
from synthempathy.llm.params import Sampling
from synthempathy.project.params import load_params
from tests.helpers.tiny_model import save_tiny_model

SAMPLING = Sampling(temperature=0.9, top_p=0.95, max_tokens=24, seed=1)
PARAMS = load_params(Path(__file__).parents[3] / "params.yaml")
ENGINE = PARAMS.engine


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(save_tiny_model(tmp_path_factory.mktemp("tiny")))


def machine(batch_size=8):
    return PARAMS.machine.model_copy(update={"store": "unused", "batch_size": batch_size, "device": "cpu"})


def requests(count):
    return [
        Request(f"row-{i}", [{"role": "user", "content": "I missed the bus. " * (1 + i % 5)}], seed=100 + i)
        for i in range(count)
    ]


def texts(model, asked, batch_size=8, **extras):
    engine = open_backend(Model(model), ENGINE, machine(batch_size))
    sampling = SAMPLING.model_copy(update=extras)
    return {c.id: (c.text, c.finish_reason, c.completion_tokens) for c in engine.complete(asked, sampling)}


def test_text_depends_on_the_row_alone(model):
    together = texts(model, requests(30), batch_size=30)
    assert texts(model, requests(30), batch_size=7) == together
    assert texts(model, requests(30)[::-1], batch_size=4) == together
    some = requests(30)[5:12]
    assert texts(model, some, batch_size=1) == {r.id: together[r.id] for r in some}


def test_another_seed_gives_another_text(model):
    asked = [Request("a", [{"role": "user", "content": "hello"}], seed) for seed in (1, 2)]
    first, second = (texts(model, [request]) for request in asked)
    assert first != second


def test_every_request_is_answered_once_with_its_counts(model):
    engine = open_backend(Model(model), ENGINE, machine())
    found = list(engine.complete(requests(20), SAMPLING))
    assert sorted(c.id for c in found) == sorted(r.id for r in requests(20))
    for completion in found:
        assert completion.completion_tokens <= SAMPLING.max_tokens
        assert (completion.finish_reason == "length") <= (completion.completion_tokens == SAMPLING.max_tokens)


def test_an_over_long_prompt_is_refused_by_name(model):
    engine = open_backend(Model(model), ENGINE, machine())
    long = Request("row-long", [{"role": "user", "content": "word " * 400}], 1)
    with pytest.raises(ModelError, match="row-long"):
        list(engine.complete([long], SAMPLING))


@pytest.mark.parametrize("path", ["models/absent", "/nowhere/at/all", "./none", "just-a-word"])
def test_a_model_path_that_does_not_exist_is_one_line(path):
    with pytest.raises(ModelError, match="does not exist"):
        open_backend(Model(path), ENGINE, machine())


@pytest.mark.parametrize("extras", [
    {"repetition_penalty": 1.4}, {"presence_penalty": 1.5}, {"top_k": 3}, {"min_p": 0.2}, {"stop": ["a", "e"]},
], ids=lambda extras: next(iter(extras)))
def test_optional_sampling_changes_the_text_and_keeps_it_the_rows_own(model, extras):
    plain = texts(model, requests(12))
    together = texts(model, requests(12), 12, **extras)
    assert together != plain
    assert texts(model, requests(12)[::-1], 5, **extras) == together


def test_an_answer_ends_before_a_stop_text(model):
    plain, stopped = texts(model, requests(12)), texts(model, requests(12), stop=["e"])
    for row, (text, reason, tokens) in stopped.items():
        assert text == plain[row][0].split("e")[0].rstrip()
        if "e" in plain[row][0]:
            assert reason == "stop" and tokens <= plain[row][2]
    assert any("e" in text for text, *_ in plain.values())


def test_template_arguments_reach_the_prompt(tmp_path):
    folder = save_tiny_model(tmp_path / "tiny")
    (folder / "chat_template.jinja").write_text(
        "{{ 'THINK ' if enable_thinking else 'NO ' }}{% for m in messages %}{{ m['content'] }}{% endfor %}", encoding="utf-8"
    )
    asked = [Request("a", [{"role": "user", "content": "hello"}], 1)]
    told = ENGINE.model_copy(update={"template": {"enable_thinking": True}})
    found = [
        next(open_backend(Model(str(folder)), engine, machine()).complete(asked, SAMPLING)).prompt_tokens
        for engine in (ENGINE, told)
    ]
    assert found[1] - found[0] == len("THINK ") - len("NO ")
