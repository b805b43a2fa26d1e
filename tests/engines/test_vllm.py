"""What is vLLM's own beside the engines' contract, run for real on a CPU: make test-engines."""

from __future__ import annotations

import importlib.util
import json

import pytest

from synthempathy.core.errors import ModelError
from synthempathy.llm.backends import Request, open_backend
from synthempathy.llm.loading import Model
from synthempathy.llm.params import Sampling, VllmSettings, VllmSpeed
from tests.helpers.tiny_model import save_tiny_model

pytestmark = pytest.mark.filterwarnings("default")  # vLLM and what it imports warn of each other
needs_vllm = pytest.mark.skipif(
    importlib.util.find_spec("vllm") is None, reason="no vllm here; .ci/install-engines makes .venv-engines"
)

SAMPLING = Sampling(temperature=0.9, top_p=0.95, max_tokens=24, seed=1)
GREEDY = Sampling(temperature=0.0, top_p=1.0, max_tokens=24, seed=1)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """The tiny random model of the other engines' tests, with heads of 32: vLLM's CPU attention takes none of 16."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    folder = save_tiny_model(tmp_path_factory.mktemp("tiny"))
    torch.manual_seed(0)
    AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(folder, head_dim=32)).save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="module")
def adapter(model, tmp_path_factory):
    """A LoRA adapter that was never trained, but does something: peft's B is random here, not zero."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(3)
    config = LoraConfig(
        r=4, lora_alpha=8, target_modules=["q_proj", "v_proj", "down_proj"], init_lora_weights=False, task_type="CAUSAL_LM",
    )
    folder = tmp_path_factory.mktemp("adapter")
    get_peft_model(AutoModelForCausalLM.from_pretrained(model), config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def tuned(settings, model, adapter):
    """An engine of its own; the last test that uses it kills it."""
    engine = open_backend(Model(model, adapter=adapter), *settings)
    yield engine
    engine.close()


def requests(count, first_seed=2**63 - 100):
    return [
        Request(f"row-{i}", [{"role": "user", "content": "I missed the bus. " * (1 + i % 9)}], seed=first_seed + i)
        for i in range(count)
    ]


def answers(engine, asked, sampling=SAMPLING):
    found = list(engine.complete(asked, sampling))
    assert sorted(c.id for c in found) == sorted(r.id for r in asked)
    return {c.id: (c.text, c.finish_reason, c.prompt_tokens, c.completion_tokens) for c in found}


@needs_vllm
def test_the_text_does_not_depend_on_what_else_is_asked(engine):
    together = answers(engine, requests(50))
    some = requests(50)[5:9]
    assert answers(engine, some) == {request.id: together[request.id] for request in some}


@needs_vllm
def test_the_batch_stays_full_while_rows_remain(engine, monkeypatch):
    left, fed, step = [70], [], engine._engine.step

    def watched():
        fed.append((engine._engine.get_num_unfinished_requests(), left[0]))
        return step()

    monkeypatch.setattr(engine._engine, "step", watched)
    for _ in engine.complete(requests(70), SAMPLING):
        left[0] -= 1
    assert engine.in_flight == 2 * 8
    assert len(fed) > 5
    assert all(rows == min(engine.in_flight, unanswered) for rows, unanswered in fed)


@needs_vllm
def test_an_answer_keeps_to_a_json_schema(engine):
    levels = {name: {"type": "integer", "enum": [0, 1, 2]} for name in ("er", "ip", "ex")}
    schema = {"type": "object", "properties": levels, "required": list(levels), "additionalProperties": False}
    asked = [Request(one.id, one.messages, one.seed, schema) for one in requests(6)]
    for answer in engine.complete(asked, SAMPLING.model_copy(update={"max_tokens": 48})):
        assert answer.finish_reason == "stop"
        assert json.loads(answer.text).keys() == levels.keys()


@needs_vllm
def test_a_caller_may_stop_early(engine):
    rows = engine.complete(requests(40), SAMPLING)
    next(rows)
    rows.close()
    assert engine._engine.get_num_unfinished_requests() == 0
    assert len(answers(engine, requests(20))) == 20


@needs_vllm
def test_an_over_long_prompt_is_refused_by_name_before_anything_runs(engine):
    long = Request("row-long", [{"role": "user", "content": "word " * 3000}], 1)
    says = rf"row-long: a prompt of \d+ tokens and max_tokens 24 exceed the {engine.limit} of"
    with pytest.raises(ModelError, match=says):
        next(engine.complete([*requests(3), long], SAMPLING))
    assert engine._engine.get_num_unfinished_requests() == 0


@needs_vllm
def test_an_adapter_changes_the_answers_as_it_does_in_transformers(tuned, settings, model, adapter):
    asked, machine = settings
    there = asked.model_copy(update={"backend": "transformers"})
    found = answers(tuned, requests(30), GREEDY)
    assert found == answers(open_backend(Model(model, adapter=adapter), there, machine), requests(30), GREEDY)
    assert found != answers(open_backend(Model(model), there, machine), requests(30), GREEDY)


@needs_vllm
def test_a_killed_vllm_is_one_line_and_no_endless_wait(tuned):
    rows = tuned.complete(requests(5000), SAMPLING)
    next(rows)
    for process in tuned._engine.engine_core.resources.engine_manager.processes:
        process.kill()
    with pytest.raises(ModelError, match=r"vLLM died while it wrote 1\d rows"):
        list(rows)
    with pytest.raises(ModelError, match="vLLM died"):
        list(tuned.complete(requests(3), SAMPLING))
    sockets = tuned._engine.engine_core.ctx
    assert not sockets.closed
    tuned.close()
    assert sockets.closed


@needs_vllm
@pytest.mark.parametrize(("change", "says"), [
    ({"max_model_len": 4096}, "max_model_len"), ({"quantization": "guesswork"}, "guesswork|quantization"),
])
def test_what_vllm_refuses_is_one_line(settings, model, change, says):
    with pytest.raises(ModelError, match=says) as caught:
        open_backend(Model(model), *changed(settings, **change))
    assert "\n" not in str(caught.value)


def changed(settings, **change):
    asked, machine = settings
    return asked.model_copy(update={"vllm": asked.vllm.model_copy(update=change)}), machine


def test_without_vllm_it_says_how_to_install_it(settings, model, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModelError, match=r"make install EXTRAS=vllm"):
        open_backend(Model(model), *settings)


def test_a_model_or_an_adapter_that_is_not_there_is_one_line(settings, model, tmp_path):
    with pytest.raises(ModelError, match="does not exist"):
        open_backend(Model("models/absent"), *settings)
    with pytest.raises(ModelError, match=r"no adapter_config\.json"):
        open_backend(Model(model, adapter=tmp_path), *settings)


def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(ValueError, match="gpu_memory_utilization"):
        VllmSpeed(**settings[1].vllm.model_dump() | {"gpu_memory_utilization": 1.5})
    with pytest.raises(ValueError, match="max_model_len"):
        VllmSettings(max_model_len=1)
