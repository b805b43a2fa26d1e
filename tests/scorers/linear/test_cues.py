"""The cues that the linear scorer looks for."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthempathy.domain.wording import Wording
from synthempathy.scorers.linear.cues import MEASURES, Cues, content_words, read_cues
from synthempathy.scorers.linear.doubts import insincerity
from synthempathy.scorers.linear.features import read_pairs
from synthempathy.scorers.reading import Sentence, sentences, words
from tests.helpers.empathy import CUES as CUES_FILE
from tests.helpers.empathy import DOMAIN
from tests.helpers.german import WORDING

CUES = read_cues(CUES_FILE)


def found(text: str, explanation: str = "") -> set[str]:
    """The names of the cues that stand anywhere in `text`."""
    parts = sentences(text)
    rows = CUES.matrix(parts, [content_words(words(explanation))] * len(parts))
    return {name for name, value in zip(CUES.names, rows.max(axis=0), strict=True) if value}


@given(st.text(), st.text())
def test_cues_are_shares_for_any_text(response: str, explanation: str) -> None:
    parts = sentences(response)
    rows = CUES.matrix(parts, [content_words(words(explanation))] * len(parts))
    assert rows.shape == (len(parts), len(CUES.names))
    assert ((rows >= 0) & (rows <= 1)).all()


@pytest.mark.parametrize(
    ("text", "present", "absent"),
    [
        ("I am so very sad for you.", "er_own_pain_for_you", "ip_same"),
        ("hang in there, friend", "er_cheer", "er_own_pain"),
        ("I'm really sorry to hear that", "er_sorry", "er_makes_me"),
        ("It sounds like you were terrified.", "ip_sounds_state", "ip_state_asked"),
        ("Are you terrified?", "ip_state_asked", "er_hope"),
        ("Same here, I lost my job too", "ip_same_i", "ex_generic"),
        ("What happened?", "ex_generic_asked", "ex_advice_asked"),
        ("Have you tried yoga?", "ex_advice_asked", "ex_generic_asked"),
    ],
)
def test_a_cue_is_found_where_a_person_would_underline_it(text: str, present: str, absent: str) -> None:
    assert present in found(text)
    assert absent not in found(text)


def test_the_combination_needs_both_parts_in_one_sentence() -> None:
    assert "ip_must_state" in found("That must be exhausting.")
    assert "ip_must_state" not in found("That must be him. He is exhausted.")


def test_what_a_question_shares_with_the_explanation_is_counted() -> None:
    assert "asked_shared" in found("When did the landlord call?", "My landlord sold the flat.")
    assert "asked_shared" not in found("When did he call?", "My landlord sold the flat.")


def test_a_table_with_a_phrase_of_skipped_words_alone_is_refused() -> None:
    table = {"skipped": ["just"], "classes": {}, "er": {"x": ["^ just"]}, "ip": {}, "ex": {}, "other": {}, "together": {}}
    with pytest.raises(ValueError, match="just"):
        Cues(table)


def test_classes_and_anchors() -> None:
    table = {
        "skipped": ["so"], "classes": {"low": ["sad", "let down"]}, "er": {"felt": ["i feel {low}"], "first": ["^ sorry"]},
        "ip": {}, "ex": {}, "other": {}, "together": {"both": ["er_felt", "er_first"]},
    }
    cues = Cues(table)
    assert cues.names == ("er_felt", "er_first", "both", *MEASURES)
    text = "sorry i feel so let down"
    seen = [[*cues.matrix([Sentence(0, len(t), words(t), False)], [frozenset()])[0, :3]] for t in (text, "i am sorry")]
    assert seen == [[1, 1, 1], [0, 0, 0]]


def test_another_languages_words_are_the_domains_and_go_with_the_table() -> None:
    cues = read_cues(None, WORDING)
    post = content_words(words("Ich sitze in der Küche", any_script=True), cues.known.small)
    assert post == {"sitze", "küche"}
    parts = sentences("Ich höre dich in deiner Küche.", any_script=True)
    row = dict(zip(cues.names, cues.matrix(parts, [post])[0].tolist(), strict=True))
    assert row["i_share"] > 0 and row["you_share"] > 0 and row["shared"] > 0
    assert Cues(cues.table).known == cues.known and Cues(json.loads(json.dumps(cues.table))).known == cues.known
    assert "words" not in read_cues(CUES_FILE, DOMAIN.wording).table


def test_german_is_not_taken_for_words_strung_together() -> None:
    response = "Ich höre, wie müde du bist, und dass dir niemand zuhört, während du jeden Abend allein in der Küche sitzt."
    for wording in (WORDING, Wording(language="de")):
        assert insincerity(read_pairs(["Ich sitze da."], [response], read_cues(None, wording).known)).tolist() == [0.0]
