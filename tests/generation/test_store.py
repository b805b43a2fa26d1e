"""The store: found again under the same key alone; damage costs the damaged rows; max_tokens as people expect."""

import sqlite3

from hypothesis import given
from hypothesis import strategies as st

from stages.common.sections import Sampling
from stages.generation.engines import Completion
from stages.generation.store import Question, Store

SAMPLING = Sampling(temperature=0.9, top_p=0.95, max_tokens=100, seed=1)


def question(**changes):
    base = {
        "backend": "transformers/float32",
        "model": "sha256:a",
        "messages": [{"role": "user", "content": "x"}],
        "sampling": SAMPLING,
        "sample": 0,
        "attempt": 0,
    }
    return Question(**(base | changes))


def sampling(**changes):
    return SAMPLING.model_copy(update=changes)


def answer(text="hello", reason="stop", tokens=10):
    return Completion("row", text, reason, 5, tokens)


def test_an_answer_is_found_again_after_reopening(tmp_path):
    q = question()
    with Store(tmp_path / "s.sqlite") as store:
        store.add(q.key, answer(), 100)
    with Store(tmp_path / "s.sqlite") as store:
        assert store.find([q])[q.key].text == "hello"


@given(
    st.sampled_from(
        [
            {"backend": "vllm/float32"},
            {"model": "sha256:b"},
            {"messages": [{"role": "user", "content": "y"}]},
            {"messages": [{"role": "system", "content": "x"}]},
            {"sampling": sampling(temperature=0.8)},
            {"sampling": sampling(top_p=0.9)},
            {"sampling": sampling(seed=2)},
            {"sample": 1},
            {"attempt": 1},
        ]
    )
)
def test_all_that_determines_a_text_is_in_the_key(change):
    assert question(**change).key != question().key


def test_max_tokens_keeps_finished_answers_and_redoes_cut_ones(tmp_path):
    finished, cut = question(), question(sample=1)
    raised = {"sampling": sampling(max_tokens=200)}
    with Store(tmp_path / "s.sqlite") as store:
        store.add(finished.key, answer(tokens=10), 100)
        store.add(cut.key, answer(reason="length", tokens=100), 100)
        assert set(store.find([finished, cut])) == {finished.key, cut.key}
        assert set(store.find([question(**raised), question(sample=1, **raised)])) == {finished.key}
        assert store.find([question(sampling=sampling(max_tokens=5))]) == {}


def test_a_damaged_row_is_not_served(tmp_path):
    good, bad = question(), question(sample=1)
    with Store(tmp_path / "s.sqlite") as store:
        store.add(good.key, answer(), 100)
        store.add(bad.key, answer(), 100)
    with sqlite3.connect(tmp_path / "s.sqlite") as db:
        db.execute("UPDATE answers SET text = 'other' WHERE key = ?", (bad.key,))
    with Store(tmp_path / "s.sqlite") as store:
        assert set(store.find([good, bad])) == {good.key}


def test_a_file_that_is_no_database_is_moved_aside(tmp_path, capsys):
    (tmp_path / "s.sqlite").write_bytes(b"not a database at all, but long enough to be read as one" * 50)
    with Store(tmp_path / "s.sqlite") as store:
        assert store.find([question()]) == {}
    assert (tmp_path / "s.sqlite.damaged").exists()
    assert "damaged" in capsys.readouterr().err


def test_a_kill_right_after_an_answer_loses_nothing(tmp_path):
    import os
    import signal
    import subprocess
    import sys

    code = (
        "import os, signal, sys; from pathlib import Path; from stages.generation.engines import Completion;"
        "from stages.generation.store import Store; s = Store(Path(sys.argv[1]));"
        "[s.add(f'k{i}', Completion('r', 't', 'stop', 1, 1), 10) for i in range(50)]; os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "s.sqlite")], cwd=os.getcwd())
    assert done.returncode == -signal.SIGKILL
    with Store(tmp_path / "s.sqlite") as store:
        assert len(store.keys()) == 50


def test_two_stores_at_once_see_each_others_rows(tmp_path):
    with Store(tmp_path / "s.sqlite") as first, Store(tmp_path / "s.sqlite") as second:
        first.add(question().key, answer("one"), 100)
        second.add(question(sample=1).key, answer("two"), 100)
        for store in (first, second):
            assert len(store.find([question(), question(sample=1)])) == 2


def test_the_command_shows_verifies_and_prunes(tmp_path):
    import subprocess
    import sys

    path = tmp_path / "s.sqlite"
    with Store(path, engine="transformers/float32") as store:
        store.add(question().key, answer(), 100)
        store.add(question(sample=1).key, answer(), 100)

    def run(*words):
        return subprocess.run(
            [sys.executable, "-m", "stages.generation.store", *words, "--store", str(path)],
            capture_output=True,
            text=True,
        )

    assert "transformers/float32  stop  2 rows  20 tokens" in run("show").stdout
    assert run("verify").returncode == 0
    with sqlite3.connect(path) as db:
        db.execute("UPDATE answers SET text = 'other' WHERE key = ?", (question().key,))
    assert run("verify").returncode == 1
    assert "1 rows deleted" in run("prune").stdout
    assert run("verify").returncode == 0
