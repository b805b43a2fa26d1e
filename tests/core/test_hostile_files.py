"""Files that somebody made to do harm, or that are broken: each ends in one line that names them, and never in a traceback."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from synthempathy.core import records
from synthempathy.core.command import guarded
from synthempathy.core.errors import InputError, ModelError, ParamsError
from synthempathy.core.files import dump_table, read_table, read_text
from synthempathy.core.harmless import cell, harmless, uncell
from synthempathy.core.metrics import Metrics, read_metrics
from synthempathy.core.params import read_mapping
from synthempathy.core.progress import say
from synthempathy.core.records import Exchange, read_records
from synthempathy.llm.loading import adapter_config
from synthempathy.seeds.sources import MOST_ROWS, read_sentences
from tests.helpers.empathy import COLUMNS as SEED_COLUMNS
from tests.helpers.pairs import ROOT

BOMB = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 10)}]\n" for n in range(9)
)


@pytest.mark.parametrize(("text", "said"), [
    ("limit: " + "9" * 5000, "a number too long"), ("a: " + "[" * 5000, "not YAML|nested too deep"),
    ("a: " + "[" * 60 + "]" * 60, "nested more than 40 deep"), ('a: "\\ud800"', "half a surrogate pair"),
    ("a: x\x07", "not YAML: .*special characters"), ('a: "\\e[2J"', "a control character"), (BOMB, "an alias counts each time"),
    ("- a", "not a mapping"), ("a: [", "not YAML"), ("? [a]\n: b: c: d", "not YAML"), ("!!set x", "a tag .* does not fit"),
    ("x" * 2_000_001, "more than 2,000,000 characters"),
])
def test_yaml_that_is_too_much_is_refused_by_name(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "p.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ParamsError, match=rf"p\.yaml(:\d+)?: .*(?:{said})") as caught:
        read_mapping(tmp_path / "p.yaml")
    assert len(str(caught.value)) < 400


def test_an_anchor_may_be_set_again_without_a_word(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text("a: &x 1\nb: &x 2\nc: *x\n")
    assert read_mapping(tmp_path / "p.yaml")["c"] == 2


@pytest.mark.parametrize("text", ["[" * 10**5, '{"a": ' + "9" * 5000 + "}", "{", "[]", "NaN"])
def test_metrics_that_are_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "m.json").write_text(text)
    with pytest.raises(InputError, match=r"m\.json"):
        read_metrics(tmp_path / "m.json", Metrics)


def test_a_line_without_an_end_is_not_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "MOST_LINE_BYTES", 1000)
    (tmp_path / "r.jsonl").write_text('{"explanation": "a", "response": "' + "b" * 2000 + '"}\n')
    with pytest.raises(InputError, match=r"r\.jsonl:1: a line of more than 1,000 bytes"):
        read_records(tmp_path / "r.jsonl", Exchange)


def test_a_sheet_of_too_many_rows_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from zipfile import ZipFile

    from openpyxl import Workbook

    monkeypatch.setattr("synthempathy.seeds.sources.MOST_ROWS", 50)
    book = Workbook()
    book.active.append(["sID", "sentence", "is_stressor", "top_label", "avg_severity", "Source"])
    for number in range(100):
        book.active.append([number, "I am late", 1, "Work", 3, "x"])
    book.save(tmp_path / "SAD.xlsx")
    with ZipFile(tmp_path / "SAD.zip", "w") as archive:
        archive.write(tmp_path / "SAD.xlsx", "SAD.xlsx")
    with pytest.raises(InputError, match="more than 50 rows"):
        read_sentences(tmp_path / "SAD.zip", SEED_COLUMNS)
    assert MOST_ROWS == 200_000


ENDLESS = "(([a-z_.0-9]+)+)+!"  # a pattern that a name of forty letters keeps busy for good
GOOD: dict[str, Any] = {"peft_type": "LORA", "auto_mapping": None, "base_model_name_or_path": "m"}


@pytest.mark.parametrize(("config", "weights", "said"), [
    (GOOD, "adapter_model.bin", r"no adapter_model\.safetensors; other weights \(\.bin\) may hold code"),
    (GOOD | {"peft_type": "PROMPT_TUNING"}, "adapter_model.safetensors", "not the config of a LoRA adapter"),
    (GOOD | {"auto_mapping": {"parent_library": "os"}}, "adapter_model.safetensors", "names a library to import"),
    ([1], "adapter_model.safetensors", "not the config of a LoRA adapter"),
    *((GOOD | {field: value}, "adapter_model.safetensors", rf"{field} holds more than names of modules .*write the names out$")
      for field in ("target_modules", "exclude_modules", "modules_to_save", "layers_pattern", "target_parameters")
      for value in (ENDLESS, [ENDLESS], ["q_proj", ENDLESS], ".*", {"q_proj": 1}, 5, [5], "a" * 301, "q_proj\n")),
    *((GOOD | {field: value}, "adapter_model.safetensors", rf"{field} holds more than names of modules")
      for field in ("rank_pattern", "alpha_pattern")
      for value in ({ENDLESS: 8}, {"q_proj": "8"}, {"q_proj": True}, ["q_proj"], 5)),
    (GOOD | {"r": "8"}, "adapter_model.safetensors", "r is no whole number, '8'"),
])
def test_a_hostile_adapter_is_refused(tmp_path: Path, config: object, weights: str, said: str) -> None:
    (tmp_path / "adapter_config.json").write_text(json.dumps(config))
    (tmp_path / weights).touch()
    with pytest.raises(ModelError, match=said):
        adapter_config(tmp_path)


@pytest.mark.parametrize("about", [
    {"target_modules": "all-linear"}, {"target_modules": ["q_proj", "model.layers.0.v_proj"], "exclude_modules": None},
    {"target_modules": "q_proj", "rank_pattern": {"q_proj": 8}, "alpha_pattern": {"model.q_proj": 0.5}, "modules_to_save": []},
])
def test_an_adapter_that_names_its_modules_is_taken(tmp_path: Path, about: dict[str, Any]) -> None:
    (tmp_path / "adapter_config.json").write_text(json.dumps(GOOD | about))
    (tmp_path / "adapter_model.safetensors").touch()
    assert adapter_config(tmp_path) == GOOD | about


class Touches:
    """Pickled, it makes a file when it is read."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (self.path, "w")


