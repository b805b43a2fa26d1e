"""The stage: the same bytes from the same inputs, none of this machine's paths, nothing that could leave the disk."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from synthempathy.core.errors import InputError
from tests.helpers.made_run import INPUTS, make_run, make_site
from tests.helpers.pairs import ROOT


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return make_run(tmp_path / "run", 12)


def content(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


def test_same_inputs_same_bytes(run: Path) -> None:
    first = content(make_site(run))
    assert content(make_site(run)) == first
    assert {"index.html", "about.js", "rows/columns.js", "left/columns.js", "compared/columns.js"} <= set(first)
    assert not any(str(run).encode() in data for data in first.values())


def test_the_revision_changes_with_any_input(run: Path) -> None:
    before = (make_site(run) / "about.js").read_text(encoding="utf-8")
    (run / "metrics/split.json").write_text('{"rows_in": 1, "rows_out": 1, "dropped": {}}', encoding="utf-8")
    after = (make_site(run) / "about.js").read_text(encoding="utf-8")
    named = re.compile(r'"revision":"([0-9a-f]{12})"')
    assert named.findall(before) != named.findall(after)


def test_the_sites_own_files_name_no_address(run: Path) -> None:
    """No CDN, no inline script or style, no eval, no innerHTML."""
    for name, data in content(make_site(run)).items():
        if "/" in name or name == "about.js":
            continue
        text = data.decode("utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|style=|\son\w+=\"", text), name
        assert not re.search(r"<script(?! src=)", text), name


def test_web_files_can_be_read_in_one_go() -> None:
    lines = {path.name: len(path.read_text(encoding="utf-8").splitlines()) for path in (ROOT / "synthempathy/explorer/web").iterdir()}
    assert not {name: n for name, n in lines.items() if n > 250}


def test_a_bad_row_is_one_line_and_the_site_stays(run: Path) -> None:
    site = make_site(run)
    before = content(site)
    with (run / "data/rejected.jsonl").open("a", encoding="utf-8") as stream:
        stream.write('{"id": "x", "category": "Work"}\n')
    with pytest.raises(InputError, match=r"rejected\.jsonl:3: field 'reason': missing"):
        make_site(run)
    assert content(site) == before


def test_the_command_line(run: Path) -> None:
    (run / "data/test.jsonl").unlink()
    command = [sys.executable, "-m", "stages.explorer", "dvc.yaml", *INPUTS, "data/explorer"]
    done = subprocess.run(command, cwd=run, capture_output=True, text=True, env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"})
    assert done.returncode == 1
    assert done.stderr == "error: data/test.jsonl: no such file; run `dvc repro`, or check the path\n"
