"""What is learned: the response and the end of the turn, after exactly the prompt that generation starts from."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthempathy.finetuning.examples import TokenizedExample, prompt_and_words, tokenized_example
from tests.helpers.tiny_mistral import TEMPLATE, tiny_tokenizer

MESSAGES = [{"role": "system", "content": "You answer."}, {"role": "user", "content": "I am tired."}]
TOKENIZER = tiny_tokenizer()
TEXT = st.text(st.characters(exclude_categories=("Cs",)), min_size=1).filter(str.strip)


def parts(one: TokenizedExample, tokenizer: Any = TOKENIZER) -> tuple[str, str]:
    """The text that is read, and the text that is learned."""
    return tokenizer.decode(one.ids[: one.prompt]), tokenizer.decode(one.ids[one.prompt :])


def test_the_response_and_the_end_of_turn_are_learned_and_nothing_else() -> None:
    assert parts(tokenized_example(MESSAGES, "Oh no.", TOKENIZER)) == (
        "<s><|system|>You answer.<|user|>I am tired.<|assistant|>", "Oh no.</s>",
    )


@given(said=TEXT, response=TEXT)
def test_any_text_is_learned_whole_after_the_prompt_of_generation(said: str, response: str) -> None:
    messages = [MESSAGES[0], {"role": "user", "content": said}]
    one = tokenized_example(messages, response, TOKENIZER)
    assert one.ids[: one.prompt] == TOKENIZER.apply_chat_template(messages, add_generation_prompt=True)["input_ids"]
    assert one.ids[one.prompt :] == TOKENIZER(response + "</s>", add_special_tokens=False)["input_ids"]


@pytest.mark.parametrize(
    ("ending", "learned"),
    [
        ("{{ eos_token }}\n\n", "Oh no.</s>"),  # line breaks after the turn's end are not learned
        ("", "Oh no.</s>"),  # a template that does not end the turn
        (" END", "Oh no. END</s>"),  # one that ends it with plain text
        ("<|user|>\n", "Oh no.<|user|></s>"),  # one with a token of its own, at which not every engine stops
    ],
)
def test_every_template_ends_where_engines_stop(ending: str, learned: str) -> None:
    tokenizer = tiny_tokenizer(TEMPLATE.replace("{{ eos_token }}", ending))
    assert parts(tokenized_example(MESSAGES, "Oh no.", tokenizer), tokenizer)[1] == learned


def test_a_template_that_rewrites_finished_turns_still_learns_the_response_after_the_open_prompt() -> None:
    tokenizer = tiny_tokenizer(TEMPLATE.replace("{{ '<|assistant|>' }}", "{{ '<|assistant|>NOW:' }}"))
    prompt, learned = parts(tokenized_example(MESSAGES, "Oh no.", tokenizer), tokenizer)
    assert prompt.endswith("<|assistant|>NOW:")
    assert learned == "Oh no.</s>"


def test_a_token_across_the_border_is_cut_as_in_generation() -> None:
    from tokenizers import AddedToken

    tokenizer = tiny_tokenizer(TEMPLATE.replace("{{ '<|assistant|>' }}", "{{ '<|assistant|>a' }}").replace(
        "+ m['content'] }}", "+ ('a' if m['role'] == 'assistant' else '') + m['content'] }}"
    ))
    tokenizer.add_tokens([AddedToken("ab", normalized=False)])
    one = tokenized_example(MESSAGES, "bc", tokenizer)
    assert tokenizer.convert_ids_to_tokens(one.ids[one.prompt - 1 :]) == ["a", "b", "c", "</s>"]


@pytest.mark.parametrize("ending", ["{{ eos_token }}\n\n", "", "<|user|>\n"])
def test_perplexity_reads_the_trainers_ids_without_the_end_of_the_turn(ending: str) -> None:
    tokenizer = tiny_tokenizer(TEMPLATE.replace("{{ eos_token }}", ending))
    one = tokenized_example(MESSAGES, "Oh no.", tokenizer)
    prompt, words = prompt_and_words(MESSAGES, "Oh no.", tokenizer, {})
    assert prompt == one.ids[: one.prompt]
    assert one.ids[one.prompt :][: len(words)] == words
    assert tokenizer.decode(words) == "Oh no."
