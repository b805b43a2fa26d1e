"""Every reader on files and answers that nobody would think of: each is read, or ends in one line that names it.

A moment in the tests; `make fuzz MINUTES=10` tries many more, others each time. Half of them are near what a reader takes, half
are a good file in which a few bytes were put, cut or put in another place.
"""

from __future__ import annotations

import json
import os
import string
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from synthempathy.core.errors import InputError, SynthempathyError
from synthempathy.core.files import read_csv
from synthempathy.core.metrics import read_metrics
from synthempathy.core.params import read_mapping, read_params
from synthempathy.core.records import Exchange, Pair, read_records
from synthempathy.filters.decisions import read_decisions
from synthempathy.llm.loading import adapter_config
from synthempathy.llm.prompts import load_prompt
from synthempathy.release.metrics import RowMetrics
from synthempathy.scorers.sources import read_labelled
from synthempathy.seeds.sources import read_sentences
from synthempathy.split.params import Split
from tests.helpers.empathy import COLUMNS as SEED_COLUMNS
from tests.helpers.empathy import DIMENSIONS
from tests.helpers.pairs import pair_of

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "60"))
FUZZED = settings(
    deadline=None, max_examples=EXAMPLES, derandomize="FUZZ_EXAMPLES" not in os.environ,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)

#: Bytes near what the readers take: their own signs, numbers, quotes, escapes, and anything else.
PIECE = st.sampled_from([
    b"{", b"}", b"[", b"]", b":", b",", b'"', b"'", b"\\", b"\\ud83d", b"\n", b"\r", b"\t", b"\x00", b"\xff", b"\xef\xbb\xbf",
    b"\xc2\x85",
    b"1e999", b"-1", b"0", b"NaN", b"null", b"true", b"9" * 400, b"id", b"explanation", b"response", b'"id":"a"', b"- ", b"&a ",
    b"*a", b"!!python/object:os.system ", b"!!binary ", b"!!set ", b"<<: ", b"? ", b"2001-01-01", b"|", b"---\n", b"%YAML 1.1\n",
    b"{{", b"}}", b"{%", b"%}", b"{#", b"__class__", b" if ", b" for x in ",
    b"sID,sentence,is_stressor,top_label,avg_severity,Source\n", b"explanation,response,er,ip,ex\n", b"1,x,1,Work,nan,y\n",
]) | st.binary(max_size=12)
NEAR = st.lists(PIECE, max_size=30).map(b"".join)
EDITS = st.lists(st.tuples(st.sampled_from(["put", "cut", "copy"]), st.integers(0, 5000), st.integers(0, 40), PIECE), max_size=5)

PAIR = pair_of().model_dump_json().encode() + b"\n"
SEEDS = b"sID,sentence,is_stressor,top_label,avg_severity,Source\n1,I am late,1,Work,3.5,x\n2,\"a, b\",0,School,,y\n"
PAIRS = b"explanation,response,er,ip,ex\nI am late,That is hard,1,0,2\nb,\"c\nd\",0,0,0\n"
YAML = b"""profile: p
split:  # a comment
  validation: 0.12
  test: &t 0.2
  seed: 29
more: [a, {b: *t}, 'c']
text: |
  two
  lines
"""
PROMPT = b"""{% block system %}Be kind.{% endblock %}
{% block user %}{{ story | trim }}{% if seed %}, {{ seed }}{% endif %}{% endblock %}"""
ADAPTER = b'{"peft_type": "LORA", "auto_mapping": null, "base_model_name_or_path": "m", "r": 16}'
DECISIONS = b"id,content_hash,decision,reason,note\na,0123456789abcdef,keep,,\nb,0123456789abcdef,drop,r,n\n"
METRICS = b'{"rows_in": 9, "rows_out": 7, "dropped": {"exact": 2}}'


def section(path: Path) -> object:
    """As a stage reads its own of params.yaml."""
    (path.parent / "profiles").mkdir(exist_ok=True)
    (path.parent / "profiles/p.yaml").write_text("split: {seed: 3}\n")
    return read_params(path).section("split", Split)


def sentences(path: Path) -> object:
    return read_sentences(path, SEED_COLUMNS)


#: The name of a file, who reads it, and a good one.
READERS: list[tuple[str, Callable[[Path], object], bytes]] = [
    ("r.jsonl", lambda path: read_records(path, Pair), PAIR), ("s.jsonl", lambda path: read_records(path, Exchange), PAIR),
    ("t.csv", lambda path: read_csv(path, ("sID",)), SEEDS), ("u.csv", sentences, SEEDS),
    ("v.csv", lambda path: read_labelled(path, dimensions=DIMENSIONS), PAIRS),
    ("w.zip", sentences, b"PK\x03\x04"), ("x.yaml", read_mapping, YAML), ("params.yaml", section, YAML),
    ("y.json", lambda path: read_metrics(path, RowMetrics), METRICS), ("z.jinja", load_prompt, PROMPT),
    ("d.csv", read_decisions, DECISIONS), ("adapter_config.json", lambda path: adapter_config(path.parent), ADAPTER),
]