def test_a_hostile_model_runs_no_code(tmp_path: Path) -> None:
    """Pickled weights, and Python of its own for the model and the tokenizer."""
    import pickle

    from synthempathy.llm.loading import load_model, load_tokenizer

    folder, ran = tmp_path / "model", tmp_path / "ran"
    folder.mkdir()
    code = {"AutoConfig": "own.Own", "AutoModelForCausalLM": "own.Own", "AutoTokenizer": ["own.Own", "own.Own"]}
    (folder / "own.py").write_text(f"open({str(ran)!r}, 'w')\nclass Own: pass\n")
    (folder / "tokenizer_config.json").write_text(json.dumps({"auto_map": code, "tokenizer_class": "Own"}))
    with (folder / "pytorch_model.bin").open("wb") as stream:
        pickle.dump(Touches(str(ran)), stream)
    for config in ({"model_type": "own", "auto_map": code}, {"model_type": "mistral", "auto_map": code}, {"model_type": "bert"}):
        (folder / "config.json").write_text(json.dumps(config))
        for load in (lambda: load_model(str(folder), None, "float32", "cpu"), lambda: load_tokenizer(str(folder), None)):
            with pytest.raises(ModelError, match="cannot load"):
                load()
    assert not ran.exists()


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"),
                                   RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")])
def test_memory_that_runs_out_is_one_line(error: Exception) -> None:
    def work() -> None:
        raise error

    with pytest.raises(SystemExit, match=r"^error: out of memory: "):
        guarded(work)


def test_memory_that_runs_out_while_libraries_are_imported_is_one_line() -> None:
    code = "import synthempathy.core.command; raise MemoryError"
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert (ended.returncode, ended.stderr.count("\n"), ended.stderr[:22]) == (1, 1, "error: out of memory: ")


