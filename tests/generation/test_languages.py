"""Answers in German, French and Chinese are read whole: what is looked for in English stands in no way."""

from __future__ import annotations

import pytest

from synthempathy.domain.wording import Labels, Wording
from synthempathy.generation import checks
from synthempathy.generation.reading import MARKUP, NO_BORDER, Prose, read_notes, read_prose
from synthempathy.llm.answers import unwrapped
from tests.generation.test_checks import SETTINGS
from tests.helpers.german import TOLD, WORDING

FRENCH, CHINESE = Wording(language="fr"), Wording(language="zh")
WIDE = SETTINGS.model_copy(update={"max_words": 200})


@pytest.mark.parametrize("told", TOLD, ids=lambda told: told["story"][:20])
def test_good_german_answers_are_used_as_they_are(told: dict[str, str]) -> None:
    for field, text in told.items():
        assert read_prose(text, WORDING) == Prose(text)
        assert checks.unusable(text, field, WIDE, "", WORDING, told["story"]) is None


@pytest.mark.parametrize(("wording", "text"), [
    (FRENCH, "J'ai tout noté.\n\nNote : je ne dors plus."),
    (WORDING, "Am Abend war Ruhe.\n\n3. Mai, und noch immer keine Antwort."),
    (WORDING, "Das war mein schönster Sommer (2019)."),
    (CHINESE, "妈妈说：\n\n你吃了吗？OK，我去做饭。"),
])
def test_what_english_takes_for_talk_or_lists_is_text(wording: Wording, text: str) -> None:
    assert read_prose(text, wording) == Prose(text)
    assert read_prose(text) != Prose(text)


def test_lists_and_english_openings_are_found_in_german_too() -> None:
    assert read_prose("Tu das:\n1. Ruf an.\n2. Schreib.", WORDING).problem == MARKUP
    assert read_prose("Sure, here is the story:\n\nÜber Nacht fiel Schnee.", WORDING) == Prose("Über Nacht fiel Schnee.")
    assert read_prose("Über Nacht\n\nIch saß da.", WORDING) == Prose("Ich saß da.")
    assert read_prose("Antwort: Ruh dich aus.", WORDING) == Prose("Ruh dich aus.")
    assert read_prose("Die Antwort: Sie kam nie.", WORDING) == Prose("Die Antwort: Sie kam nie.")


@pytest.mark.parametrize("labels", [
    "Begründung: {notes}\n\nAntwort: {reply}", "**Begründung:** {notes}\n\n**Meine Antwort:** {reply}",
    "Begründung:\n{notes}\nAntwort:\n{reply}", "## Begründung\n{notes}\n\n## Antwort\n{reply}",
])
def test_notes_and_reply_are_parted_at_the_domains_labels(labels: str) -> None:
    found = read_notes(labels.format(notes="Sie ist müde.", reply="Ruh dich aus."), WORDING)
    assert found == Prose("Ruh dich aus.", notes="Sie ist müde.")


def test_labels_that_nobody_knows_are_known_where_the_domain_names_them() -> None:
    answer = "Pensu: Ŝi lacas.\n\nDiru: Ripozu iom."
    assert read_notes(answer).problem == NO_BORDER
    own = Wording(language="eo", labels=Labels(reasoning="Pensu", response="Diru"))
    assert read_notes(answer, own) == Prose("Ripozu iom.", notes="Ŝi lacas.")


def test_quotes_around_the_whole_come_off_as_the_language_writes_them() -> None:
    assert [unwrapped(text) for text in ("„Ja, gern.“", "»Ja, gern.«", "「好的。」")] == ["Ja, gern.", "Ja, gern.", "好的。"]
    assert unwrapped("„Ja“, sagte sie. „Nein.“") == "„Ja“, sagte sie. „Nein.“"


def test_an_english_refusal_is_no_business_of_german_checks() -> None:
    text = "Er las mir vor: I cannot help with that, und ich lachte mit meiner Schwester."
    assert checks.unusable(text, "explanation", WIDE, "", WORDING) is None
    assert checks.unusable(text, "explanation", WIDE, "", Wording()) == "refusal"
