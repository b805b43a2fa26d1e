"""The command of the store: shows what is in it, verifies the checksums, prunes what it is told to."""

import sqlite3

import pytest

from synthempathy.cli import main
from synthempathy.llm.backends import Completion
from synthempathy.llm.store import Provenance, Store

BY = Provenance("explain", "models/a", "transformers 5.19.0", seconds=1.25, kwh=None)


@pytest.fixture
def run(tmp_path, capsys):
    """The command on a store of two answers; its exit code and what it printed."""
    path = tmp_path / "s.sqlite"
    with Store(path) as store:
        for key in ("first", "second"):
            store.add(key, Completion("row", "hello", "stop", 5, 10), 100, BY)

    def run(*words, store=path):
        try:
            main(["store", *words, "--store", str(store)])
            code = 0
        except SystemExit as end:
            code = 1 if isinstance(end.code, str) else end.code
        return code, capsys.readouterr().out

    run.path = path
    return run


def test_show_sums_up_by_step_model_and_engine(run):
    code, said = run("show")
    assert code == 0
    assert all(word in said for word in ("explain", "models/a", "transformers 5.19.0", "stop", "20", "2.5", "2 answers"))


def test_verify_fails_until_damage_is_pruned(run):
    assert run("verify") == (0, "0 damaged rows\n")
    with sqlite3.connect(run.path) as db:
        db.execute("UPDATE answers SET text = 'other' WHERE key = 'first'")
    assert run("verify")[0] == 1
    assert run("prune") == (0, "1 rows deleted\n")
    assert run("verify")[0] == 0


def test_prune_deletes_what_step_model_or_all_name(run):
    assert run("prune")[1] == "0 rows deleted\n"
    assert run("prune", "--step", "respond")[1] == "0 rows deleted\n"
    assert run("prune", "--step", "explain", "--model", "models/b")[1] == "0 rows deleted\n"
    assert run("prune", "--step", "explain")[1] == "2 rows deleted\n"


def test_prune_all(run):
    assert run("prune", "--all")[1] == "2 rows deleted\n"


def test_no_store(run, tmp_path):
    assert run("show", store=tmp_path / "none.sqlite") == (1, "")
