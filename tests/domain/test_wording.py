"""What a description says of its language is read from YAML; what it does not say is English, or not known."""

from __future__ import annotations

from pathlib import Path

import pytest

from synthempathy.core.errors import ParamsError
from synthempathy.domain.description import read_description
from synthempathy.domain.wording import Labels, Wording, Words
from tests.helpers.german import DOMAIN, FOLDER, WORDING
from tests.helpers.pairs import ROOT


@pytest.mark.parametrize("name", ["empathy", "social_norms"])
def test_the_shipped_domains_are_english_and_say_no_more(name: str) -> None:
    own = read_description(ROOT / f"domains/{name}/domain.yaml")
    assert own.wording == Wording(language="en", voice=own.voice) and own.wording.english
    assert (own.labels, own.words) == (Labels(), Words())


def test_words_of_another_language_are_lists_in_yaml() -> None:
    assert not WORDING.english and WORDING.language == "de"
    assert "ich" in WORDING.voice.pronouns and "für" in WORDING.words.small and "z. B." in WORDING.words.abbreviations
    assert WORDING.words.ordinals and not Wording().words.ordinals
    assert (WORDING.labels.reasoning, WORDING.labels.response) == ("Begründung", "Antwort")
    assert DOMAIN.phone_regions == ("DE", "AT", "CH")
    assert Wording.model_validate_json(WORDING.model_dump_json()) == WORDING  # as other processes are sent it


@pytest.mark.parametrize(("wrong", "field"), [
    ("labels: {reply: Antwort}", "labels.reply"), ("phone_regions: [de]", "phone_regions.0"),
    ("labels: {reasoning: '', response: Antwort}", "labels.reasoning"),
])
def test_a_mistake_is_named_by_line(tmp_path: Path, wrong: str, field: str) -> None:
    lines = (FOLDER / "domain.yaml").read_text(encoding="utf-8").splitlines()
    at = next(at for at, line in enumerate(lines) if line.startswith(wrong.partition(":")[0]))
    (tmp_path / "domain.yaml").write_text("\n".join([*lines[:at], wrong, *lines[at + 1 :], ""]), encoding="utf-8")
    with pytest.raises(ParamsError, match=rf"domain\.yaml:{at + 1}: field '{field}'"):
        read_description(tmp_path / "domain.yaml")
