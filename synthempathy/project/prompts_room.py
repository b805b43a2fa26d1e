"""At check: whether the longest prompts that each step is to be expected to send have room in its models.

The longest seed goes through brainstorm's prompt. What later steps read does not exist yet: a text of as many words as the
step before lets through stands for it, in the words of that seed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import cycle, islice
from pathlib import Path

from synthempathy.core.errors import Check, InputError
from synthempathy.generation.steps import STEPS
from synthempathy.llm.context import check_context
from synthempathy.llm.loading import Model
from synthempathy.llm.params import Engine
from synthempathy.llm.prompts import Message, load_prompt
from synthempathy.project.params import Params
from synthempathy.scorers.judge.rubric import messages_of, read_rubric
from synthempathy.seeds.sources import Sentence


def room_checks(
    params: Params, prompts: Path, sentences: Callable[[], Sequence[Sentence]],
    asked: Mapping[str, Sequence[tuple[Model, Engine]]], max_tokens: Mapping[str, int],
) -> Iterator[Check]:
    """A check for each model of each stage in `asked`; `max_tokens` are those of a stage's answers."""
    for stage, models in asked.items():
        for model, engine in models:
            yield partial(_check, stage, model, engine, params, prompts, sentences, max_tokens[stage])


def _check(
    stage: str, model: Model, engine: Engine, params: Params, prompts: Path, sentences: Callable[[], Sequence[Sentence]],
    max_tokens: int,
) -> None:
    try:
        longest = max((one.text for one in sentences()), key=len, default="")
        messages = _messages(stage, params, prompts, longest)
    except InputError:  # seeds or a prompt that cannot be read: the checks of those say so
        return
    check_context(stage, model, engine, messages, max_tokens)


def _messages(stage: str, params: Params, prompts: Path, sentence: str) -> list[Message]:
    """The longest prompt to be expected of a stage."""
    story = _of_words(params.brainstorm.max_words, sentence)
    explanation, response = _of_words(params.explain.max_words, sentence), _of_words(params.respond.max_words, sentence)
    texts = {"sentence": sentence, "seed": sentence, "story": story, "explanation": explanation}
    if stage in STEPS:
        prompt = load_prompt(prompts / stage / f"{getattr(params, stage).prompt}.jinja")
        return prompt.messages(**{name: texts.get(name, example) for name, example in STEPS[stage].variables.items()})
    if stage == "scorer":
        return messages_of(read_rubric(prompts / "judge" / f"{params.scorer.judge.prompt}.jinja"), explanation, response)
    if stage == "filter":  # with a guard's own template, which adds its policy
        return [{"role": "user", "content": explanation}, {"role": "assistant", "content": response}]
    return load_prompt(prompts / "respond" / f"{params.finetune.prompt}.jinja").messages(explanation=explanation)


def _of_words(count: int, sentence: str) -> str:
    return " ".join(islice(cycle(sentence.split() or ["word"]), count))
