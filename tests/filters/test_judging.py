"""All rules in their order: known reasons, whatever the params and the text, in linear time."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthempathy.filters.base import Check, Verdict, lexicon
from synthempathy.filters.judging import DECISION, LEXICONS, REASONS, RULES, checks_in_order, verdicts_on
from tests.helpers.pairs import filter_settings, pair_of

CHECKS = checks_in_order(filter_settings())


def test_every_file_of_rules_is_in_the_list_once() -> None:
    files = {path for path in (LEXICONS.parent / "rules").rglob("*.py") if path.name != "__init__.py"}
    assert len(files) == len(RULES) - 1 == len(set(map(id, RULES))) - 1  # and the classifier


def test_shipped_lexicons_are_read() -> None:
    paths = sorted(LEXICONS.rglob("*.txt"))
    assert len(paths) == 15
    assert all(lexicon(path)["response"].vocabulary for path in paths)


def test_reasons_are_those_of_the_rules() -> None:
    assert len(set(REASONS)) == len(REASONS)
    assert set(REASONS) == {reason for rule in RULES for reason in rule.reasons} | {DECISION}


@pytest.mark.parametrize("changes", [
    {}, {"personal_data": "mask"}, {"answers_someone_else": "keep"},
])
def test_the_params_switch_checks_and_no_reason(changes: dict[str, str]) -> None:
    checks = checks_in_order(filter_settings(**changes))
    pair = pair_of("I was late. My cousin was murdered. Write to me at ben@example.com.", "I am sorry.")
    assert {one.reason for one in verdicts_on(pair, checks)} <= set(REASONS)
    assert (len(checks) < len(CHECKS)) == (changes != {})


def test_what_drops_comes_before_what_holds_back_and_each_reason_once() -> None:
    def giving(*verdicts: Verdict) -> list[Check]:
        return [lambda pair, one=one: one for one in verdicts]

    held, dropped = Verdict("review", "a", "response", "x"), Verdict("drop", "b", "response", "y")
    again = Verdict("drop", "b", "explanation", "z")
    assert verdicts_on(pair_of(), giving(held, dropped, again)) == (dropped, held)


@settings(deadline=None, max_examples=150)
@given(st.text(min_size=1, max_size=200), st.text(min_size=1, max_size=200))
def test_rules_take_any_text_and_give_known_reasons(explanation: str, response: str) -> None:
    pair = pair_of(explanation, response)
    for check in CHECKS:
        verdict = check(pair)
        assert verdict == check(pair)
        assert verdict is None or (verdict.reason in REASONS and verdict.action in ("drop", "review"))


#: Text that makes careless patterns try every way to fail.
ADVERSARIAL = [
    "a", "a ", "1 ", "2111 ", "a@", "a.", "a-", "*_", "b*", "\"", "\n>", "(1", "www.", "a at b ", "u/", "[your ", "<|",
    "kill ", "here is ", "sure, ", "i want to die of ", "don't stop taking your meds ", "you feel you're a loser ",
    "\" stop taking your pills ", "a b c d e f ", "hit me when ", "\u0130", "5mg", "x!y", "Response", "e\u0301",
]


def seconds(check: Check, unit: str, characters: int) -> float:
    text = (unit * (characters // len(unit) + 1))[:characters] + "\x00"
    pair = pair_of(text, text)
    started = time.process_time()
    check(pair)
    return time.process_time() - started


def is_slow(check: Check, unit: str) -> bool:
    """Does four times the text take far more than four times as long? Nobody asks where it is quick anyway."""
    longer = seconds(check, unit, 32_000)
    return longer > 0.25 and longer > 9 * seconds(check, unit, 8_000)


def test_time_is_linear_even_on_hostile_text() -> None:
    quadratic = re.compile(r"(?:a )+!")
    assert is_slow(lambda pair: quadratic.search(pair.response) and None, "a ")  # the measure itself works
    for unit in ADVERSARIAL:
        for number, check in enumerate(CHECKS):
            assert not is_slow(check, unit) or not is_slow(check, unit), (number, unit)
