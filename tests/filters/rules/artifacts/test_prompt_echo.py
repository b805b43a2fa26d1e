"""Prompt echo: every line of every shipped prompt, and long runs of the explanation."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from synthempathy.filters.rules.artifacts.prompt_echo import copied, find, shared_run
from synthempathy.text.words import Text
from tests.helpers.pairs import ROOT, pair_of

#: Instructions in words that an answer may hold.
SAID_BY_ANYONE = ("Tell a friend what happened and how you feel.", "This happened to you:")


def test_every_shipped_prompt_is_known_to_prompt_echo() -> None:
    """Each line of each prompt is caught in a response: a new prompt needs its lines in prompt_echo.txt."""
    writing = ("brainstorm", "explain", "respond")  # the others judge, and write nothing of the corpus
    prompts = sorted(path for path in (ROOT / "prompts").glob("*/*.jinja") if path.parent.name in writing)
    assert prompts
    for prompt in prompts:
        source = re.sub(r"\{#.*?#\}", "", prompt.read_text(encoding="utf-8"), flags=re.DOTALL)
        lines = [line for line in source.splitlines() if line and "{" not in line]
        parts = (part for line in source.splitlines() if "{" in line for part in re.split(r"(?<=[.?:!}\"])\s", line))
        lines += [part for part in parts if "{" not in part and len(part.split()) > 3 and part not in SAID_BY_ANYONE]
        assert lines
        for line in lines:
            assert find(Text(line), "response") is not None, (prompt.name, line)


def test_a_long_run_of_the_explanation_is_an_echo_and_a_quotation_is_not() -> None:
    words = [f"word{number}" for number in range(90)]
    pair = pair_of("I said: " + " ".join(words))
    for start in (0, 7, 20, 50):
        forty = " ".join(words[start : start + 40])
        verdict = copied(pair.model_copy(update={"response": f"You told me, {forty.upper()}, yes."}))
        assert verdict is not None and verdict.field == "response"
        assert verdict.evidence == forty
        quoted = " ".join(words[start : start + 39])
        assert copied(pair.model_copy(update={"response": f"You told me, {quoted}, yes."})) is None


FEW_WORDS = st.lists(st.sampled_from(["a", "b", "c", "d", "e", "I", "am", "so"]), max_size=60)


@given(FEW_WORDS, FEW_WORDS, st.integers(0, 40), st.integers(8, 16), st.sampled_from([2, 3, 5, 8, 12, 13, 40]))
def test_runs_are_found_as_a_plain_search_finds_them(
    copy: list[str], source: list[str], start: int, length: int, size: int
) -> None:
    copy = [*copy, *source[start : start + length], "and", "so", "on"]
    runs = {tuple(source[i : i + size]) for i in range(len(source) - size + 1)}
    found = [run for i in range(len(copy) - size + 1) if (run := tuple(copy[i : i + size])) in runs]
    assert shared_run(source, copy, size) == (" ".join(found[0]) if found else None)