@pytest.mark.parametrize("text", ["\x1b]0;owned\x07", "a\u202eb", "\x9b2J", "\u2066x", "a\rb"])
def test_what_is_printed_is_obeyed_by_no_terminal(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    say(f"model {text}")
    with pytest.raises(SystemExit) as ended:
        guarded(lambda: (_ for _ in ()).throw(InputError("wrong", file=text)))
    for shown in (capsys.readouterr().err.rstrip("\n"), str(ended.value), harmless(text)):
        assert shown.isprintable(), shown


@pytest.mark.parametrize("text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", " =1", "＝1"])
def test_a_table_starts_no_formula(tmp_path: Path, text: str) -> None:
    dump_table(tmp_path / "t.csv", ("a", "b"), [(text, -1.5)])
    with (tmp_path / "t.csv").open(newline="", encoding="utf-8") as stream:
        assert list(csv.reader(stream))[1] == [f"'{text}", "-1.500000"]
    assert cell(-3) == -3 and cell("I - you") == "I - you"


ODD_CELLS = [
    f"{before}{text}" for before in ("", "work\r", "work\n", "work\r\n", "work\u2028", "work\x0b ", "work;", "work\t", 'w",')
    for text in ("=1+1", " =1", "'=1", "''=1", "' @a", "it's", "'tis", "", "'", "-", "\u00a0+1", "\t=1")
]


def test_what_a_cell_became_is_read_back(tmp_path: Path) -> None:
    for text in ODD_CELLS:
        assert uncell(str(cell(text))) == text
    long = "b" * 200_000  # of Python's reader the first bound is 131,072
    dump_table(tmp_path / "t.csv", ("=a", "b"), [(text, 1) for text in (*ODD_CELLS, long)], decimals=None)
    header, rows = read_table(read_text(tmp_path / "t.csv"), "t.csv")
    assert (header, [row["'=a"] for _, row in rows]) == (["'=a", "b"], [*ODD_CELLS, long])


def test_no_line_of_a_table_starts_a_formula(tmp_path: Path) -> None:
    """Whatever a program takes for the end of a line, and whether it knows quotes in the midst of one."""
    dump_table(tmp_path / "t.csv", ("a", "b"), [(text, 1) for text in ODD_CELLS])
    written = read_text(tmp_path / "t.csv")
    for line in written.splitlines():
        assert line.strip('" \t\u00a0')[:1] not in {*"=+-@"}, line
    for quoted in re.findall(r'"(?:[^"]|"")*"', written):
        written = written.replace(quoted, "")
    assert not {*";\t\r"} & {*written}  # one of these outside quotes ends a cell, or a line, for some program


def test_every_csv_is_written_where_the_guard_stands() -> None:
    writers = [
        str(path.relative_to(ROOT)) for top in ("stages", "synthempathy") for path in sorted((ROOT / top).rglob("*.py"))
        if re.search(r"csv\.(writer|DictWriter|DictReader)|to_csv", path.read_text(encoding="utf-8"))
    ]
    assert writers == []  # all go through core/files.py's csv_line


@pytest.mark.parametrize("words", [
    ["-m", "stages.split", "a", "b", "c", "d", "e", "\x1b]0;owned\x07"], ["-m", "synthempathy", "\x1b[2J"],
    ["-m", "synthempathy", "store", "show", "--store", "\x1b[2J"], ["-m", "stages.sampling.table", "a", "b", "c", "\x9b2J"],
    ["-m", "stages.split", "\x1b[2J", "b", "c", "d", "e"],
])
def test_a_command_line_that_holds_hostile_names_is_obeyed_by_no_terminal(words: list[str]) -> None:
    ended = subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert ended.returncode in (1, 2) and "error: " in ended.stderr
    assert (ended.stderr + ended.stdout).replace("\n", "").isprintable()
    assert "\\x1b" in ended.stderr or "\\x9b" in ended.stderr
