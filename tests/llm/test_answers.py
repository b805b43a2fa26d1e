"""The normal form: what is thought, what is text, and that plain text is left alone. The forms themselves: the zoo."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthempathy.llm.answers import CHAT_MARKUP, ONLY_THOUGHT, PlainAnswer, plain_answer

WORDS = ("i", "hear", "you", "are", "so", "tired", "today", "and", "alone")
SENTENCE = st.lists(st.sampled_from(WORDS), min_size=3, max_size=9).map(lambda words: " ".join(words).capitalize() + ".")


@given(thought=SENTENCE, text=SENTENCE)
@pytest.mark.parametrize("form", [
    "<think>\n{0}\n</think>\n\n{1}", "{0}\n</think>\n\n{1}<|im_end|>", "<thinking>{0}</thinking>{1}", "[THINK]{0}[/THINK]{1}</s>",
    "<|channel|>analysis<|message|>{0}<|end|><|start|>assistant<|channel|>final<|message|>{1}<|return|>",
    "analysis{0}assistantfinal{1}", "◁think▷{0}◁/think▷{1}", "<seed:think>{0}</seed:think>{1}",
])
def test_thoughts_are_set_apart(form: str, thought: str, text: str) -> None:
    assert plain_answer(form.format(thought, text)) == PlainAnswer(text, thought)


@given(thought=SENTENCE)
@pytest.mark.parametrize("form", [
    "<think>{}", "<think>{}</think>", "<|channel|>analysis<|message|>{}<|end|>", "[THINK]{}", "<|channel|>analysis<|message|>{}",
])
def test_an_answer_that_is_all_thought_has_no_text(form: str, thought: str) -> None:
    found = plain_answer(form.format(thought))
    assert (found.text, found.problem) == ("", ONLY_THOUGHT)


@given(st.lists(SENTENCE, min_size=1, max_size=4).map("\n\n".join))
def test_plain_text_is_its_own_normal_form(text: str) -> None:
    assert plain_answer(text) == PlainAnswer(text)
    assert plain_answer(f'"{text}"').text == plain_answer(f"```\n{text}\n```").text == text


@given(st.text(max_size=80))
def test_any_text_has_a_normal_form_whose_normal_form_it_is(text: str) -> None:
    once = plain_answer(text)
    assert once.problem in (None, ONLY_THOUGHT, CHAT_MARKUP)
    if once.problem is None:
        assert once.text == once.text.strip()


@pytest.mark.parametrize("text", [
    "I hear you.\nUser: and now?", "Yes.<|im_end|>\n<|im_start|>user\nHm.", "Yes. [INST] more [/INST] ok",
])
def test_one_who_talks_on_for_others_is_asked_again(text: str) -> None:
    assert plain_answer(text).problem == CHAT_MARKUP
