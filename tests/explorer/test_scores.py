"""Scores by sentence: each with its place as JavaScript counts; slow kinds of scorers are not asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from synthempathy.core.errors import ModelError
from synthempathy.explorer.scores import scored, scorer_in
from tests.helpers.made_run import Warmth


def test_each_sentence_has_its_scores() -> None:
    text = "\U0001f642 Hello. You feel warm!"
    found = scored(Warmth(), ["e", "e"], [text, ""], label="test")  # type: ignore[arg-type]
    assert found.of["warmth"].tolist() == [2.0, 0.0]
    assert [[s, e, warm] for s, e, warm, _ in found.sentences[0]] == [[0, 9, 0.0], [10, 24, 2.0]]
    assert found.sentences[1] == []


def test_a_scorer_that_takes_long_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "scorer.json").write_text('{"kind": "judge"}', encoding="utf-8")
    assert scorer_in(tmp_path) is None


@pytest.mark.parametrize("settings", [None, "", "{", "[]", '{"kind": "linear"}'])
def test_a_broken_scorer_is_named(tmp_path: Path, settings: str | None) -> None:
    if settings is not None:
        (tmp_path / "scorer.json").write_text(settings, encoding="utf-8")
    with pytest.raises(ModelError, match=str(tmp_path)):
        scorer_in(tmp_path)
