"""Rules on a pair as a whole: not_english, answers_someone_else, no_pointer_to_help, minors; and masking."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthempathy.core.files import read_csv
from synthempathy.core.records import Pair
from synthempathy.filters.rules.answers_someone_else import answers_someone_else
from synthempathy.filters.rules.minors import minors
from synthempathy.filters.rules.no_pointer_to_help import no_pointer_to_help
from synthempathy.filters.rules.not_english import not_english
from synthempathy.filters.rules.personal_data import found_in, mask, without_personal_data
from synthempathy.filters.verdict import FIELDS, Verdict

ROOT = Path(__file__).parents[3]
FOREIGN = answers_someone_else("review_answers_someone_else", "review")
POINTER = no_pointer_to_help("no_pointer_to_help", "drop")

TOLD = (
    "I was turned down for the promotion again. My manager told me in the corridor, with the coffee machine running, and"
    " I nodded and went back to my desk. I have trained two of the people who are above me now. I feel stupid for staying."
)


def pair_of(explanation: str = TOLD, response: str = "That was hard.", **more: str) -> Pair:
    return Pair(**{
        "id": "p", "seed_id": "s", "category": "Work", "seed": "s", "story": "s", "model": "m",
        "explanation": explanation, "response": response, "reasoning": "", **more,
    })


def cut(pair: Pair, verdict: Verdict) -> list[str]:
    return [getattr(pair, verdict.field)[start:end] for start, end in verdict.spans]


def labelled_pairs() -> list[Pair]:
    rows = read_csv(ROOT / "data/empathy/labelled_pairs.csv", ("explanation", "response"))
    return [pair_of(row["explanation"] or ".", row["response"] or ".") for _, row in rows]


SPANISH = "Lo siento mucho, debe ser muy difícil vivir con esto todos los días, y quiero que sepas que no estás sola."


@pytest.mark.parametrize("text", [
    SPANISH,
    "Je suis vraiment désolé que tu traverses cela, et je comprends que tu te sentes épuisée après une telle semaine.",
    "Es tut mir so leid, dass du das gerade durchmachst. Das klingt unglaublich schwer, und du bist nicht allein damit.",
    "很抱歉听到你正在经历这一切，这一定非常艰难，你并不孤单，我在这里陪着你，请照顾好自己。",
    "I am so sorry that you had to go through that, and I am glad you told me about it today. " + SPANISH,
    SPANISH + " I am so sorry that you had to go through that, and I am glad you told me about it today, my friend.",
])
@pytest.mark.parametrize("field", FIELDS)
def test_other_languages_are_found_even_in_a_part(text: str, field: str) -> None:
    verdict = not_english(pair_of(**{field: text}))
    assert verdict is not None
    assert (verdict.action, verdict.reason, verdict.field) == ("drop", "not_english", field)
    assert all(0 <= start < end <= len(text) for start, end in verdict.spans)


@pytest.mark.parametrize("text", [
    "I miss my abuela and her arroz con pollo, and the way she called me mi corazón, and I cry at the stove.",
    "im so tired n my boss dont care lol idk wat 2 do anymore tbh gonna sleep",
    "Rent, heating, phone, insurance, car, dentist, school shoes, birthday presents: every month, every single month.",
    "Breathe. Rest. Eat something warm. Sleep. Cry. Walk. Repeat. No pressure, no hurry, no shame.",
    "Müller, Nguyen, Kowalski and García all got promoted before me, and I trained three of them.",
    "Ugh.", "No!", "", "42", "…",
])
def test_english_with_names_slang_and_lists_passes(text: str) -> None:
    assert not_english(pair_of(explanation=text or ".", response=text or ".")) is None


def test_every_labelled_post_and_reply_is_english() -> None:
    pairs = labelled_pairs()
    wrong = [one for one in pairs if not_english(one)]
    assert len(wrong) <= 0.002 * len(pairs), wrong


@pytest.mark.parametrize(("response", "named"), [
    ("I am so sorry for the loss of your mother. The weeks after a funeral are strange and quiet, and you are carrying"
     " your grief alone. Be gentle with yourself.", ["mother", "funeral"]),
    ("It hurts to read that Daniel walked out on you and took the dog with him. You gave this so many years.", ["Daniel", "dog"]),
    ('You wrote, "the landlord wants us out by Friday", and I can hear how frightened you are for tonight.',
     ["the landlord wants us out by Friday"]),
    ("No wonder you felt hollow when you packed the suitcase at midnight. That you drove through the snow to the hospital"
     " tells me how much you care.", ["packed the suitcase at midnight"]),
])
def test_answers_to_other_stories_are_held(response: str, named: list[str]) -> None:
    pair = pair_of(response=response)
    verdict = FOREIGN(pair)
    assert verdict is not None
    assert (verdict.action, verdict.reason, verdict.field) == ("review", "review_answers_someone_else", "response")
    assert set(named) <= set(cut(pair, verdict))


@pytest.mark.parametrize("response", [
    "I am so sorry. Being turned down like that, in a corridor, with the machine running, would leave anyone small.",
    "That sounds painful and unfair. You deserve to be seen. I am here for you, and your feelings make sense.",
    "My own mother died that year, and my sister and I sat by the phone. I know what it is to feel stupid for staying.",
    "You could talk to your sister or your partner tonight, and perhaps take the dog for a walk after the exam season.",
    "Is there a friend, a brother, or maybe a teacher you could ask? Try to tell your mother about it if she is near.",
    'You could say, "I would like to know what I lack", and then wait. Sarah Miller wrote a book about that.',
    "When you nodded and went back to your desk, something in you must have gone quiet.",
])
def test_general_replies_advice_and_own_stories_pass(response: str) -> None:
    assert FOREIGN(pair_of(response=response)) is None


def test_labelled_replies_belong_to_their_posts() -> None:
    """Measured when written: 4 of 1,861 right pairs are held."""
    pairs = labelled_pairs()
    wrong = [one.response for one in pairs if FOREIGN(one)]
    assert len(wrong) <= 0.004 * len(pairs), wrong


@pytest.mark.skipif(not (ROOT / "data/corpus.jsonl").is_file(), reason="no corpus here: run `dvc repro`, or `dvc pull`")
def test_shuffled_responses_of_the_corpus_are_held_and_right_ones_are_not() -> None:
    """Measured when written: 0 of 200 right pairs, 174 of 199 shuffled ones."""
    rows = [json.loads(line) for line in (ROOT / "data/corpus.jsonl").read_text(encoding="utf-8").splitlines()]
    right = [pair_of(row["explanation"], row["response"]) for row in rows]
    others = random.Random(3).sample(rows, len(rows))
    shuffled = [
        pair_of(row["explanation"], other["response"])
        for row, other in zip(rows, others, strict=True) if row["seed_id"] != other["seed_id"]
    ]
    assert sum(FOREIGN(pair) is not None for pair in right) <= 0.01 * len(right)
    assert sum(FOREIGN(pair) is not None for pair in shuffled) >= 0.7 * len(shuffled)


MENTION = "I lost my job. Some nights I think about killing myself, and then I make tea."


@pytest.mark.parametrize("response", [
    "Please call 988 tonight.", "You can text HOME to 741741.", "Samaritans are there day and night.",
    "Would you see a doctor this week?", "A therapist can carry some of it with you.", "Go to the nearest emergency room.",
    "Is there someone you trust who could sit with you?", "Please tell your sister tonight.", "Talk to a friend.",
    "Reach out to someone today.", "If you are in danger, call an ambulance.", "A crisis line is open now.",
    "Why don't you talk to your doctor about this?",
])
def test_pointers_to_help_are_known(response: str) -> None:
    assert POINTER(pair_of(MENTION, response)) is None


@pytest.mark.parametrize("response", [
    "That sounds very heavy. I am glad you made tea.", "It must hurt that your doctor laughed at you.",
    "Your family left you alone with it.", "I hear you, and I am with you in it.", "Try to sleep, and think of the sea.",
])
def test_kind_words_alone_point_to_no_help(response: str) -> None:
    pair = pair_of(MENTION, response)
    verdict = POINTER(pair)
    assert verdict is not None
    assert (verdict.action, verdict.reason, verdict.field) == ("drop", "no_pointer_to_help", "explanation")
    assert cut(pair, verdict) == ["killing myself"]
    assert POINTER(pair_of("I lost my job, and I am killing time.", response)) is None


def test_sexual_content_is_about_minors_only_within_one_sentence() -> None:
    rule = minors("sensitive_minors", "drop", FIELDS)
    assert rule(pair_of("A boy of the team, a 15 year old, was sexting with a teacher.")) is not None
    assert rule(pair_of("He watches porn. My son sleeps next door.")) is None
    assert rule(pair_of("A 35 year old colleague was sexting at work.")) is None
    assert minors("sensitive_minors", "drop", ("response",))(pair_of("Child porn.")) is None


@pytest.mark.parametrize(("text", "masked"), [
    ("Write to ben@example.com.", "Write to [EMAIL]."),
    ("It is on https://www.example.com/a?b=3, and on janesdiary.com!", "It is on [URL], and on [URL]!"),
    ("I got a note from @sad_jane_88.", "I got a note from [HANDLE]."),
    ("Call (212) 736-5000 or 555-0142.", "Call [PHONE] or [PHONE]."),
    ("Card 4111 1111 1111 1111, social 219-09-9999.", "Card [CARD], social [SSN]."),
    ("Lifeline: 1-800-273-8255, or 988.", "Lifeline: 1-800-273-8255, or 988."),
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


def test_every_text_of_the_row_is_masked() -> None:
    clean = pair_of("I was late.")
    assert without_personal_data(clean) is clean
    names = ("seed", "story", "explanation", "response", "reasoning")
    pair = without_personal_data(pair_of(**dict.fromkeys(names, "Ask jo@example.com."), note="jo@example.com"))
    assert [getattr(pair, name) for name in names] == ["Ask [EMAIL]."] * 5
    assert pair.model_extra == {"note": "jo@example.com"}  # fields that are not ours pass through
