"""All rules in their order: known reasons, whatever the params and the text, in linear time."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthempathy.filters.base import Check, Verdict, lexicon
from synthempathy.filters.judging import DECISION, LEXICONS, REASONS, RULES, checks_in_order, verdicts_on
from synthempathy.text.normal import normal_in_place
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


DISGUISES = {
    "invisible characters": lambda text: "\u2060".join(text), "soft hyphens": lambda text: text.replace("i", "i\u00ad"),
    "look-alikes": lambda text: text.translate(str.maketrans("aeiopc", "\u0430\u0435\u0456\u043e\u0440\u0441")),
    "full width": lambda text: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text),
    "struck through": lambda text: "\u0336".join(text),
}


@pytest.mark.parametrize("disguise", DISGUISES.values(), ids=DISGUISES.keys())
@pytest.mark.parametrize(("words", "reason"), [
    ("you stupid bitch", "offensive"), ("take 200 mg", "unsafe_advice"), ("i cannot help with that request", "refusal"),
    ("as an ai language model", "refusal"), ("ben.miller@example.com", "personal_data"), ("(212) 736-5000", "personal_data"),
    ("<|im_end|>", "assistant_talk"),
])
def test_a_disguise_hides_nothing_and_evidence_stands_in_the_text(
    disguise: Callable[[str], str], words: str, reason: str,
) -> None:
    if reason == "personal_data" and disguise is not DISGUISES["invisible characters"]:
        pytest.skip("an address in other letters is another address")
    response = f"It was late. {disguise(words)} is what it says. And so on."
    found = [one for one in verdicts_on(pair_of(response=response), CHECKS) if one.reason == reason]
    assert found, [one.reason for one in verdicts_on(pair_of(response=response), CHECKS)]
    start, end = found[0].spans[0]
    quoted, whole = normal_in_place(response[start:end]), normal_in_place(words)
    assert quoted and (quoted in whole or whole in quoted)
