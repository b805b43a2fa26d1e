"""Another language than the corpus's, even in a part; names, slang and lists pass."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthempathy.domain.wording import Wording, Words
from synthempathy.filters.rules.artifacts.other_language import (
    FUNCTION_WORDS,
    LEAST_SHARE,
    RULE,
    STEP,
    STRETCH,
    _unlike,
    find,
    of,
)
from synthempathy.text.words import Text
from tests.helpers.german import TOLD, WORDING
from tests.helpers.pairs import filter_settings, labelled_pairs

SPANISH = "Lo siento mucho, debe ser muy difícil vivir con esto todos los días, y quiero que sepas que no estás sola."


@pytest.mark.parametrize("text", [
    SPANISH,
    "Je suis vraiment désolé que tu traverses cela, et je comprends que tu te sentes épuisée après une telle semaine.",
    "Es tut mir so leid, dass du das gerade durchmachst. Das klingt unglaublich schwer, und du bist nicht allein damit.",
    "很抱歉听到你正在经历这一切，这一定非常艰难，你并不孤单，我在这里陪着你，请照顾好自己。",
    "I am so sorry that you had to go through that, and I am glad you told me about it today. " + SPANISH,
    SPANISH + " I am so sorry that you had to go through that, and I am glad you told me about it today, my friend.",
])
def test_other_languages_are_found_even_in_a_part(text: str) -> None:
    found = find(Text(text), "response")
    assert found is not None
    assert all(0 <= start < end <= len(text) for start, end in found.spans)


@pytest.mark.parametrize("text", [
    "I miss my abuela and her arroz con pollo, and the way she called me mi corazón, and I cry at the stove.",
    "im so tired n my boss dont care lol idk wat 2 do anymore tbh gonna sleep",
    "Rent, heating, phone, insurance, car, dentist, school shoes, birthday presents: every month, every single month.",
    "Breathe. Rest. Eat something warm. Sleep. Cry. Walk. Repeat. No pressure, no hurry, no shame.",
    "Müller, Nguyen, Kowalski and García all got promoted before me, and I trained three of them.",
    "Ugh.", "No!", "", "42", "…",
])
def test_english_with_names_slang_and_lists_passes(text: str) -> None:
    assert find(Text(text), "response") is None


def test_every_labelled_post_and_reply_is_english() -> None:
    pairs = labelled_pairs()
    (check,) = RULE.checks(filter_settings())
    wrong = [one for one in pairs if check(one)]
    assert len(wrong) <= 0.002 * len(pairs), wrong


GERMAN = (
    "Ich saß am 3. Mai übermüdet in der Küche, und niemand fragte mich, wie es mir geht. Über mir übte der Nachbar, z. B. "
    "immer denselben Marsch, und ich wusste nicht mehr, was ich noch tun sollte."
)
ENGLISH = "I am so sorry that you had to go through that, and I am glad you told me about it today, my friend."
DANISH = (
    "Jeg sad i køkkenet den aften, og ingen spurgte mig, hvordan jeg havde det. Min nabo spillede trommer hele natten, og jeg "
    "kunne ikke sove, så jeg gik en tur rundt om søen og tænkte på min søster."
)


def wording_of(language: str, *small: str) -> Wording:
    return Wording(language=language, words=Words(small=small))


@pytest.mark.parametrize("wording", [WORDING, wording_of("de")])
def test_the_domains_language_passes_and_english_does_not(wording: Wording) -> None:
    find_other = of(wording)
    assert find_other(Text(GERMAN), "response") is None
    assert find_other(Text(ENGLISH), "response") is not None
    assert all(find_other(Text(text), field) is None for told in TOLD for field, text in told.items())  # type: ignore[arg-type]


def test_a_stretch_is_found_where_small_words_are_known() -> None:
    found = of(WORDING)(Text(f"{GERMAN} {ENGLISH}"), "response")
    assert found is not None and "sorry" in found.words
    assert of(wording_of("de"))(Text(f"{GERMAN} {GERMAN} {ENGLISH}"), "response") is None


def test_elided_words_are_small_words() -> None:
    words = ("j'", "l'", "d'", "qu'", "n'", "c'", "et", "à", "de", "la", "le", "que", "ai", "est", "pas", "un", "une", "en")
    text = "J'ai l'impression que c'est à l'école d'en haut qu'on n'apprend pas l'essentiel, et j'ai l'habitude d'y penser."
    assert of(wording_of("fr", *words))(Text(text), "response") is None


def test_languages_that_are_taken_for_one_another_pass() -> None:
    assert of(wording_of("nb"))(Text(DANISH), "response") is None
    assert of(wording_of("nl"))(Text(DANISH), "response") is not None


@pytest.mark.parametrize(("language", "known"), [("en", True), ("de", True), ("nb", True), ("zh", True), ("tlh", False)])
def test_of_a_language_that_is_not_known_nothing_is_asked(language: str, known: bool) -> None:
    assert RULE.reads(wording_of(language)) == known


@given(st.lists(st.sampled_from(["the", "xul", "vor", "zop"]), max_size=70))
def test_a_quick_look_finds_no_stretch_where_none_is_and_hides_none(words: list[str]) -> None:
    def few(start: int, end: int) -> bool:
        return sum(word in FUNCTION_WORDS for word in words[start:end]) < LEAST_SHARE * (end - start)

    ends = [min(start + STRETCH, len(words)) for start in range(0, max(len(words) - STRETCH, 0) + STEP, STEP)]
    stretches = [(max(0, min(k * STEP, end - STRETCH)), end) for k, end in enumerate(ends)]
    assert len(_unlike(Text(" ".join(words)), FUNCTION_WORDS)) == sum(few(*one) for one in stretches)
