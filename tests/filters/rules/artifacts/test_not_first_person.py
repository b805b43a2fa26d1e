"""Not in the first person: stories of others are found, whoever speaks in them; the person's own pass."""

from __future__ import annotations

import re
import sys

import pytest

from synthempathy.filters.rules.artifacts.not_first_person import _LISTENER, _SIGNS, RULE, find
from synthempathy.text.normal import normal
from synthempathy.text.words import Text
from tests.helpers.pairs import filter_settings, pair_of, reason_of


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
        "I'm so sorry to hear about Karen's loss. It's not easy for me to talk about it, and I can only imagine my own grief.",
        "My heart aches. I understand how you feel, and I'm here for you. I once lost my own job, and my sister held me.",
        "I am glad to hear that Sarah took my advice. I will share her story with my friends, and I am proud of my part in it.",
    ],
)
def test_texts_of_others_are_not_first_person(text: str) -> None:
    assert find(Text(text), "explanation") is not None


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
        "I said \"I'm sorry to hear that\" for six years at my bank, and \"I'm here for you\". Yesterday I said it to my sister.",
        "My boss told me that he was glad to hear of my offer. I felt sick, because I'm sorry for your team, he added, not mine.",
    ],
)
def test_first_person_passes(text: str) -> None:
    assert find(Text(text), "explanation") is None


def test_only_the_explanation_must_be_in_the_first_person() -> None:
    (check,) = RULE.checks(filter_settings())
    assert check(pair_of("I was late, and my boss saw me.", "You were late, and he saw you.")) is None
    assert reason_of(check(pair_of("He was late."))) == "not_first_person"


@pytest.mark.parametrize("said", [
    "I'm so very sorry to hear", "I am glad to see", "im proud to read", "I\u2019m excited to learn",
    "sorry for your", "sorry for the girl's", "sorry for Ann\u2019s", "I'm here for you", "I am here to listen",
    "Thanks for sharing", "thank you for opening up", "I can imagine how hard", "I understand how you",
    "you're not alone", "this story was", "it's completely understandable", "its understandable",
    "sorry for any inconvenience", "sorry to have caused any inconvenience", "I can only imagine what",
    "I read the story", "I have read your words", "if you\u2019d like to talk", "if you need someone",
    "\u017forry for your", "\u0130f you want any", "THANK YOU FOR TELLING ME",
])
def test_what_a_listener_says_shows_at_a_quick_look(said: str) -> None:
    assert _LISTENER.search(said)
    assert any(sign in normal(said) for sign in _SIGNS)


def test_a_letter_that_matches_in_another_case_is_the_same_in_the_normal_form() -> None:
    """So that the quick look, at the normal form, misses nothing that the pattern finds in the text as it stands."""
    for code in range(sys.maxunicode + 1):
        if re.fullmatch("[a-z]", chr(code), re.IGNORECASE):
            assert re.fullmatch(normal(chr(code)), chr(code), re.IGNORECASE), hex(code)
