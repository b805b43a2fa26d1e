"""What every engine keeps to, whatever runs the model: one list of promises, each a function that asserts it.

    @pytest.mark.parametrize("promise", CONTRACT, ids=name_of)
    def test_the_contract(subject, promise):
        promise(subject)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, cached_property

from synthempathy.core.errors import ModelError
from synthempathy.llm.backends import Completion, Failure, Loaded, Request
from synthempathy.llm.loading import load_model, load_tokenizer
from synthempathy.llm.params import Sampling

Outcomes = dict[str, Completion | Failure]


@dataclass
class Subject:
    """An engine, the folder of the model it runs, and the length at which some of its answers are cut and some not."""

    engine: Loaded
    model: str
    max_tokens: int

    @cached_property
    def first(self) -> Outcomes:
        """What it answers when it is asked for the first time."""
        return by_id(self.engine.complete(rows(), self.sampling()))

    def sampling(self, temperature: float = 0.9) -> Sampling:
        return Sampling(temperature=temperature, top_p=0.95, max_tokens=self.max_tokens, seed=1)


def rows(count: int = 24) -> list[Request]:
    """Prompts of seven lengths, with a system turn; row i and row i + 12 differ in their seed alone."""
    return [
        Request(
            f"row-{i}",
            [
                {"role": "system", "content": "You answer in kind words."},
                {"role": "user", "content": "I missed the bus. " * (1 + i % 12 % 7) + f"It was number {i % 12}."},
            ],
            seed=2**63 - 100 + i,
        )
        for i in range(count)
    ]


def by_id(outcomes: Iterable[Completion | Failure]) -> Outcomes:
    found: Outcomes = {}
    for outcome in outcomes:
        assert outcome.id not in found, f"{outcome.id} came twice"
        found[outcome.id] = outcome
    return found


def answers_each_row_once(subject: Subject) -> None:
    assert sorted(subject.first) == sorted(row.id for row in rows())
    assert all(isinstance(outcome, Completion) for outcome in subject.first.values())


def gives_the_same_text_again(subject: Subject) -> None:
    """In another order too, and after a caller left it in the middle."""
    answers = subject.engine.complete(rows(), subject.sampling())
    next(iter(answers))
    answers.close()  # type: ignore[attr-defined]
    assert by_id(subject.engine.complete(rows()[::-1], subject.sampling())) == subject.first


def gives_another_text_for_another_seed(subject: Subject) -> None:
    texts = [subject.first[f"row-{i}"].text for i in range(24)]
    assert sum(one != other for one, other in zip(texts[:12], texts[12:], strict=True)) >= 11


def says_why_it_stopped(subject: Subject) -> None:
    """At the end token or at max_tokens, with the counts of both sides; some rows of each kind."""
    tokenizer = load_tokenizer(subject.model, None)
    prompts = {row.id: row.messages for row in rows()}
    for row, answer in subject.first.items():
        prompt = tokenizer.apply_chat_template(prompts[row], add_generation_prompt=True, return_dict=False)
        assert answer.prompt_tokens == len(prompt)
        assert 0 < answer.completion_tokens <= subject.max_tokens
        if answer.finish_reason == "length":
            assert answer.completion_tokens == subject.max_tokens
    assert {answer.finish_reason for answer in subject.first.values()} == {"length", "stop"}


def takes_the_likeliest_tokens_at_temperature_0(subject: Subject) -> None:
    """Text, stop reason and counts: all as transformers' own `generate` has them, row by row."""
    found = by_id(subject.engine.complete(rows(10), subject.sampling(temperature=0.0)))
    assert found == likeliest(subject.model, 10, subject.max_tokens)


def ends_an_answer_before_a_stop_text(subject: Subject) -> None:
    plain = likeliest(subject.model, 10, subject.max_tokens)
    stop = next(text[1] for text in (answer.text for answer in plain.values()) if len(text) > 2)
    sampling = subject.sampling(temperature=0.0).model_copy(update={"stop": [stop]})
    for row, answer in by_id(subject.engine.complete(rows(10), sampling)).items():
        assert isinstance(answer, Completion)
        before, _, after = plain[row].text.partition(stop)
        assert answer.text == before.rstrip()
        assert not after or answer.finish_reason == "stop"


def takes_optional_sampling(subject: Subject) -> None:
    """At temperature 0 with a penalty on repetition: as transformers' own `generate`, row by row."""
    sampling = subject.sampling(temperature=0.0).model_copy(update={"repetition_penalty": 1.3})
    assert by_id(subject.engine.complete(rows(10), sampling)) == likeliest(subject.model, 10, subject.max_tokens, 1.3)
    narrow = subject.sampling().model_copy(update={"top_k": 1})
    assert by_id(subject.engine.complete(rows(10), narrow)) == likeliest(subject.model, 10, subject.max_tokens)


def refuses_an_over_long_prompt_by_name(subject: Subject) -> None:
    """A model here ends the run; of a server that says why, it is that row's failure alone."""
    long = Request("row-long", [{"role": "user", "content": "word " * 3000}], 1)
    try:
        found = list(subject.engine.complete([*rows(3), long], subject.sampling()))
    except ModelError as error:
        assert re.search(r"row-long: .*\d", str(error)) and len(str(error).splitlines()) == 1
    else:
        assert not getattr(subject.engine, "local_weights", True)
        [failed] = [one for one in found if isinstance(one, Failure)]
        assert (failed.id, failed.reason) == ("row-long", "refused_by_server")


def names_its_library_and_version(subject: Subject) -> None:
    assert subject.first
    assert re.fullmatch(r"[\w ]+ \S*\d+\.\d+\S*( on ray \d+\.\d+\.\d+)?", subject.engine.version)


#: All of it. A server that is no model keeps SERVED alone.
CONTRACT: tuple[Callable[[Subject], None], ...] = (
    answers_each_row_once, refuses_an_over_long_prompt_by_name, gives_the_same_text_again,
    gives_another_text_for_another_seed, says_why_it_stopped, takes_the_likeliest_tokens_at_temperature_0,
    ends_an_answer_before_a_stop_text, takes_optional_sampling, names_its_library_and_version,
)
SERVED = tuple(
    promise for promise in CONTRACT
    if promise not in (
        says_why_it_stopped, takes_the_likeliest_tokens_at_temperature_0, ends_an_answer_before_a_stop_text,
        takes_optional_sampling,
    )
)


def name_of(promise: Callable[[Subject], None]) -> str:
    return promise.__name__


@cache
def likeliest(model: str, count: int, max_tokens: int, repetition_penalty: float = 1.0) -> Outcomes:
    """The answers to the first `count` rows by transformers' own greedy search, one row at a time."""
    import torch

    tokenizer = load_tokenizer(model, None)
    loaded = load_model(model, None, "float32", "cpu")
    found: Outcomes = {}
    for row in rows(count):
        prompt = tokenizer.apply_chat_template(row.messages, add_generation_prompt=True, return_dict=False)
        ids = torch.tensor([prompt])
        with torch.inference_mode():
            whole = loaded.generate(
                ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=max_tokens,
                repetition_penalty=repetition_penalty,
                pad_token_id=tokenizer.pad_token_id,
            )[0].tolist()
        answer = whole[len(prompt) :]
        stopped = answer[-1] == tokenizer.eos_token_id
        text = tokenizer.decode(answer[:-1] if stopped else answer, skip_special_tokens=True).strip()
        found[row.id] = Completion(row.id, text, "stop" if stopped else "length", len(prompt), len(answer))
    return found
