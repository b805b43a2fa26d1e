"""Each rule on content against its table in tests/data/safety: what it must find, and hard negatives that pass."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest

from synthempathy.core.files import read_csv
from synthempathy.core.records import Pair
from synthempathy.filters.order import REASONS
from synthempathy.filters.rules.assistant_talk import assistant_talk
from synthempathy.filters.rules.offensive import offensive
from synthempathy.filters.rules.personal_data import luhn, personal_data
from synthempathy.filters.rules.prompt_echo import prompt_echo
from synthempathy.filters.rules.refusal import refusal
from synthempathy.filters.rules.sensitive import TOPICS, sensitive
from synthempathy.filters.rules.unsafe_advice import unsafe_advice
from synthempathy.filters.verdict import Rule
from synthempathy.seeds.sources import read_sentences

ROOT = Path(__file__).parents[3]
SAD = Path(os.environ.get("SAD_ZIP", ROOT.parent / "shared" / "data" / "sad" / "SAD_v1.zip"))
TABLES = ROOT / "tests/data/safety"

RULES: dict[str, Rule] = {
    "refusal": refusal(), "assistant_talk": assistant_talk(), "prompt_echo": prompt_echo(),
    "personal_data": personal_data, "offensive": offensive(), "unsafe_advice": unsafe_advice(),
    **{topic: sensitive(topic, "drop") for topic in TOPICS},
}


def pair_with(field: str, text: str) -> Pair:
    texts = {"explanation": "I was late.", "response": "That was hard.", field: text}
    return Pair(
        id="p", seed_id="s", category="Work", seed="s", story="s", model="m",
        explanation=texts["explanation"], response=texts["response"], reasoning="",
    )


def cases(name: str) -> list[dict[str, str]]:
    return [row for _, row in read_csv(TABLES / f"{name}.csv", ("field", "reason", "text"))]


ALL = [(name, row["field"], row["reason"], row["text"]) for name in RULES for row in cases(name)]


@pytest.mark.parametrize(("name", "field", "reason", "text"), ALL, ids=[f"{c[0]}: {c[3][:40]}" for c in ALL])
def test_case(name: str, field: str, reason: str, text: str) -> None:
    verdict = RULES[name](pair_with(field, text))
    if not reason:
        assert verdict is None
        return
    assert verdict is not None
    assert (verdict.action, verdict.reason, verdict.field) == ("drop", reason, field)
    assert verdict.evidence and verdict.evidence.lower() in text.replace("\n", " ").lower()
    assert verdict.reason in REASONS


@pytest.mark.parametrize("name", RULES)
def test_tables_are_full(name: str) -> None:
    rows = cases(name)
    assert sum(bool(row["reason"]) for row in rows) >= 5
    assert sum(not row["reason"] for row in rows) >= 8


@pytest.mark.parametrize("name", RULES)
def test_hard_negatives_pass_the_topics_of_all_other_rules(name: str) -> None:
    for row in cases(name):
        for topic in TOPICS:
            if not row["reason"]:
                assert RULES[topic](pair_with(row["field"], row["text"])) is None, row["text"]


def test_review_holds_back_under_its_own_reason() -> None:
    verdict = sensitive("violence", "review")(pair_with("explanation", "My cousin was murdered."))
    assert verdict is not None
    assert (verdict.action, verdict.reason) == ("review", "review_violence")
    assert verdict.detail == "explanation: murdered"


def test_ordinary_stress_sentences_pass_every_content_rule() -> None:
    with (ROOT / "data/seeds/stressors.csv").open(encoding="utf-8", newline="") as stream:
        sentences = [row["sentence"] for row in csv.DictReader(stream)]
    assert len(sentences) > 300
    hits = [
        (name, sentence, verdict.evidence)
        for sentence in sentences for name, rule in RULES.items() for field in ("explanation", "response")
        if (verdict := rule(pair_with(field, sentence))) is not None
    ]
    assert hits == []


@pytest.mark.skipif(not SAD.is_file(), reason=f"SAD is not here: no {SAD}; set SAD_ZIP")
def test_stress_sentences_of_sad_are_hardly_ever_called_offensive() -> None:
    sentences = [one.text for one in read_sentences(SAD)]
    hits = [one for one in sentences if RULES["offensive"](pair_with("explanation", one))]
    assert len(sentences) > 3000
    assert len(hits) < 0.005 * len(sentences)  # 0.28 % when this was written; 2 % is the bound


def test_every_shipped_prompt_is_known_to_prompt_echo() -> None:
    """Each line of each prompt is caught in a response: a new prompt needs its lines in prompt_echo.txt."""
    writing = ("brainstorm", "explain", "respond")  # the others judge, and write nothing of the corpus
    prompts = sorted(path for path in (ROOT / "prompts").glob("*/*.jinja") if path.parent.name in writing)
    assert prompts
    for prompt in prompts:
        lines = [line for line in prompt.read_text(encoding="utf-8").splitlines() if line and "{" not in line]
        assert lines
        for line in lines:
            assert RULES["prompt_echo"](pair_with("response", line)) is not None, (prompt.name, line)


def test_a_long_run_of_the_explanation_is_an_echo_and_a_quotation_is_not() -> None:
    words = [f"word{number}" for number in range(90)]
    pair = pair_with("explanation", "I said: " + " ".join(words))
    for start in (0, 7, 20, 50):
        forty = " ".join(words[start : start + 40])
        verdict = RULES["prompt_echo"](pair.model_copy(update={"response": f"You told me, {forty.upper()}, yes."}))
        assert verdict is not None and verdict.field == "response"
        assert verdict.evidence == forty
        quoted = " ".join(words[start : start + 39])
        assert RULES["prompt_echo"](pair.model_copy(update={"response": f"You told me, {quoted}, yes."})) is None


@pytest.mark.parametrize(("digits", "valid"), [("4111111111111111", True), ("4111111111111112", False), ("0", True)])
def test_luhn(digits: str, valid: bool) -> None:
    assert luhn([int(digit) for digit in digits]) is valid
