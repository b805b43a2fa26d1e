"""No text takes long: every pattern and every rule over a zoo of hostile long texts, in time that grows with the text alone."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

import synthempathy
from synthempathy.filters.guard import granite_guardian, llama_guard
from synthempathy.filters.judging import RULES, judged
from synthempathy.filters.params import Filter
from synthempathy.filters.rules.personal_data import mask
from synthempathy.generation import checks
from synthempathy.generation.markup import flattened
from synthempathy.generation.reading import read_notes, read_prose
from synthempathy.generation.teller import another_tells
from synthempathy.llm.answers import MOST_CHARACTERS, TOO_LONG, plain_answer
from synthempathy.llm.backends import Completion
from synthempathy.llm.backends.openai_replies import fault_of
from synthempathy.llm.chat import harmless
from synthempathy.project.params import load_params
from synthempathy.scorers.judge.rubric import levels_in
from synthempathy.text.numbered import _token
from tests.helpers.empathy import DOMAIN
from tests.helpers.hostile import OPENED, PIECES, opened_text_of_size, text_of_size
from tests.helpers.pairs import ROOT, filter_settings, pair_of

#: Characters; each four times the one before, so that what is worse than quadratic is found before it hangs.
SIZES = (500, 2_000, 8_000)
#: The promise is 10 microseconds a character. A machine may be half as fast, and has something else to do.
SECONDS_PER_CHARACTER = 2e-5
#: Below, nothing is measured: a clock that ticks, an import, a cache that is filled.
QUICK = 0.05
#: By size and name, a text and another of its kind.
Zoo = dict[int, dict[str, tuple[str, str]]]
ZOO: Zoo = {
    size: {name: (text_of_size(piece, size), text_of_size(piece, size, again=True)) for name, piece in PIECES.items()}
    for size in SIZES
}
OPENED_ZOO: Zoo = {
    size: {name: (opened_text_of_size(name, size), opened_text_of_size(name, size, again=True)) for name in OPENED}
    for size in SIZES
}
#: Patterns that are asked at one given place of a text, and never looked for in all of it.
AT_ONE_PLACE = ("teller._GOES_ON",)

Read = Callable[[str], object]


def seconds(read: Read, text: str) -> float:
    started = time.process_time()
    read(text)
    return time.process_time() - started


def slow_at(read: Read, name: str, zoo: Zoo = ZOO) -> tuple[int, float] | None:
    """The size of the text `name` at which `read` takes too long, or grows faster than the text does, and the seconds."""
    before = QUICK / 4
    for size in SIZES:
        text, another = zoo[size][name]
        took = seconds(read, text)
        limit = max(QUICK, size * SECONDS_PER_CHARACTER)
        if took > limit or (took > QUICK and took > 10 * before):
            took = min(took, seconds(read, another))  # the machine may have been busy, and what `text` gave may be remembered
            if took > limit or (took > QUICK and took > 10 * before):
                return size, took
        before = max(took, QUICK / 4)
    return None


def slow(reads: dict[str, Read], zoo: Zoo = ZOO) -> list[str]:
    """What takes too long, and where. Text after text, so that what rules share of a text is read once."""
    for read in reads.values():
        read("I was late for it, twice.")  # what is loaded when it is first needed
    return [
        f"{what} over {name}: {found[1]:.2f} s at {found[0]} characters"
        for name in zoo[SIZES[0]] for what, read in reads.items() if (found := slow_at(read, name, zoo))
    ]


def patterns() -> dict[str, re.Pattern[str]]:
    """Every pattern of the library by its place: those that modules hold, and those written where they are used."""
    found: dict[tuple[str, int], str] = {}
    for module in pkgutil.walk_packages(synthempathy.__path__, "synthempathy."):
        if module.name.endswith("__main__"):
            continue
        loaded = importlib.import_module(module.name)
        for name, value in list(vars(loaded).items()):
            for pattern in _inside(value):
                found.setdefault((pattern.pattern, pattern.flags), f"{module.name}.{name}")
        for line, pattern in _written_in(loaded):
            found.setdefault((pattern.pattern, pattern.flags), f"{module.name}:{line}")
    return {place: re.compile(pattern, flags) for (pattern, flags), place in found.items()}


def _inside(value: Any, deep: int = 0) -> Iterator[re.Pattern[str]]:
    if isinstance(value, re.Pattern) and isinstance(value.pattern, str):
        yield value
    elif isinstance(value, tuple | list | dict) and deep < 3:
        for one in value.values() if isinstance(value, dict) else value:
            yield from _inside(one, deep + 1)


def _written_in(module: Any) -> Iterator[tuple[int, re.Pattern[str]]]:
    for node in ast.walk(ast.parse(Path(module.__file__).read_text(encoding="utf-8"))):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="re"), attr=called), args=[ast.Constant(value=str(text)), *_]):
                if called not in ("escape", "compile"):
                    yield node.lineno, re.compile(text, re.MULTILINE if "MULTILINE" in ast.unparse(node) else 0)


def test_the_measure_itself_works() -> None:
    quadratic = re.compile(r"\s*\s*x")  # worse, in truth
    assert slow_at(quadratic.search, "spaces") is not None
    assert slow_at(len, "spaces") is None
    assert slow_at(cache(quadratic.search), "spaces") is not None  # a text that is read again is found slow too


def test_no_pattern_is_slow() -> None:
    known = patterns()
    assert len(known) > 100

    def every(pattern: re.Pattern[str]) -> Read:
        return lambda text: sum(1 for _ in pattern.finditer(text))

    reads = {place: every(pattern) for place, pattern in known.items()}
    assert slow(reads) == []
    assert slow({place: read for place, read in reads.items() if not place.endswith(AT_ONE_PLACE)}, OPENED_ZOO) == []


def test_no_rule_of_the_filter_is_slow(safety_model: Path) -> None:
    given = load_params(ROOT / "params.yaml").filter
    seen = {"explanation": "review", "response": "review"}
    settings = Filter.model_validate(given.model_dump() | {
        "topics": dict.fromkeys(type(given.topics).model_fields, seen), "no_pointer_to_help": "review",
        "classifier": given.classifier.model_dump() | {"enabled": True, "model": str(safety_model)},
    })
    reads: dict[str, Read] = {
        f"{rule.reasons[0]} {number}": lambda text, check=check: check(pair_of(text, text))
        for rule in RULES for number, check in enumerate(rule.checks(settings))
    }
    reads |= {"mask": mask}
    assert slow(reads) == []
    assert slow(reads, OPENED_ZOO) == []


def test_no_reading_of_an_answer_is_slow() -> None:
    step = load_params(ROOT / "params.yaml").respond
    reads: dict[str, Read] = {
        "plain_answer": plain_answer, "read_prose": read_prose, "read_notes": read_notes, "flattened": flattened,
        "unusable": lambda text: checks.unusable(text, "explanation", step, "Be kind to whoever writes. " * 20, DOMAIN.wording),
        "teller": lambda text: another_tells("Lena went out. " + text, text + " I'm Lena." * (len(text) // 10)),
        "harmless": lambda text: harmless([{"role": "user", "content": text}]), "llama_guard": llama_guard,
        "granite_guardian": granite_guardian,
        "levels": lambda text: levels_in(Completion("r", text, "stop", 1, 1), DOMAIN.rubric.names),
        "fault_of": lambda text: fault_of(httpx.Response(400, text=text)),
    }
    assert slow(reads) == []
    assert slow(reads, OPENED_ZOO) == []  # as it is: what a reader takes up at the first character, and cannot end


@pytest.mark.parametrize("field", ["explanation", "response"])
def test_a_row_is_measured_before_it_is_read(field: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr("synthempathy.filters.judging._checks", lambda settings: (lambda pair: asked.append(pair.id),))
    long, short = pair_of(**{field: "a " * 5_001}), pair_of(**{field: "a " * 5_000})
    [[large, fits]] = judged([long, short], filter_settings(max_characters=10_000))
    assert [(one.action, one.reason, one.detail) for one in large] == [
        ("drop", f"{field}_too_long", f"{field}: 10002 characters, at most 10000"),
    ]
    assert fits == ()
    assert asked == ["p"]  # nobody was asked about the other


def test_an_answer_that_is_too_long_is_not_read() -> None:
    answer = plain_answer("<think>" * MOST_CHARACTERS)
    assert answer.problem == TOO_LONG
    assert checks.unreadable(Completion("r", answer.text, "stop", 1, 1, problem=answer.problem)) == TOO_LONG in checks.REASONS


def test_no_pattern_has_a_possessive_group() -> None:
    """Python before 3.11.5 keeps what the last, failing turn of such a group had read: "3'?" held the word "3'"."""
    found = patterns() | {"text.numbered._token": _token(("Mr.", "z. B."))}
    groups = re.compile(r"(?<!\\)\)(?:[*+?]|\{[\d,]+\})\+|\(\?>")
    assert [place for place, pattern in found.items() if groups.search(pattern.pattern)] == []
