"""The rules on form: length, truncated, repetition, not_first_person; and that all rules take linear time."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthempathy.core.records import Pair
from synthempathy.filters.order import REASONS, rules_in_order
from synthempathy.filters.rules.length import length
from synthempathy.filters.rules.not_first_person import not_first_person
from synthempathy.filters.rules.repetition import repetition
from synthempathy.filters.rules.truncated import truncated
from synthempathy.filters.verdict import Rule, Verdict
from synthempathy.project.params import load_params

ROOT = Path(__file__).parents[3]
SETTINGS = load_params(ROOT / "params.yaml").filter
#: Without the classifier, which may not be here; it has tests of its own.
RULES = rules_in_order(
    SETTINGS.model_copy(update={"classifier": SETTINGS.classifier.model_copy(update={"model": None})})
)


def pair_of(explanation: str = "I was late.", response: str = "That was hard.") -> Pair:
    return Pair(
        id="p", seed_id="s", category="Work", seed="s", story="s", model="m",
        explanation=explanation, response=response, reasoning="",
    )


def reason_of(verdict: Verdict | None) -> str | None:
    return verdict.reason if verdict else None


@pytest.mark.parametrize(
    ("words", "reason"),
    [(1, "too_short"), (3, "too_short"), (4, None), (5, None), (7, None), (8, "too_long"), (90, "too_long")],
)
@pytest.mark.parametrize("field", ["explanation", "response"])
def test_length(field: str, words: int, reason: str | None) -> None:
    pair = pair_of(**{field: " ".join(["well-known\n"] * words)})
    verdict = length(field, 4, 7)(pair)  # type: ignore[arg-type]
    assert reason_of(verdict) == (reason and f"{field}_{reason}")
    if verdict:
        assert verdict.detail.startswith(f"{field}: {words} words, at ")


@pytest.mark.parametrize(
    "text",
    ["I was late and then I", "I was late,", "I was late:", "I was late -", "I said, \"never", "I was late (again)",
     "I was late…and", "1", "**", "\U0001f49b"],
)
@pytest.mark.parametrize("field", ["explanation", "response"])
def test_cut_off_texts_are_truncated(field: str, text: str) -> None:
    verdict = truncated(pair_of(**{field: text}))
    assert reason_of(verdict) == "truncated"
    assert verdict is not None and verdict.field == field and verdict.evidence in text


@pytest.mark.parametrize(
    "text",
    ["I was late.", "Why me?", "No!", "I was late …", "I said, \"never.\"", "I said, “never.”", "(I was late.)",
     "*I was late.*", "I was late. \n", "I am here for you. \U0001f49b", "I am here. ❤️", "我累了。", "I was late.'"],
)
def test_whole_texts_are_not_truncated(text: str) -> None:
    assert truncated(pair_of(text, text)) is None


@pytest.mark.parametrize(
    "text",
    [
        "I am so " + "tired " * 6 + "of it.",
        "I cannot do this. I cannot do this. I cannot do this.",
        "go on, go on, go on, go on",
        "It is hard to say. " * 2 + "It is HARD to say, it is so.",
        "You are strong and you will find a way. Rest. You are strong and you will find a way. Eat."
        " You are strong and you will find a way.",
        "I " + "really " * 40,
        "a b c " * 4,
        "n" * 24,
        "I waited " + "." * 60,
        "the cat sat on the mat and then " * 3,
    ],
)
@pytest.mark.parametrize("field", ["explanation", "response"])
def test_loops_are_repetition(field: str, text: str) -> None:
    verdict = repetition(pair_of(**{field: text}))
    assert reason_of(verdict) == "repetition"
    assert verdict is not None and verdict.field == field


@pytest.mark.parametrize(
    "text",
    [
        "No, no, no, no, I said.",
        "I was very, very, very tired.",
        "I cannot do this. I cannot do this.",
        "I don't know if I can stay. I don't know if I can go. I don't know if I can talk to him.",
        "Ha ha ha, she said.",
        "I went to work. I went to bed. I went to work again. I went to bed again.",
        "omggggggggggg I was late...........",
        "It is what it is. And it is what it was, and it is what it will be.",
        "You are not alone. You are tired, you are sad, you are not alone, and you are still here.",
        "I.",
    ],
)
def test_human_repeats_pass(text: str) -> None:
    assert repetition(pair_of(explanation=text, response=text)) is None


@given(st.lists(st.sampled_from("abcdefghij"), min_size=4, max_size=12, unique=True), st.integers(3, 6))
def test_any_phrase_said_three_times_is_repetition(phrase: list[str], times: int) -> None:
    assert reason_of(repetition(pair_of(" ".join(phrase * times)))) == "repetition"


@given(st.lists(st.integers(), min_size=1, max_size=80, unique=True))
def test_text_without_repeats_is_never_repetition(numbers: list[int]) -> None:
    assert repetition(pair_of(" ".join(f"w{number}" for number in numbers).replace("-", "m"))) is None


@pytest.mark.parametrize(
    "text",
    [
        "Maria missed the bus and lost her job that day, and she cried.",
        "\"I missed the bus,\" Maria told her sister. \"I lost my job.\" She cried, and her sister held her.",
        "“I am done,” said Ben. “I mean it, I am.” He put the phone down and looked at the wall for an hour.",
        "You missed the bus. You lost your job. Your sister held you.",
        "The bus was late. The job was gone. Nobody called.",
        "She lost everything that winter, my friend did, and her house, and her dog, and it was the worst.",
        "The city cut the line. " * 40 + "I walked. I cried.",
    ],
)
def test_texts_of_others_are_not_first_person(text: str) -> None:
    verdict = not_first_person(pair_of(explanation=text))
    assert reason_of(verdict) == "not_first_person"
    assert verdict is not None and verdict.field == "explanation"


@pytest.mark.parametrize(
    "text",
    [
        "I missed the bus, and my boss let me go.",
        "My manager moved the deadline, and nobody told me.",
        "We lost the house, and our kids ask why.",
        "My mother is ill. She cannot walk, she cannot eat, and she asks for my father, who died. I sit with her.",
        "\"I missed the bus, and my boss let me go.\"",
        "“I missed the bus, and my boss let me go.”",
        "She said, \"You are late,\" and I said nothing. My hands shook.",
        "im so tired and my boss dont care",
        "The screen is 24\" wide, and I hate it, and my eyes hurt.",
        "I\u2019ve been up since four, and I\u2019m done.",
        "What happened is that the rent went up. It made me sick, and I told my sister so.",
    ],
)
def test_first_person_passes(text: str) -> None:
    assert not_first_person(pair_of(explanation=text)) is None


def test_only_the_explanation_must_be_in_the_first_person() -> None:
    assert not_first_person(pair_of("I was late, and my boss saw me.", "You were late, and he saw you.")) is None


@settings(deadline=None, max_examples=150)
@given(st.text(min_size=1, max_size=200), st.text(min_size=1, max_size=200))
def test_rules_take_any_text_and_give_known_reasons(explanation: str, response: str) -> None:
    pair = pair_of(explanation, response)
    for rule in RULES:
        verdict = rule(pair)
        assert verdict == rule(pair)
        assert verdict is None or (verdict.reason in REASONS and verdict.action in ("drop", "review"))


#: Text that makes careless patterns try every way to fail.
ADVERSARIAL = [
    "a", "a ", "1 ", "2111 ", "a@", "a.", "a-", "*_", "b*", "\"", "\n>", "(1", "www.", "a at b ", "u/", "[your ", "<|",
    "kill ", "here is ", "sure, ", "i want to die of ", "don't stop taking your meds ", "you feel you're a loser ",
    "\" stop taking your pills ", "a b c d e f ", "hit me when ", "\u0130", "5mg", "x!y", "Response", "e\u0301",
]


def seconds(rule: Rule, unit: str, characters: int) -> float:
    text = (unit * (characters // len(unit) + 1))[:characters] + "\x00"
    pair = pair_of(text, text)
    started = time.process_time()
    rule(pair)
    return time.process_time() - started


def is_slow(rule: Rule, unit: str) -> bool:
    """Does four times the text take far more than four times as long? Nobody asks where it is quick anyway."""
    longer = seconds(rule, unit, 32_000)
    return longer > 0.25 and longer > 9 * seconds(rule, unit, 8_000)


def test_time_is_linear_even_on_hostile_text() -> None:
    quadratic = re.compile(r"(?:a )+!")
    assert is_slow(lambda pair: quadratic.search(pair.response) and None, "a ")  # the measure itself works
    for unit in ADVERSARIAL:
        for number, rule in enumerate(RULES):
            assert not is_slow(rule, unit) or not is_slow(rule, unit), (number, unit)
