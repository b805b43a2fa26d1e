"""croissant.json: the format's own library takes it without a complaint, and reads the rows by it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from synthempathy.core.records import write_records
from synthempathy.release.croissant import croissant
from synthempathy.release.parquet import write_parquet

FIELDS = {"id": "the pair", "response": "an answer"}
FULL = {
    "name": "made-up", "license": "cc-by-4.0", "version": "1.2.3", "creators": ["A. Person"], "published": "2026-11-26",
    "url": "https://example.org/made-up", "citation": "@misc{made-up}", "adapter_license": None,
}
BLANK = FULL | {"creators": [], "published": None, "url": None, "citation": None}


def described(folder: Path, about: dict[str, Any]) -> dict[str, Any]:
    """A release of two splits, as croissant.json in its folder describes it."""
    for split, numbers in {"train": (1, 2), "test": (3,)}.items():
        rows = [{"id": f"p{n}", "response": f"Oh, “{n}”."} for n in numbers]
        write_records(folder / "data" / f"{split}.jsonl", rows)
        write_parquet(folder / "data" / f"{split}.parquet", list(FIELDS), rows)
    (folder / "croissant.json").write_text(croissant(about, "Pairs.", folder, ["train", "test"], FIELDS, "de"), encoding="utf-8")
    content: dict[str, Any] = json.loads((folder / "croissant.json").read_text(encoding="utf-8"))
    return content


def test_every_file_stands_in_it_with_its_checksum_and_no_path_of_this_machine(tmp_path: Path) -> None:
    content = described(tmp_path, FULL)
    files = {one["contentUrl"]: one["sha256"] for one in content["distribution"]}
    assert files == {
        f"data/{path.name}": hashlib.sha256(path.read_bytes()).hexdigest() for path in (tmp_path / "data").iterdir()
    }
    assert str(tmp_path) not in json.dumps(content)
    assert content["inLanguage"] == "de"


def test_what_is_blank_is_left_out(tmp_path: Path) -> None:
    assert not {"url", "datePublished", "citeAs", "creator"} & set(described(tmp_path, BLANK))


@pytest.mark.parametrize(("about", "complaints"), [(FULL, 0), (BLANK, 2)], ids=["full", "blank"])
@pytest.mark.filterwarnings("ignore")  # of what mlcroissant is built on: names that will go from rdflib and pandas
def test_its_own_library_validates_it_and_reads_every_split(tmp_path: Path, about: dict[str, Any], complaints: int) -> None:
    mlcroissant = pytest.importorskip("mlcroissant", reason="mlcroissant is not installed")
    described(tmp_path, about)
    dataset = mlcroissant.Dataset(tmp_path / "croissant.json")
    assert not dataset.metadata.ctx.issues.errors
    assert len(dataset.metadata.ctx.issues.warnings) == complaints
    assert [row["test/response"].decode() for row in dataset.records("test")] == ["Oh, “3”."]
    assert [row["train/id"] for row in dataset.records("train")] == [b"p1", b"p2"]