def damaged(good: bytes, edits: list[tuple[str, int, int, bytes]]) -> bytes:
    """`good` with a few bytes put in, cut out, or copied to the end."""
    for what, place, length, piece in edits:
        place %= len(good) + 1
        if what == "put":
            good = good[:place] + piece + good[place:]
        elif what == "cut":
            good = good[:place] + good[place + length :]
        else:
            good += good[place : place + length]
    return good


@pytest.mark.parametrize(("name", "read", "good"), READERS, ids=[name for name, _, _ in READERS])
def test_a_good_file_is_read(name: str, read: Callable[[Path], object], good: bytes, tmp_path: Path) -> None:
    (tmp_path / "adapter_model.safetensors").touch()
    (tmp_path / name).write_bytes(good)
    if name != "w.zip":
        read(tmp_path / name)


@pytest.mark.parametrize(("name", "read", "good"), READERS, ids=[name for name, _, _ in READERS])
@FUZZED
@given(data=st.data())
def test_no_reader_ends_in_a_traceback(
    name: str, read: Callable[[Path], object], good: bytes, data: st.DataObject, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(data.draw(NEAR | EDITS.map(lambda edits: damaged(good, edits))))
    try:
        read(tmp_path / name)
    except SynthempathyError as error:
        assert name in str(error) or "adapter" in name


@FUZZED
@given(edits=st.lists(st.tuples(st.integers(0, 6000), st.integers(0, 255)), max_size=8), part=st.none() | EDITS)
def test_no_damaged_sheet_ends_in_a_traceback(
    edits: list[tuple[int, int]], part: list[tuple[str, int, int, bytes]] | None, tmp_path: Path
) -> None:
    """Bytes of the workbook changed anywhere; or its sheet's XML edited, in a sound archive."""
    from zipfile import ZIP_DEFLATED, ZipFile

    from openpyxl import Workbook

    book = Workbook()
    book.active.append(["sID", "sentence", "is_stressor", "top_label", "avg_severity", "Source"])
    book.active.append([1, "I am late", 1, "Work", 3, "x"])
    book.save(tmp_path / "S.xlsx")
    if part is not None:
        with ZipFile(tmp_path / "S.xlsx") as sound:
            parts = {name: sound.read(name) for name in sound.namelist()}
        parts["xl/worksheets/sheet1.xml"] = damaged(parts["xl/worksheets/sheet1.xml"], part)
        with ZipFile(tmp_path / "S.xlsx", "w", ZIP_DEFLATED) as archive:
            for name, content in parts.items():
                archive.writestr(name, content)
    sheet = bytearray((tmp_path / "S.xlsx").read_bytes())
    for place, value in edits if part is None else ():
        sheet[place % len(sheet)] = value
    with ZipFile(tmp_path / "S.zip", "w") as archive:
        archive.writestr("S.xlsx", bytes(sheet))
    try:
        read_sentences(tmp_path / "S.zip", SEED_COLUMNS)
    except InputError as error:
        assert "S.zip" in str(error)


#: JSON of any kind, most of it under the names that answers hold.
NAMES = st.sampled_from([
    "choices", "message", "content", "finish_reason", "usage", "prompt_tokens", "completion_tokens", "reasoning", "refusal",
    "reasoning_content", "error", "code", "type", "text", "param", "model", "system_fingerprint", "index", "detail",
]) | st.text(string.printable, max_size=4)
ANY_JSON: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.sampled_from(["stop", "text", 10**400]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=12,
)
CHOICE = st.fixed_dictionaries({"message": ANY_JSON, "finish_reason": ANY_JSON})
ANSWER = st.fixed_dictionaries({"choices": st.lists(CHOICE | ANY_JSON, max_size=2), "usage": ANY_JSON, "model": ANY_JSON})
BODY = NEAR | (ANY_JSON | ANSWER).map(lambda value: json.dumps(value).encode())


@FUZZED
@given(body=BODY, status=st.sampled_from([200, 400, 429, 500]))
def test_no_answer_of_a_server_ends_in_a_traceback(body: bytes, status: int) -> None:
    import httpx2 as httpx

    from synthempathy.llm.backends.openai_replies import Reply, TryAgain, error_message, fault_of, one_line, read_reply

    response = httpx.Response(status, content=body)
    assert one_line(error_message(response)).isprintable()
    fault_of(response)
    with suppress(TryAgain):
        assert isinstance(read_reply("row", response, 10), Reply)
