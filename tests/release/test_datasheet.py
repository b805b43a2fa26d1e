"""data/datasheet.yaml: answers, blanks, and what is refused by line."""

from __future__ import annotations

from pathlib import Path

import pytest

from synthempathy.core.errors import ParamsError
from synthempathy.release.datasheet import read_datasheet, unanswered
from tests.helpers.pairs import ROOT


def read(tmp_path: Path, text: str) -> dict[str, dict[str, str | None]]:
    (tmp_path / "sheet.yaml").write_text(text)
    return read_datasheet(tmp_path / "sheet.yaml")


def test_an_answer_of_several_lines_is_kept_and_white_space_is_a_blank(tmp_path: Path) -> None:
    sheet = read(tmp_path, "Uses:\n  What for?: |\n    One.\n\n    Two.\n  Who?: '  '\n  When?:\nUpkeep: {}\n")
    assert sheet == {"Uses": {"What for?": "One.\n\nTwo.", "Who?": None, "When?": None}, "Upkeep": {}}
    assert unanswered(sheet) == ["Who?", "When?"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Uses: no\n", "sheet.yaml:1: field 'Uses': not a mapping of questions"),
        ("Uses:\n  A?: x\n  B?: 2026-11-26\n", "sheet.yaml:3: field 'B?': an answer is a text"),
        ("Uses:\n  A?: x\n  A?: y\n", "sheet.yaml:3: not YAML"),
    ],
)
def test_what_is_no_answer_is_named_by_its_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ParamsError) as error:
        read(tmp_path, text)
    assert said in str(error.value)


def test_the_shipped_sheet_asks_and_answers_nothing() -> None:
    sheet = read_datasheet(ROOT / "data/datasheet.yaml")
    assert list(sheet) == ["Motivation", "Composition", "Collection", "Uses", "Distribution", "Maintenance"]
    assert len(unanswered(sheet)) == sum(map(len, sheet.values())) > 10
