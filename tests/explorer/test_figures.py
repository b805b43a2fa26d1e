"""Figures and pictures: what dvc.yaml declares and is there; the flow from stage to stage; pictures of the same bytes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from synthempathy.core.errors import InputError
from synthempathy.core.params import plain, read_mapping
from synthempathy.explorer.figures import declared, draw_plots, flow, read_figures
from tests.helpers.made_run import make_run
from tests.helpers.pairs import ROOT


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return make_run(tmp_path, 4, hostile=False)


def test_this_project_declares_for_the_explorer_what_it_shows() -> None:
    """Each metrics file and plot of another stage is a dep of the stage explorer: else a change would go unseen."""
    pipeline = plain(read_mapping(ROOT / "dvc.yaml"))
    shown = {path for kind in ("metrics", "plots") for _, path, _ in declared(pipeline, kind)}
    assert shown and shown <= set(pipeline["stages"]["explorer"]["deps"])


def test_the_flow_has_stages_in_order_and_reasons_by_number(run: Path) -> None:
    found = flow(read_figures(run, read_mapping(run / "dvc.yaml")))
    assert [one["stage"] for one in found] == ["dedup", "filter", "split"]
    assert found[0] == {"stage": "dedup", "in": 5, "out": 4, "dropped": [("substring", 1)]}


def test_a_picture_has_the_same_bytes_and_no_script(run: Path) -> None:
    pipeline = plain(read_mapping(run / "dvc.yaml"))
    first, again = (draw_plots(run, pipeline, run / name) for name in ("one", "two"))
    assert first[0]["title"] == "Sizes" and again[0]["file"] == "two/sizes.svg"
    picture = (run / first[0]["file"]).read_text(encoding="utf-8")
    assert picture == (run / again[0]["file"]).read_text(encoding="utf-8")
    assert "<script" not in picture and "&lt;script" in picture


@pytest.mark.parametrize("whole", ["empathy", "norm_handling"])
def test_the_scores_of_responses_are_drawn_under_the_domains_own_name(tmp_path: Path, whole: str) -> None:
    pipeline = plain(read_mapping(ROOT / "dvc.yaml"))
    named = json.loads(json.dumps(pipeline["stages"]["evaluate"]["plots"]).replace("${whole}", whole).replace("${domain}", "d"))
    for entry in named:
        for given in entry.values():
            given["template"] = str(ROOT / given["template"])
    (tmp_path / "metrics").mkdir()
    (tmp_path / "metrics/d_scores.csv").write_text(f"system,{whole},words\nbase,0.5,60\ntuned,1.5,70\n", encoding="utf-8")
    (tmp_path / "metrics/d_by_category.csv").write_text("category,pairs,difference,ci_low,ci_high\nA,2,0.5,0.1,0.9\n", encoding="utf-8")
    found = draw_plots(tmp_path, {"stages": {"evaluate": {"plots": named}}}, tmp_path / "plots")
    spread, gain = ((tmp_path / one["file"]).read_text(encoding="utf-8") for one in found)
    assert f"{whole} of a response" in spread and spread.count('role="graphics-symbol" aria-roledescription="bar"') == 2
    assert f"{whole}, tuned minus base" in gain


def test_what_is_not_there_is_not_shown(run: Path) -> None:
    (run / "metrics/sizes.csv").unlink()
    (run / "metrics/filter.json").unlink()
    pipeline = plain(read_mapping(run / "dvc.yaml"))
    assert draw_plots(run, pipeline, run / "plots") == []
    assert [one["stage"] for one in read_figures(run, pipeline)] == ["dedup", "split"]


def test_a_plot_that_cannot_be_drawn_is_named(run: Path) -> None:
    (run / "dvc.yaml").write_text("stages: {a: {plots: [{metrics/sizes.csv: {template: none.json}}]}}", encoding="utf-8")
    with pytest.raises(InputError, match=r"sizes.csv: the plot cannot be drawn"):
        draw_plots(run, plain(read_mapping(run / "dvc.yaml")), run / "plots")


@pytest.mark.parametrize("text", ["{", "[]", "NaN"])
def test_broken_figures_are_named(run: Path, text: str) -> None:
    (run / "metrics/dedup.json").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"dedup.json"):
        read_figures(run, read_mapping(run / "dvc.yaml"))
