"""Personal data: what masking leaves, and check digits."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthempathy.filters.rules.personal_data import found_in, luhn, mask, without_personal_data
from tests.helpers.pairs import pair_of


@pytest.mark.parametrize(("text", "masked"), [
    ("Write to ben@example.com.", "Write to [EMAIL]."),
    ("It is on https://www.example.com/a?b=3, and on janesdiary.com!", "It is on [URL], and on [URL]!"),
    ("I got a note from @sad_jane_88.", "I got a note from [HANDLE]."),
    ("Call (212) 736-5000 or 555-0142.", "Call [PHONE] or [PHONE]."),
    ("Card 4111 1111 1111 1111, social 219-09-9999.", "Card [CARD], social [SSN]."),
    ("Lifeline: 1-800-273-8255, or 988.", "Lifeline: 1-800-273-8255, or 988."),
    ("I called on 12.03.2024 14:25.", "I called on 12.03.2024 14:25."),
    ("They rang on 2024-03-13 at 9:30 again.", "They rang on 2024-03-13 at 9:30 again."),
    ("They called about invoice 2024-0312-001.", "They called about invoice 2024-0312-001."),
    ("The order number is 2127365000, call (212) 736-5000.", "The order number is 2127365000, call [PHONE]."),
    ("Just in case 020 7946 0958.", "Just in case [PHONE]."),
    ("I got home.Net result: nothing. I told him.He/she left.", "I got home.Net result: nothing. I told him.He/she left."),
    ("See Janesdiary.Com or janesdiary.com.", "See [URL] or [URL]."),
    ("Call 1-866-488-7386, 866 488 7386 or +44 808 2000 247.", "Call 1-866-488-7386, 866 488 7386 or +44 808 2000 247."),
    ("We owe $1,250,000 since 2021-03-15.", "We owe $1,250,000 since 2021-03-15."),
])
def test_masks(text: str, masked: str) -> None:
    assert mask(text) == masked


PARTS = [
    "ben@example.com", "(212) 736-5000", "4111 1111 1111 1111", "www.a.com", "@jane_doe", "219-09-9999", " ", ".", "1",
    "a at b dot com",
]


@given(st.lists(st.sampled_from(PARTS) | st.text(max_size=8), max_size=8).map("".join))
def test_a_masked_text_holds_no_personal_data_and_nothing_else_is_touched(text: str) -> None:
    masked = mask(text)
    assert found_in(masked) == [] and mask(masked) == masked
    if not found_in(text):
        assert masked == text


@pytest.mark.parametrize("piece", ["@abc", "/u/abc", "a_b@a.bc", "call 123~456~7890 ", "call 212 736 5000 ", "(212)~", "1x1x"])
def test_a_text_that_is_full_of_it_keeps_none(piece: str) -> None:
    """However each mask lays bare the next hit: all is masked in a few rounds, and a text in which nothing is found stays."""
    text = f"I rang 212 736 5000. {piece * 300}"
    masked = mask(text)
    assert found_in(masked) == [] and masked.startswith("I rang [PHONE]")
    assert piece * 2 not in masked


def test_as_many_numbers_as_calls_take_linear_time() -> None:
    text = "call 1234567 " + "".join(f"call {n % 900 + 100}~{n % 899 + 100}~{n + 1000} " for n in range(3_000))
    started = time.process_time()
    assert found_in(text)
    assert time.process_time() - started < 1


def test_a_few_hits_in_a_row_take_nothing_else_with_them() -> None:
    assert mask("Ask @abc@def@ghi, or me.") == "Ask [HANDLE][HANDLE][HANDLE], or me."


def test_each_number_of_many_is_read_where_it_stands() -> None:
    text = "It was 7. " * 30 + "Call 1234567 or 212~736~5000 ext. 12. " + "Nothing for long. " * 30 + "Or +44 20 7946 0958."
    assert mask(text) == text.replace("212~736~5000 ext. 12", "[PHONE]").replace("+44 20 7946 0958", "[PHONE]")


def test_every_text_of_the_row_is_masked() -> None:
    clean = pair_of("I was late.")
    assert without_personal_data(clean) is clean
    names = ("seed", "story", "explanation", "response", "reasoning")
    pair = without_personal_data(pair_of(**dict.fromkeys(names, "Ask jo@example.com."), note="jo@example.com"))
    assert [getattr(pair, name) for name in names] == ["Ask [EMAIL]."] * 5
    assert pair.model_extra == {"note": "jo@example.com"}  # fields that are not ours pass through


@pytest.mark.parametrize(("digits", "valid"), [("4111111111111111", True), ("4111111111111112", False), ("0", True)])
def test_luhn(digits: str, valid: bool) -> None:
    assert luhn([int(digit) for digit in digits]) is valid
