"""The third layer: a guard LLM in Llama Guard's or Granite Guardian's style reads each pair. Off unless a model is named.

It is asked twice a pair, for the explanation and for the response, through the generation steps' engines and store, so
that its answers are kept. What it calls unsafe is dropped or reviewed by `filter.guard.action` as guard_<category>;
what cannot be read as an answer is held for review as guard_unreadable, and never taken for a "safe".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from synthempathy.core.records import Pair
from synthempathy.filters.base import FIELDS, Field, Verdict, both_reasons, reason_for, text_in
from synthempathy.filters.params import Guard
from synthempathy.llm.loading import Model
from synthempathy.llm.params import Machine
from synthempathy.llm.posing import posing
from synthempathy.llm.prompts import Message, Prompt, load_prompt
from synthempathy.llm.runner import Asking, Row, ask_rows

UNREADABLE = "guard_unreadable"

#: What a prompt of prompts/guard may use, each with an example.
PROMPT_VARIABLES = {"assessed": "User", "explanation": "I missed the bus.", "response": "That is hard."}

#: Llama Guard 3's categories (the MLCommons hazards, and code interpreter abuse).
LLAMA_GUARD = {
    "S1": "violent_crimes", "S2": "non_violent_crimes", "S3": "sex_crimes", "S4": "child_exploitation",
    "S5": "defamation", "S6": "specialized_advice", "S7": "privacy", "S8": "intellectual_property",
    "S9": "indiscriminate_weapons", "S10": "hate", "S11": "self_harm", "S12": "sexual_content", "S13": "elections",
    "S14": "code_interpreter_abuse",
}
HARM = "harm"  # Granite Guardian's umbrella

#: What a guard may say of a text: its categories, none for a safe one.
Categories = tuple[str, ...]

_UNSAFE = re.compile(r"unsafe(?=[^\S\n]*+\n)\s*+(S\d{1,2}+(?:\s*+,\s*+S\d{1,2}+)*)\s*+")
_YES_OR_NO = re.compile(
    r"\A(?:<think>.*?</think>\s*+)?(?:<score>\s*(yes|no)\s*</score>|(yes|no)\b[.]?\s*(?:<confidence>\s*\w+\s*</confidence>)?)\s*",
    re.IGNORECASE | re.DOTALL,
)


def llama_guard(answer: str) -> Categories | None:
    """The categories in an answer of Llama Guard ("safe", or "unsafe" and a line of categories); None if unreadable."""
    text = answer.strip()
    if text == "safe":
        return ()
    found = _UNSAFE.fullmatch(text)
    names = [LLAMA_GUARD.get(code.strip()) for code in found[1].split(",")] if found else [None]
    return None if None in names else tuple(name for name in names if name)


def granite_guardian(answer: str) -> Categories | None:
    """HARM for a Yes, none for a No, whether as a word or as a score; None if unreadable."""
    found = _YES_OR_NO.fullmatch(answer.strip())
    if not found:
        return None
    return (HARM,) if (found[1] or found[2]).lower() == "yes" else ()


READERS: dict[str, Callable[[str], Categories | None]] = {
    "llama_guard": llama_guard, "granite_guardian": granite_guardian,
}

#: Every reason that this layer can give. Only a run with a guard counts them.
REASONS: tuple[str, ...] = (
    *(reason for name in (*LLAMA_GUARD.values(), HARM) for reason in both_reasons(f"guard_{name}")), UNREADABLE,
)


def guard_verdicts(
    pairs: Sequence[Pair], guard: Guard, machine: Machine, prompts: Path
) -> dict[str, tuple[Verdict, ...]]:
    """What the guard says against pairs, by id; a pair that it calls safe is not there.

    `prompts` is the folder prompts/guard. No model, no verdicts. ModelError if the model cannot be used.
    """
    if guard.model is None or not pairs:
        return {}
    prompt = None if guard.own_template else load_prompt(prompts / f"{guard.prompt}.jinja")
    if prompt is not None:
        prompt.check(PROMPT_VARIABLES)
    rows = [
        Row(f"{field} {pair.id}", pair, partial(_messages, prompt, pair, field)) for pair in pairs for field in FIELDS
    ]
    # Nothing is asked again: a guard's answer is the likeliest one, and would come again.
    asking = Asking((Model(guard.model, guard.revision),), guard.sampling, 1, guard.engine, machine)
    answers = ask_rows("guard", rows, asking, lambda _, completion: {"answer": completion.text}).accepted
    found: dict[str, tuple[Verdict, ...]] = {}
    for pair in pairs:
        verdicts = tuple(_verdicts(pair, answers, guard))
        if verdicts:
            found[pair.id] = verdicts
    return found


def _messages(prompt: Prompt | None, pair: Pair, field: Field) -> list[Message]:
    """The prompt filled in; or the conversation alone, where the model's own chat template holds the prompt."""
    if prompt is not None:
        assessed = "User" if field == "explanation" else "Agent"
        return prompt.messages(assessed=assessed, explanation=pair.explanation, response=pair.response)
    turns: list[Message] = [
        {"role": "user", "content": pair.explanation}, {"role": "assistant", "content": pair.response},
    ]
    return turns[:1] if field == "explanation" else turns


def _verdicts(pair: Pair, answers: dict[str, dict[str, str]], guard: Guard) -> Iterator[Verdict]:
    """One for each category of each field; a request without an answer (a server's failure) is unreadable too."""
    for field in FIELDS:
        if (piece := posing(text_in(pair, field))) is not None:  # whatever the guard makes of it, a person looks at it
            yield Verdict("review", UNREADABLE, field, f"the text speaks to the guard: {piece[:80]!r}")
        answer = answers.get(f"{field} {pair.id}", {"answer": ""})["answer"]
        categories = READERS[guard.prompt](answer)
        if categories is None:
            yield Verdict("review", UNREADABLE, field, f"the guard answered {answer.strip()[:80]!r}")
            continue
        for name in categories:
            reason = reason_for(guard.action, f"guard_{name}")
            yield Verdict(guard.action, reason, field, f"{guard.model}: {name}: {text_in(pair, field)}")
