"""Rules on texts in German: what is right in it passes, and what knows English alone is not asked."""

from __future__ import annotations

import pytest

from synthempathy.domain.wording import Voice, Wording
from synthempathy.filters.helplines import is_helpline
from synthempathy.filters.judging import REASONS, checks_in_order, unasked, verdicts_on
from synthempathy.filters.rules import personal_data
from synthempathy.filters.rules.artifacts import not_first_person, prompt_echo, repetition, truncated
from synthempathy.text.words import Text
from tests.helpers.german import WORDING, pairs
from tests.helpers.pairs import filter_settings, pair_of

SETTINGS = filter_settings(wording=WORDING, explanation_min_words=30, response_min_words=30)
LONG = "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz"


def test_good_german_pairs_pass_all_rules() -> None:
    checks = checks_in_order(SETTINGS)
    assert {pair.id: verdicts_on(pair, checks) for pair in pairs()} == {pair.id: () for pair in pairs()}


def test_rules_that_know_english_alone_are_not_asked_and_named() -> None:
    silent = unasked(WORDING)
    assert {"refusal", "offensive", "sensitive_minors", "review_abuse", "review_answers_someone_else"} <= set(silent)
    assert not {"other_language", "not_first_person", "repetition", "personal_data", "prompt_echo", "truncated"} & set(silent)
    assert set(silent) < set(REASONS) and unasked(Wording()) == []
    assert {"other_language", "not_first_person"} <= set(unasked(Wording(language="tlh")))
    said = pair_of(pairs()[0].explanation, pairs()[0].response + " „I cannot help with that“, sagte er, und heroin, heroin.")
    assert verdicts_on(said, checks_in_order(SETTINGS)) == ()


@pytest.mark.parametrize(("text", "good"), [
    ("Ich saß in der Küche. Meine Schwester rief mich an, und ich weinte.", True),
    ("Jürgen saß in der Küche. „Ich kann nicht mehr, mir reicht es“, sagte er. „Ich gehe“, sagte sie. Er weinte.", False),
    ("„Ich saß in der Küche. Meine Schwester rief mich an, und ich weinte.“", True),
    ("Die Küche war kalt, und die Schwester rief an. Jürgen weinte lange.", False),
])
def test_the_first_person_is_known_by_the_domains_words(text: str, good: bool) -> None:
    assert (not_first_person.of(WORDING)(Text(text), "explanation") is None) == good


def test_pronouns_are_read_in_the_form_of_words_and_before_an_apostrophe() -> None:
    voice = Voice(explanation="first_person", pronouns=("Je", "J’", "moi", "mère"))
    find = not_first_person.of(Wording(language="fr", voice=voice))
    assert find(Text("J'ai faim et j'ai froid ce soir. Chez moi, la mère dort."), "explanation") is None


@pytest.mark.parametrize("end", ["Sie sagte: „Ja.“", "Sie sagte: »Ja.«", "他走了。", "他说：「好。」", "वह गया।"])
def test_texts_end_as_their_language_writes_it(end: str) -> None:
    assert truncated.find(Text(end), "response") is None


def test_long_words_are_no_loops_outside_english() -> None:
    chinese = "我昨天晚上坐在厨房里想着很多事情却没有人问我到底怎么样所以我一直等到天亮才去睡觉然后又醒了过来继续想着"
    for text in (f"Das {LONG} war lang.", chinese):
        assert repetition.find(Text(text), "response", english=False) is None
        assert repetition.find(Text(text), "response") is not None
    assert repetition.find(Text(f"Da lachte ich {'haha' * 12} und ging."), "response", english=False) is not None


def test_labels_are_the_domains() -> None:
    find = prompt_echo.of(WORDING)
    assert find(Text("Begründung: Sie ist müde. Antwort: Ruh dich aus."), "response") is not None
    assert find(Text("Response: Ruh dich aus."), "response") is not None
    assert find(Text("Situation: unklar. Das Gefühl: groß."), "response") is None
    assert prompt_echo.find(Text("Situation: unclear."), "response") is not None


def test_telephone_numbers_are_those_of_the_domains_countries() -> None:
    text = "Ruf mich an: 030 901820."
    assert personal_data.found_in(text) == []
    assert [kind for _, kind in personal_data.found_in(text, WORDING.phone_regions)] == ["PHONE"]
    assert is_helpline("08001110111") and is_helpline("498001110111") and personal_data.found_in("0800 1110111", ("DE",)) == []
