"""A folder that holds no scorer, or one of an unknown kind or format, is one error that says what helps."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from synthempathy.core.errors import ModelError
from synthempathy.scorers.kinds import load_scorer


@pytest.mark.parametrize(("about", "message"), [
    (None, "no scorer here"), ("[", "cannot be read"), ("{}", "cannot be read"), ("[1]", "cannot be read"),
    (json.dumps({"kind": "oracle"}), "a scorer of kind 'oracle' and format 'none'"),
    (json.dumps({"kind": "judge", "format": "synthempathy-judge-1"}), "what can be read is .*synthempathy-judge-3"),
    (json.dumps({"kind": "judge", "format": "synthempathy-judge-3"}), "cannot be read"),
])
def test_what_is_no_scorer_is_named_with_a_way_out(tmp_path: Path, about: str | None, message: str) -> None:
    if about is not None:
        (tmp_path / "scorer.json").write_text(about)
    with pytest.raises(ModelError, match=f"{message}.*run `dvc repro scorer`"):
        load_scorer(tmp_path)
