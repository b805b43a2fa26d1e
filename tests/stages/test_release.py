"""The stage `release`: what the folder holds, that it is whole or not written, and what it refuses."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from ruamel.yaml import YAML

from stages.release import SECTIONS
from synthempathy.core.records import write_records
from synthempathy.release.card import FIELDS

ROOT = Path(__file__).parents[2]
INPUTS = (
    "train.jsonl", "validation.jsonl", "test.jsonl", "corpus.json", "dedup.json", "filter.json", "empathy.json", "datasheet.yaml",
)
SPLITS = ("train", "validation", "test")
SYSTEM = {"er": 0.5, "ip": 0.6, "ex": 0.7, "mean": 0.6, "std": 0.3, "pairs": 2}


def pair(number: int, seed: int, **fields: Any) -> dict[str, Any]:
    return {
        "id": f"p{number}", "seed_id": f"s{seed}", "category": "Work", "severity": 4.5, "seed": "My boss shouts.",
        "story": f"Story {number}.", "model": "org/a", "explanation": "Er schreit, I said: \u201cno\u201d.",
        "explanation_model": "org/a", "response": "That hurts.\n\nWhy?", "reasoning": "", "response_model": "org/b",
        "note": "of ours", **fields,
    }


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    """Five pairs in three splits, and the metrics that fit them."""
    folder = tmp_path / "in"
    for split, rows in {"train": [(1, 1), (2, 1), (3, 2)], "validation": [(4, 3)], "test": [(5, 4)]}.items():
        write_records(folder / f"{split}.jsonl", [pair(*row) for row in rows])
    words = {f"{k}_words_{f}": 9.5 for k in ("explanation", "response") for f in ("mean", "std", "median")}
    ratios = dict.fromkeys(
        ("distinct_1", "distinct_2", "distinct_3", "mattr", "self_bleu", "compression_ratio", "top_opening_share",
         "top_closing_share", "top_sentence_share", "question_share", "response_distinct_share",
         *(f"{kind}_{name}" for kind in ("explanation", "response")
           for name in ("flesch_kincaid_grade", "near_duplicate_share"))), 0.5
    )
    models = {"story": {"org/a": 5}, "explanation": {"org/a": 5}, "response": {"org/b": 5}}
    paper = {"pairs": 105578, "explanation_words_mean": 95.5, "response_words_mean": 153.7}
    corpus = {"pairs": 5, "seeds": 4, "stories": 5, "vocabulary": 77, "categories": {"Work": 5}, "models": models}
    put(folder / "corpus.json", {**corpus, **words, **ratios, "paper": paper})
    put(folder / "dedup.json", {"rows_in": 9, "rows_out": 7, "dropped": {"exact": 2}})
    put(folder / "filter.json", {"rows_in": 7, "rows_out": 5, "dropped": {"refusal": 2}})
    gain = {"gain_percent": 20.0, "gain_ci_low": 10.0, "gain_ci_high": 30.0, "p_value": 0.01}
    (folder / "datasheet.yaml").write_text("Motivation:\n  Who made it?: We did.\n  Who paid?:\n")
    put(folder / "empathy.json", {"base": SYSTEM, "tuned": SYSTEM, "corpus": SYSTEM, **gain})
    return folder


def put(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value))


def run(inputs: Path, out: Path, params: Path = ROOT / "params.yaml") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "stages.release", *(inputs / name for name in INPUTS), out]
    return subprocess.run([*map(str, command), "--params", str(params)], cwd=ROOT, capture_output=True, text=True)


def content(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def error_line(inputs: Path, out: Path) -> str:
    done = run(inputs, out)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ") and done.stderr.count("\n") == 1
    return done.stderr


def test_folder_holds_data_card_and_provenance(inputs: Path, tmp_path: Path) -> None:
    done = run(inputs, tmp_path / "out")
    assert done.returncode == 0, done.stderr
    made = content(tmp_path / "out")
    files = {f"data/{split}.{kind}" for split in SPLITS for kind in ("jsonl", "parquet")}
    assert set(made) == {"README.md", "croissant.json", "provenance.json", "sbom.cdx.json", "LICENSES.md", *files}
    for split in SPLITS:
        given = [json.loads(line) for line in (inputs / f"{split}.jsonl").read_text().splitlines()]
        written = [json.loads(line) for line in made[f"data/{split}.jsonl"].decode().splitlines()]
        assert written == [{field: row[field] for field in FIELDS} for row in given]
        assert [list(row) for row in written] == [list(FIELDS)] * len(given)
        assert pq.read_table(tmp_path / "out" / "data" / f"{split}.parquet").to_pylist() == written
    provenance = json.loads(made["provenance.json"])
    assert [entry["file"] for entry in provenance["inputs"].values()] == list(INPUTS)
    for entry in provenance["inputs"].values():
        assert entry["md5"] == hashlib.md5((inputs / entry["file"]).read_bytes()).hexdigest()


def test_the_card_prints_the_answers_and_marks_the_blanks(inputs: Path, tmp_path: Path) -> None:
    assert run(inputs, tmp_path / "out").returncode == 0
    card = (tmp_path / "out" / "README.md").read_text()
    assert "Questions without an answer yet: 1." in card
    assert "**Who made it?**\n\nWe did.\n" in card and "**Who paid?**\n\n> *Not answered" in card
    (inputs / "datasheet.yaml").write_text("Motivation:\n  Who made it?: [us]\n")
    assert "datasheet.yaml:2: field 'Who made it?': an answer is a text" in error_line(inputs, tmp_path / "out")


def test_datasets_loads_the_folder_with_its_splits(inputs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(inputs, tmp_path / "out").returncode == 0
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    pytest.importorskip("datasets", reason="datasets is not installed")
    load = (
        "import sys; from datasets import load_dataset; loaded = load_dataset(sys.argv[1]);"
        "print({name: (len(rows), rows[0]['response'], rows.column_names) for name, rows in loaded.items()})"
    )
    done = subprocess.run(
        [sys.executable, "-c", load, str(tmp_path / "out")], capture_output=True, text=True,
        env=os.environ | {"HF_HUB_OFFLINE": "1"},
    )
    assert done.returncode == 0, done.stderr
    response = "That hurts.\n\nWhy?"
    assert done.stdout.strip() == str({
        split: (rows, response, list(FIELDS)) for split, rows in zip(SPLITS, (3, 1, 1), strict=True)
    })


def test_same_bytes_from_another_place_over_an_earlier_release(inputs: Path, tmp_path: Path) -> None:
    elsewhere = inputs.rename(tmp_path / "elsewhere")
    assert run(elsewhere, tmp_path / "a").returncode == 0
    first = content(tmp_path / "a")
    (tmp_path / "a" / "data" / "stale.jsonl").write_text("{}")
    back = elsewhere.rename(inputs)
    assert run(back, tmp_path / "a").returncode == 0
    assert content(tmp_path / "a") == first
    assert str(tmp_path).encode() not in b"".join(first.values())


def test_provenance_follows_the_params_but_not_the_machine(inputs: Path, tmp_path: Path) -> None:
    def md5_with(section: str, key: str, value: Any) -> Any:
        yaml = YAML()
        params = yaml.load(ROOT / "params.yaml")
        params[section][key] = value
        yaml.dump(params, tmp_path / "params.yaml")
        (tmp_path / "profiles").mkdir(exist_ok=True)
        if not (tmp_path / "domains").exists():
            (tmp_path / "domains").symlink_to(ROOT / "domains")
        (tmp_path / "profiles" / f"{params['profile']}.yaml").write_text("{}\n")
        assert run(inputs, tmp_path / "out", tmp_path / "params.yaml").returncode == 0
        found = json.loads((tmp_path / "out" / "provenance.json").read_text())["params"]
        assert tuple(found["values"]) == SECTIONS
        assert section == "machine" or found["values"][section][key] == value
        return found["md5"]

    base = md5_with("machine", "device", "auto")
    assert md5_with("machine", "device", "cpu") == base
    assert md5_with("finetune", "learning_rate", 1.234567e-7) != base


def test_provenance_holds_the_sections_that_dvc_tracks() -> None:
    *tracked, overlay = YAML(typ="safe").load(ROOT / "dvc.yaml")["stages"]["release"]["params"]
    # of the domain its description is tracked; prompts in another folder are other files for the stages before
    assert set(tracked) | {"profile", "domain", "prompts"} == set(SECTIONS)
    assert {name: set(keys) for name, keys in overlay.items()} == {"profiles/${profile}.yaml": set(tracked)}


@pytest.mark.parametrize(
    ("file", "path"),
    [
        ("corpus.json", ("mattr",)),
        ("corpus.json", ("paper", "pairs")),
        ("corpus.json", ("models", "response")),
        ("dedup.json", ("dropped",)),
        ("filter.json", ("rows_out",)),
        ("empathy.json", ("tuned", "er")),
        ("empathy.json", ("p_value",)),
    ],
)
def test_missing_figure_is_one_line(inputs: Path, tmp_path: Path, file: str, path: tuple[str, ...]) -> None:
    figures = json.loads((inputs / file).read_text())
    place = figures
    for key in path[:-1]:
        place = place[key]
    del place[path[-1]]
    put(inputs / file, figures)
    said = error_line(inputs, tmp_path / "out")
    assert f"{inputs / file}: field '{'.'.join(path)}': missing" in said
    assert not (tmp_path / "out").exists()


def test_figure_of_the_wrong_kind_and_broken_files(inputs: Path, tmp_path: Path) -> None:
    for text, said in (
        ('{"rows_in": "nine", "rows_out": 7, "dropped": {}}', "dedup.json: field 'rows_in': input should be a valid"),
        ("{", "dedup.json:1: not JSON"),
        ("[]", "dedup.json: not a JSON object"),
    ):
        (inputs / "dedup.json").write_text(text)
        assert said in error_line(inputs, tmp_path / "out")
    (inputs / "dedup.json").unlink()
    assert "dedup.json: no such file" in error_line(inputs, tmp_path / "out")


def test_splits_must_be_the_corpus_that_was_measured(inputs: Path, tmp_path: Path) -> None:
    write_records(inputs / "test.jsonl", [pair(5, 4), pair(6, 4)])
    assert "corpus.json: field 'pairs': the three splits hold 6 pairs (got 5)" in error_line(inputs, tmp_path / "out")
    write_records(inputs / "test.jsonl", [pair(5, 2)])
    assert "test.jsonl: field 'seed_id': is also in train.jsonl (got 's2')" in error_line(inputs, tmp_path / "out")
    write_records(inputs / "test.jsonl", [pair(4, 4)])
    assert "test.jsonl: field 'id': is also in validation.jsonl (got 'p4')" in error_line(inputs, tmp_path / "out")


def test_row_without_a_released_field_is_named_and_the_earlier_release_stays(inputs: Path, tmp_path: Path) -> None:
    assert run(inputs, tmp_path / "out").returncode == 0
    before = content(tmp_path / "out")
    row = pair(4, 3)
    del row["response_model"]
    write_records(inputs / "validation.jsonl", [row])
    assert "validation.jsonl:1: field 'response_model': missing" in error_line(inputs, tmp_path / "out")
    assert content(tmp_path / "out") == before


def test_a_folder_of_others_is_never_replaced(inputs: Path, tmp_path: Path) -> None:
    before = content(inputs)
    assert "not an earlier release" in error_line(inputs, inputs)
    assert content(inputs) == before
    (tmp_path / "file").write_text("mine")
    assert "not an earlier release" in error_line(inputs, tmp_path / "file")
    assert (tmp_path / "file").read_text() == "mine"


def test_help_explains_the_paths() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "stages.release", "--help"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0 and "written whole" in done.stdout
