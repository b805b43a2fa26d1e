"""Answers to other people's stories are held; general replies, advice and the writer's own life pass."""

from __future__ import annotations

import json
import random

import pytest

from synthempathy.filters.rules.answers_someone_else import check_with
from tests.helpers.pairs import ROOT, cut, labelled_pairs, pair_of

FOREIGN = check_with("review")

TOLD = (
    "I was turned down for the promotion again. My manager told me in the corridor, with the coffee machine running, and"
    " I nodded and went back to my desk. I have trained two of the people who are above me now. I feel stupid for staying."
)


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
    pair = pair_of(TOLD, response)
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
    assert FOREIGN(pair_of(TOLD, response)) is None


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
