"""The summary: read from metrics alone; what is not defined is said, what is missing is named."""

import json
from pathlib import Path

import pytest

from synthempathy.core.errors import InputError
from synthempathy.project.summary import STEPS, summary
from synthempathy.release.metrics import gain_text
from tests.helpers.pairs import ROOT

METRICS = Path(__file__).parents[2] / "metrics"


@pytest.fixture
def folder(tmp_path):
    for name in (*STEPS, "corpus", "empathy"):
        (tmp_path / f"{name}.json").write_text((METRICS / f"{name}.json").read_text())
    return tmp_path


def change(path, **figures):
    path.write_text(json.dumps(json.loads(path.read_text()) | figures))


def test_one_screen_holds_rows_scores_and_gains(folder, capsys):
    change(folder / "filter.json", rows_in=7, rows_out=5, dropped={"refusal": 2, "offensive": 0})
    same = {"gain_percent": 18.0, "ci_low": 9.0, "ci_high": None}
    change(folder / "empathy.json", gain_percent=21.4, gain_ci_low=12.6, gain_ci_high=30, gain_equal_length=same)
    summary(folder, ROOT / "params.yaml")
    said = capsys.readouterr().out
    assert "│ refusal 2 " in said and "offensive" not in said
    assert "gain by fine-tuning: +21% (95% interval 13 to 30), p " in said
    assert "gain at equal length: +18% (95% interval 9 to no bound)" in said


def test_a_figure_that_is_not_defined_is_no_defect(folder, capsys):
    same = {"gain_percent": None, "ci_low": None, "ci_high": None, "note": "lengths do not overlap"}
    none = dict.fromkeys(("gain_percent", "gain_ci_low", "gain_ci_high", "p_value"))
    change(folder / "empathy.json", **none, note="the base mean is 0", gain_equal_length=same)
    summary(folder, ROOT / "params.yaml")
    said = capsys.readouterr().out
    assert "gain by fine-tuning: not defined (the base mean is 0); the paper" in said
    assert "gain at equal length: not defined (lengths do not overlap)" in said


def test_a_missing_figure_is_named(folder):
    change(folder / "split.json", rows_out=None)
    with pytest.raises(InputError, match=r"split.json: field 'rows_out': input should be a valid integer"):
        summary(folder, ROOT / "params.yaml")
    (folder / "split.json").unlink()
    with pytest.raises(InputError, match=r"split.json: no such file"):
        summary(folder, ROOT / "params.yaml")


def test_a_gain_of_one_seed_has_no_interval():
    assert gain_text(21, None, None, "one seed") == "+21% (one seed)"
