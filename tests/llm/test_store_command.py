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
            main(["store", *map(str, words), "--store", str(store)])
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


def other_store(path, *keys, text="from elsewhere"):
    with Store(path) as store:
        for key in keys:
            store.add(key, Completion("row", text, "stop", 5, 10), 100, BY)
    return path


def test_merge_takes_good_answers_and_keeps_its_own(run, tmp_path):
    one = other_store(tmp_path / "one.sqlite", "second", "third", "bad")
    two = other_store(tmp_path / "two.sqlite", "third", "fourth")
    with sqlite3.connect(one) as db:
        db.execute("UPDATE answers SET text = 'other' WHERE key = 'bad'")
    before = one.read_bytes()
    code, said = run("merge", run.path, one, two)
    assert code == 0
    assert said.splitlines() == [
        f"{one}: 1 answers taken, 1 there before, 1 damaged left out", f"{two}: 1 answers taken, 1 there before",
        f"4 answers in {run.path}",
    ]
    with Store(run.path) as store:
        found = store.find(dict.fromkeys(("first", "second", "third", "fourth", "bad"), 100))
    assert {key: answer.text for key, answer in found.items()} == {
        "first": "hello", "second": "hello", "third": "from elsewhere", "fourth": "from elsewhere",
    }
    assert one.read_bytes() == before
    assert run("verify")[0] == 0


def test_merge_refuses_what_is_no_store_before_it_writes(run, tmp_path):
    (tmp_path / "text").write_text("no database, but long enough to be looked at as one" * 20)
    old = other_store(tmp_path / "old.sqlite", "k")
    with sqlite3.connect(old) as db:
        db.execute("PRAGMA user_version = 1")
    assert run("merge")[0] == run("merge", run.path)[0] == 1
    for other in (tmp_path / "none", run.path, tmp_path / "text", old):
        assert run("merge", run.path, other)[0] == 1
    assert run("show")[1].endswith("MB\n") and "2 answers" in run("show")[1]
