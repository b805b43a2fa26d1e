"""The command and its verbs: help, exit codes, errors in one line, a light start."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from synthempathy.cli import VERBS, main

HEAVY = ("torch", "transformers", "sklearn", "scipy", "rich", "pandas", "dvc")
HERE = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}  # as where the package is not installed


def python(*words, cwd=None):
    return subprocess.run([sys.executable, *words], cwd=cwd, env=HERE, capture_output=True, text=True)


def test_help_names_every_verb_and_imports_none_of_them():
    done = python("-X", "importtime", "-m", "synthempathy", "--help")
    assert done.returncode == 0
    assert all(verb in done.stdout and line in " ".join(done.stdout.split()) for verb, (_, line) in VERBS.items())
    imported = {line.rsplit("|", 1)[1].strip() for line in done.stderr.splitlines() if "|" in line}
    assert not imported & {*HEAVY, "numpy", *(module for module, _ in VERBS.values())}


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_a_verb_is_its_docstring_and_imports_nothing_heavy(verb):
    code = (
        "import sys\nfrom synthempathy.cli import main\n"
        f"try:\n    main(['{verb}', '--help'])\nexcept SystemExit as end:\n    assert end.code == 0\n"
        f"print(sorted(set(sys.modules) & set({HEAVY!r})))"
    )
    done = python("-c", code)
    assert done.returncode == 0, done.stderr
    assert f"synthempathy {verb} " in done.stdout and "options:" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    "words",
    [
        ("score", "pairs.jsonl", "scored.jsonl"), ("compare", "a.jsonl", "b.jsonl"), ("review",), ("store", "show"),
        ("prompts", "plain"), ("summary",), ("deps",), ("docs", "README.md"),
    ],
    ids=lambda words: words[0],
)
def test_an_error_is_one_line_and_code_1(words, tmp_path):
    done = python("-m", "synthempathy", *words, cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    assert done.stderr.startswith("error: ")


@pytest.mark.parametrize("words", [(), ("scores",), ("store", "shw"), ("docs",), ("summary", "--fast")])
def test_wrong_usage_is_code_2(words, capsys):
    with pytest.raises(SystemExit) as end:
        main(list(words))
    assert end.value.code == 2
    assert "usage: synthempathy" in capsys.readouterr().err
