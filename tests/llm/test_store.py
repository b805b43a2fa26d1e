"""The store: found again under the same key alone; damage costs the damaged rows; max_tokens as people expect."""

import hashlib
import os
import signal
import sqlite3
import subprocess
import sys

from synthempathy.llm.backends import Completion
from synthempathy.llm.store import Provenance, Store

PROVENANCE = Provenance("explain", "models/a", "transformers 5.19.0", seconds=1.25, kwh=None)
LIMIT = 100  # max_tokens


def answer(text="hello", reason="stop", tokens=10):
    return Completion("row", text, reason, 5, tokens)


def filled(store):
    """600 completions under keys that spread as real ones do: enough for several pages of the file. What was asked for."""
    keys = [hashlib.sha256(str(n).encode()).hexdigest() for n in range(600)]
    for key in keys:
        store.add(key, answer(f"text {key} " * 5), LIMIT)
    return dict.fromkeys(keys, LIMIT)


def test_an_answer_is_found_again_after_reopening(tmp_path):
    with Store(tmp_path / "s.sqlite") as store:
        store.add("a", answer(), LIMIT)
    with Store(tmp_path / "s.sqlite") as store:
        assert store.find({"a": LIMIT, "b": LIMIT})["a"].text == "hello"


def test_max_tokens_keeps_finished_answers_and_redoes_cut_ones(tmp_path):
    with Store(tmp_path / "s.sqlite") as store:
        store.add("finished", answer(tokens=10), 100)
        store.add("cut", answer(reason="length", tokens=100), 100)
        assert set(store.find({"finished": 100, "cut": 100})) == {"finished", "cut"}
        assert set(store.find({"finished": 200, "cut": 200})) == {"finished"}
        assert store.find({"finished": 5}) == {}


def test_a_damaged_row_is_not_served(tmp_path):
    with Store(tmp_path / "s.sqlite") as store:
        store.add("good", answer(), 100)
        store.add("bad", answer(), 100)
    with sqlite3.connect(tmp_path / "s.sqlite") as db:
        db.execute("UPDATE answers SET text = 'other' WHERE key = 'bad'")
    with Store(tmp_path / "s.sqlite") as store:
        assert set(store.find({"good": 100, "bad": 100})) == {"good"}


def test_a_file_that_is_no_database_is_moved_aside(tmp_path, capsys):
    (tmp_path / "s.sqlite").write_bytes(b"not a database at all, but long enough to be read as one" * 50)
    with Store(tmp_path / "s.sqlite") as store:
        assert store.find({"a": 100}) == {}
    assert (tmp_path / "s.sqlite.damaged").exists()
    assert "damaged" in capsys.readouterr().err


