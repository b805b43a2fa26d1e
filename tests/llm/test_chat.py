"""System turns where a template takes none: folded into the user turn, the same for generation and training."""

from __future__ import annotations

import json

import pytest

from synthempathy.core.errors import ModelError
from synthempathy.finetuning.examples import tokenized_example
from synthempathy.llm.loading import load_tokenizer
from tests.helpers.tiny_model import save_tiny_model

TURN = "<{{ message['role'] }}>{{ message['content'] | trim }}</>"
#: As Gemma's: no system role, and users and assistants in turn.
REFUSES = (
    "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    "{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Roles must alternate') }}{% endif %}" + TURN + "{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)
DROPS = (
    "{% for message in messages if message['role'] != 'system' %}" + TURN + "{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)
TAKES = "{% for message in messages %}" + TURN + "{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}"

SYSTEM, USER = {"role": "system", "content": "Be {{ kind }}."}, {"role": "user", "content": "Hello."}
ANSWER = {"role": "assistant", "content": "Hi."}


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    return save_tiny_model(tmp_path_factory.mktemp("tiny"))


def tokenizer_with(saved, template):
    (saved / "chat_template.jinja").write_text(template)
    return load_tokenizer(str(saved), None)


def rendered(tokenizer, *messages):
    return tokenizer.apply_chat_template(list(messages), tokenize=False, add_generation_prompt=True)


@pytest.mark.parametrize("template", [REFUSES, DROPS])
def test_a_system_turn_becomes_the_first_paragraph_of_the_users(saved, template):
    tokenizer = tokenizer_with(saved, template)
    start = rendered(tokenizer, USER).split("<user>")[0]
    assert rendered(tokenizer, SYSTEM, USER) == f"{start}<user>Be {{{{ kind }}}}.\n\nHello.</><assistant>"
    assert rendered(tokenizer, USER) == f"{start}<user>Hello.</><assistant>"
    several = rendered(tokenizer, SYSTEM, USER, ANSWER, USER)
    assert several.endswith("Hello.</><assistant>Hi.</><user>Hello.</><assistant>")
    assert "system" not in several


def test_a_template_that_takes_it_is_left_as_it_is(saved):
    tokenizer = tokenizer_with(saved, TAKES)
    assert tokenizer.chat_template == TAKES
    assert rendered(tokenizer, SYSTEM, USER) == "<system>Be {{ kind }}.</><user>Hello.</><assistant>"


def test_training_starts_from_the_same_prompt_as_generation(saved):
    tokenizer = tokenizer_with(saved, REFUSES)
    learned = tokenized_example([SYSTEM, USER], "Hi.", tokenizer)
    asked = tokenizer.apply_chat_template([SYSTEM, USER], add_generation_prompt=True, return_dict=False)
    assert learned.ids[: learned.prompt] == asked


@pytest.mark.parametrize("template", [
    "{{ raise_exception('nothing\\nat all') }}", "always the same", "{{ 1 / 0 }}", "{% for",
])
def test_a_template_that_takes_no_user_turn_is_one_line(saved, template):
    with pytest.raises(ModelError, match=r"its chat template cannot be used: \w") as caught:
        tokenizer_with(saved, template)
    assert len(str(caught.value).splitlines()) == 1


def test_several_templates_in_one_tokenizer(saved):
    """Some models ship one for chat and one for tools; the first is meant."""
    (saved / "chat_template.jinja").unlink(missing_ok=True)
    config = saved / "tokenizer_config.json"
    told = json.loads(config.read_text())
    told["chat_template"] = [{"name": "default", "template": REFUSES}, {"name": "tool_use", "template": "no"}]
    config.write_text(json.dumps(told))
    tokenizer = load_tokenizer(str(saved), None)
    assert rendered(tokenizer, SYSTEM, USER).endswith("<user>Be {{ kind }}.\n\nHello.</><assistant>")
