"""The pins: what follows from pip's report, what the committed files hold, and what `.ci/install` takes of them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

from synthempathy.core.errors import InputError
from synthempathy.project.pins import constraints, lock, needed, read_report, who_needs
from synthempathy.project.sbom import bill_of_materials, licence
from tests.helpers.pairs import ROOT

LOCK = (ROOT / "requirements.lock").read_text()
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
#: name, version, requires, the file's hash, the metadata's other fields.
RESOLVED: list[tuple[str, str, list[str], str, dict[str, Any]]] = [
    ("synthempathy", "0.1.0", ["torch==2.13.0", "My.Lib>=1", 'Deep[more]; extra == "qlora"', 'tool; extra == "dev"',
                               'old; python_version < "3"'],
     "0", {"provides_extra": ["dev", "qlora"], "license_expression": "MIT"}),
    ("torch", "2.13.0+cpu", ["sympy", "nvidia-cublas"], "a", {"license_expression": "BSD-3-Clause"}),
    ("nvidia-cublas", "13.0", [], "b", {}),
    ("sympy", "1.14.0", [], "c", {"license": "BSD"}),
    ("My_Lib", "1.2", [], "d", {"classifier": ["License :: OSI Approved", "License :: OSI Approved :: MIT License"]}),
    ("Deep", "3.0", ['shallow; extra == "more"'], "e", {"license": "a\nlong text"}),
    ("shallow", "0.1", [], "f", {}),
    ("tool", "9", [], "1", {}),
    ("setuptools", "84", [], "2", {}),
]
HASHES = "".join(f"{name.lower().replace('_', '-')}=={version.split('+')[0]} \\\n    --hash=sha256:{'9' if sha == 'f' else sha}\n"
                 for name, version, _, sha, _ in RESOLVED)


@pytest.fixture
def report(tmp_path: Path) -> Path:
    installs = [
        {"metadata": {"name": name, "version": version, "requires_dist": requires, **about},
         "download_info": {"archive_info": {"hashes": {"sha256": sha}}}}
        for name, version, requires, sha, about in RESOLVED
    ]
    (tmp_path / "report.json").write_text(json.dumps({"install": installs}))
    return tmp_path / "report.json"


def test_the_pins_of_a_report(report: Path) -> None:
    packages = read_report(report)
    assert needed(packages) == {"synthempathy", "torch", "nvidia-cublas", "sympy", "my-lib"}
    assert who_needs(packages)["shallow"] == ["qlora"] and who_needs(packages)["my-lib"] == ["base"]
    assert constraints(packages).splitlines()[1:] == [
        "Deep==3.0", "My_Lib==1.2", "nvidia-cublas==13.0", "shallow==0.1", "sympy==1.14.0", "tool==9", "torch==2.13.0",
    ]
    locked = re.findall(r"^# for: (.*)\n([\w-]+)==", lock(packages, HASHES), re.MULTILINE)
    # without torch and what only its CUDA builds want, and without a package whose file here is not the index's
    assert locked == [("base", "sympy"), ("base", "my-lib"), ("qlora", "deep"), ("dev", "tool")]


@pytest.mark.parametrize("text", ["{", "[]", '{"install": [{}]}', '{"install": []}'])
def test_what_is_no_report_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "r").write_text(text)
    with pytest.raises(InputError, match=r"/r: (not a report of pip|does not hold synthempathy)"):
        read_report(tmp_path / "r")


def test_the_bill_is_the_same_each_time_and_leaves_out_what_touches_no_row(report: Path) -> None:
    text = bill_of_materials(read_report(report))
    assert text == bill_of_materials(read_report(report))
    bill = json.loads(text)
    assert "serialNumber" not in bill and "timestamp" not in bill["metadata"]
    assert {one["name"]: one["scope"] for one in bill["components"]} == {
        "torch": "required", "nvidia-cublas": "required", "sympy": "required", "My_Lib": "required", "Deep": "optional",
        "shallow": "optional",
    }
    assert {one["ref"]: one.get("dependsOn") for one in bill["dependencies"]}["pkg:pypi/torch@2.13.0"] == [
        "pkg:pypi/nvidia-cublas@13.0", "pkg:pypi/sympy@1.14.0",
    ]


@pytest.mark.parametrize(("metadata", "stated"), [
    ({"license_expression": "MIT OR Apache-2.0", "license": "x"}, "MIT OR Apache-2.0"), ({"license": "Apache 2.0"}, "Apache-2.0"),
    ({"license": "BSD"}, "BSD"), ({"license": "a\nb", "classifier": ["License :: OSI Approved :: MIT License"]}, "MIT"),
    ({"classifier": [f"License :: OSI Approved :: {name}" for name in ("GPL (a)", "LGPL (b)")]}, "GPL (a) / LGPL (b)"),
    ({}, "not stated"),
])
def test_the_licence_is_the_metadatas(metadata: dict[str, Any], stated: str) -> None:
    found = licence(metadata)
    assert stated in (getattr(found, "value", None), getattr(found, "id", None), getattr(found, "name", None))


def pins_of(text: str) -> dict[str, str]:
    found = re.findall(r"^([A-Za-z0-9][\w.-]*)==([^\s\\]+)", text, re.MULTILINE)
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in found}


def test_the_committed_pins_agree_and_name_no_index() -> None:
    pins, locked = pins_of((ROOT / "constraints.txt").read_text()), pins_of(LOCK)
    assert locked.items() <= pins.items()
    assert "torch" in pins and len(locked) > 0.95 * len(pins)
    for block in re.split(r"^# for: .*\n", LOCK, flags=re.MULTILINE)[1:]:
        assert re.fullmatch(r"\S+==\S+( \\\n    --hash=sha256:[0-9a-f]{64})+\n", block)
    for name in ("constraints.txt", "requirements.lock", ".ci/constraints-vllm.txt", "synthempathy/release/sbom.cdx.json"):
        assert not re.search(r"https?://(?!cyclonedx\.org/schema/)|--index|--find-links", (ROOT / name).read_text())
    bill = json.loads((ROOT / "synthempathy/release/sbom.cdx.json").read_text())
    assert {one["purl"].removeprefix("pkg:pypi/") for one in bill["components"]} <= {f"{n}@{v}" for n, v in pins.items()}


def test_every_requirement_has_its_pin() -> None:
    """A dependency was added without `make constraints`, if this fails."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *(one for extra, some in EXTRAS.items() if extra != "vllm" for one in some)]
    names = {re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", one)[0]).lower() for one in wanted}
    assert not names - pins_of((ROOT / "constraints.txt").read_text()).keys()
    assert "vllm" in pins_of((ROOT / ".ci/constraints-vllm.txt").read_text())


def install(tmp_path: Path, extras: str, **environment: str) -> tuple[list[list[str]], str]:
    """What `.ci/install` asks of pip, with the contents of the files that it names; and what it said."""
    fake = tmp_path / "bin/python"
    fake.parent.mkdir()
    fake.write_text('#!/bin/sh\nfor one in "$@"; do [ -f "$one" ] && cp "$one" "$OUT"; done\necho "$@" >> "$OUT/calls"\n')
    fake.chmod(0o755)
    ended = subprocess.run(
        ["bash", ROOT / ".ci/install", extras], capture_output=True, text=True,
        env=os.environ | {"VENV": str(tmp_path), "OUT": str(tmp_path), **environment},
    )
    calls = (tmp_path / "calls").read_text().splitlines() if (tmp_path / "calls").exists() else []
    return [call.split() for call in calls], ended.stderr


def test_files_are_checked_by_hash_then_the_rest_is_taken_by_version(tmp_path: Path) -> None:
    (hashed, rest), _ = install(tmp_path, "dev")
    assert {"--require-hashes", "--no-deps"} < {*hashed} and "--editable" in rest and ".[dev]" in rest
    taken = pins_of((tmp_path / "lock").read_text())
    assert {"pytest", "dvc", "ray"} <= taken.keys() and not {"torch", "bitsandbytes", "datatrove"} & taken.keys()
    assert pins_of((tmp_path / "constraints").read_text()) == pins_of((ROOT / "constraints.txt").read_text())


def test_an_extra_adds_its_own_and_vllms_pins_win(tmp_path: Path) -> None:
    (_, rest), _ = install(tmp_path, "qlora,vllm")
    taken = pins_of((tmp_path / "lock").read_text())
    theirs = pins_of((ROOT / ".ci/constraints-vllm.txt").read_text())
    assert "bitsandbytes" in taken and "pytest" not in taken and not theirs.keys() & taken.keys()
    assert not theirs.keys() & pins_of((tmp_path / "constraints").read_text()).keys()
    assert ".ci/constraints-vllm.txt" in rest


def test_an_extra_that_is_not_there_is_named(tmp_path: Path) -> None:
    calls, said = install(tmp_path, "qlroa")
    assert not calls and "no extra 'qlroa'; there are: vllm ray" in said


def test_every_command_that_is_shown_installs_at_the_pins() -> None:
    shown = subprocess.run(
        ["git", "grep", "-nE", r"pip install|EXTRAS=[a-z{]", "--", ":!tests", ":!.ci", ":!synthempathy/project/pins.py"],
        cwd=ROOT, capture_output=True, text=True,
    ).stdout.splitlines()
    assert shown
    for line in shown:
        extras = re.findall(r"EXTRAS=([a-z0-9{}]+(?:,[a-z0-9]+)*)", line)
        assert "pip install" not in line, line
        assert all(extra in EXTRAS or extra == "{package}" for one in extras for extra in one.split(",")), line