def test_a_kill_right_after_an_answer_loses_nothing(tmp_path):
    code = (
        "import os, signal, sys; from pathlib import Path; from synthempathy.llm.backends import Completion;"
        "from synthempathy.llm.store import Store; s = Store(Path(sys.argv[1]));"
        "[s.add(f'k{i}', Completion('r', 't', 'stop', 1, 1), 10) for i in range(50)]; os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "s.sqlite")], cwd=os.getcwd())
    assert done.returncode == -signal.SIGKILL
    with Store(tmp_path / "s.sqlite") as store:
        assert len(store.keys()) == 50


def test_two_stores_at_once_see_each_others_rows(tmp_path):
    with Store(tmp_path / "s.sqlite") as first, Store(tmp_path / "s.sqlite") as second:
        first.add("one", answer("one"), 100)
        second.add("two", answer("two"), 100)
        for store in (first, second):
            assert len(store.find({"one": 100, "two": 100})) == 2


def test_pages_overwritten_in_the_middle_cost_the_rows_on_them_alone(tmp_path, capsys):
    path = tmp_path / "s.sqlite"
    with Store(path) as store:
        asked = filled(store)
    size = path.stat().st_size
    with path.open("r+b") as stream:  # two pages of 4096 bytes, away from the file's head
        for page in (size // 4096 // 3, size // 4096 // 2):
            stream.seek(page * 4096)
            stream.write(b"\xff" * 4096)
    with Store(path) as store:
        found = store.find(asked)
        assert 520 <= len(found) < 600
        assert all(completion.text == f"text {key} " * 5 for key, completion in found.items())
        lost = next(key for key in asked if key not in found)
        store.add(lost, answer("anew"), 100)
        assert store.find({lost: 100})[lost].text == "anew"
        assert len(store.keys()) == len(found) + 1
    assert "answers saved" in capsys.readouterr().err


def test_a_damaged_index_costs_no_row(tmp_path, capsys):
    path = tmp_path / "s.sqlite"
    with Store(path) as store:
        asked = filled(store)
    with sqlite3.connect(path) as db:
        (root,) = db.execute("SELECT rootpage FROM sqlite_master WHERE type = 'index'").fetchone()
    with path.open("r+b") as stream:
        stream.seek((root - 1) * 4096)
        stream.write(b"\xff" * 4096)
    with Store(path) as store:
        assert len(store.find(asked)) == 600
    assert "600 answers saved" in capsys.readouterr().err


def test_a_store_whose_rows_lie_by_key_goes_on_as_it_is(tmp_path):
    """So stores were made before: nothing in them is lost."""
    path = tmp_path / "s.sqlite"
    with Store(path) as store:
        (table,) = store._db.execute("SELECT sql FROM sqlite_master WHERE name = 'answers'").fetchone()
        store._db.execute("DROP TABLE answers")
        store._db.execute(f"{table} WITHOUT ROWID")
        asked = filled(store)
    with Store(path) as store:
        assert len(store.find(asked)) == 600
        store._replace_damaged(sqlite3.DatabaseError("as if"))
        assert len(store.find(asked)) == 600


def test_a_store_of_another_version_is_set_aside_not_misread(tmp_path, capsys):
    path = tmp_path / "s.sqlite"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE answers (key TEXT PRIMARY KEY, text TEXT)")
        db.execute("INSERT INTO answers VALUES ('k', 't')")
    db.close()
    with Store(path) as store:
        assert store.keys() == []
    assert (tmp_path / "s.sqlite.damaged").exists()
    assert "another version" in capsys.readouterr().err


def test_two_processes_write_at_once_and_lose_nothing(tmp_path):
    code = (
        "import sys; from pathlib import Path; from synthempathy.llm.backends import Completion;"
        "from synthempathy.llm.store import Store; s = Store(Path(sys.argv[1]));"
        "[s.add(f'{sys.argv[2]}{i}', Completion('r', 't', 'stop', 1, 1), 10) for i in range(300)]"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "s.sqlite"), name]) for name in ("a", "b")
    ]
    assert [process.wait() for process in processes] == [0, 0]
    with Store(tmp_path / "s.sqlite") as store:
        assert len(store.keys()) == 600
        assert store.damaged() == []


def test_many_open_a_new_store_at_the_same_moment(tmp_path):
    code = (
        "import sys; from pathlib import Path; from synthempathy.llm.backends import Completion;"
        "from synthempathy.llm.store import Store;"
        "print('ready', flush=True); sys.stdin.readline();"
        "[Store(Path(sys.argv[1]) / f's{i}.sqlite').add(sys.argv[2], Completion('r', 't', 'stop', 1, 1), 10)"
        " for i in range(40)]"
    )
    names = ["a", "b", "c", "d"]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path), name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) for name in names
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        process.communicate()  # closes the pipes
    assert [process.returncode for process in processes] == [0] * 4
    assert not list(tmp_path.glob("*.damaged"))
    for number in range(40):
        with Store(tmp_path / f"s{number}.sqlite") as store:
            assert store.keys() == names


def test_a_store_that_another_process_set_aside_is_left_for_the_new_one(tmp_path, capsys):
    path = tmp_path / "s.sqlite"
    with Store(path) as store, Store(path) as other:
        other._replace_damaged(sqlite3.DatabaseError("as if"))
        store.add("a", answer(), 100)
        assert other.keys() == ["a"]
        assert other.find({"a": 100})
    assert capsys.readouterr().err.count("is damaged") == 1


def test_the_cost_of_an_answer_stays_with_it(tmp_path):
    with Store(tmp_path / "s.sqlite") as store:
        store.add("a", answer(tokens=50), 100, PROVENANCE)
        store.add("b", answer(tokens=150), 200, PROVENANCE)
        kept = store.find({"a": 100})["a"]
        assert (kept.seconds, kept.kwh) == (1.25, None)
        assert store.pace("explain", "models/a") is None  # two rows say nothing of thousands
        for key in ("c", "d", "e"):
            store.add(key, answer(tokens=100), 100, PROVENANCE)
        assert store.pace("explain", "models/a") == (5, 100, 80)
        assert store.pace("respond", "models/a") is None


def test_on_a_network_file_system_there_is_no_wal_and_it_is_said_once(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("synthempathy.llm.store.network_file_system", lambda path: "nfs4")
    path = tmp_path / "s.sqlite"
    with Store(path) as store:
        store.add("k", Completion("k", "text", "stop", 1, 1), 9)
        assert not path.with_name("s.sqlite-wal").exists()
    assert capsys.readouterr().err.count("is on nfs4: it is kept in journal mode delete") == 1
