"""The command of the store: shows what is in it, verifies the checksums, prunes what it is told to."""

import sqlite3

import pytest

from synthempathy.cli import main
from synthempathy.core.errors import InputError
from synthempathy.llm.backends import Completion
from synthempathy.llm.store import Provenance, Store, checksum
from synthempathy.llm.store_merge import merge
from synthempathy.llm.store_schema import COLUMNS

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


def made_by(path, *statements):
    """A database that calls itself a store."""
    with sqlite3.connect(path) as db:
        for statement in (*statements, "PRAGMA user_version = 2"):
            db.execute(statement)
    return path


ENDLESS = "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT "


@pytest.mark.parametrize("statement", [
    "CREATE TABLE answers (key TEXT, text TEXT, finish_reason TEXT)", "CREATE TABLE other (key TEXT)",
    f"CREATE VIEW answers AS {ENDLESS} n FROM r",
    f"CREATE VIEW answers AS {ENDLESS} {', '.join(f'n AS {c}' for c in COLUMNS)} FROM r",
    f"CREATE TABLE answers ({', '.join(COLUMNS[::-1])})", f"CREATE TABLE answers ({', '.join(COLUMNS)}, more)",
    f"CREATE TABLE answers ({', '.join(COLUMNS[:-1])}, kwh AS (zeroblob(1000000000)))",
])
def test_what_is_no_store_of_ours_is_refused_unread_in_one_line(run, tmp_path, statement):
    strange = made_by(tmp_path / "strange.sqlite", statement)
    if statement.startswith("CREATE TABLE answers (key TEXT,"):
        with sqlite3.connect(strange) as db:
            db.execute("INSERT INTO answers VALUES ('a', 'b', 'stop')")
    with Store(run.path) as store, pytest.raises(InputError, match=r"strange\.sqlite: field 'answers': not a store: .*was read$"):
        merge(store, strange)
    assert run("merge", run.path, strange)[0] == 1
    assert run("show")[0] == 0 and "2 answers" in run("show")[1]
    assert run("show", store=strange)[0] == 0  # put aside, as any damaged one is; the file is kept
    assert (tmp_path / "strange.sqlite.damaged").exists()


@pytest.mark.parametrize(("column", "value"), [
    ("model", 7), ("model", b"x"), ("step", 1.5), ("seconds", "long"), ("kwh", "x"), ("max_tokens", "many"),
    ("max_tokens", 2**62),
    ("completion_tokens", 2**62), ("prompt_tokens", -1), ("finish_reason", "because"), ("text", b"\xff"), ("key", None),
    ("kwh", 9e999),
])
def test_rows_of_other_kinds_are_left_out_and_cost_the_others_nothing(run, tmp_path, column, value):
    other = other_store(tmp_path / "other.sqlite", "odd", "good")
    with sqlite3.connect(other) as db:  # a table without types keeps what it is given
        rows = [list(row) for row in db.execute("SELECT * FROM answers")]
        rows[0][COLUMNS.index(column)] = value
        rows[0][6] = checksum(*rows[0][:5]) if column != "text" else rows[0][6]
        db.execute("DROP TABLE answers")
        db.execute(f"CREATE TABLE answers ({', '.join(COLUMNS)})")
        db.executemany(f"INSERT INTO answers VALUES ({','.join('?' * 12)})", rows)
    code, said = run("merge", run.path, other)
    assert (code, said.splitlines()[0]) == (0, f"{other}: 1 answers taken, 0 there before, 1 damaged left out")
    assert run("show")[0] == run("verify")[0] == 0
    assert run("verify", store=other)[0] == 1 and run("show", store=other)[0] in (0, 1)
    with Store(other) as store:
        assert set(store.find({"odd": 100, "good": 100})) == {"good"}
    if column != "key":
        assert run("prune", store=other)[1] == "1 rows deleted\n"


def test_bytes_that_are_no_text_cost_their_row_alone(run, tmp_path):
    other = other_store(tmp_path / "other.sqlite", "odd", "good")
    with sqlite3.connect(other) as db:
        db.execute("UPDATE answers SET text = CAST(X'ff' AS TEXT) WHERE key = 'odd'")
    assert "1 answers taken, 0 there before, 1 damaged" in run("merge", run.path, other)[1]
