"""publish: what it lists, sends, refuses and says when the hub breaks off. The hub is one of ours, on this machine."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from synthempathy.cli import main
from synthempathy.project import sending
from tests.conftest import made_once
from tests.helpers.pairs import ROOT
from tests.helpers.params import set_params
from tests.helpers.stub_hub import CUT, TOKEN, StubHub, stub_hub

#: huggingface_hub hands its HTTP client bytes in a way that will go.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")

CARD = "---\nlicense: cc-by-4.0\nlanguage:\n- en\n---\n\n# Made up\n"
CONFIG = '{"peft_type": "LORA", "base_model_name_or_path": "models/base", "auto_mapping": null}'
MADE = {
    "release/README.md": CARD, "release/data/test.jsonl": "{}\n", "release/data/test.parquet": "PAR1" * 30,
    "adapter/README.md": "---\nlibrary_name: peft\nbase_model: models/base\n---\n\n# Adapter\n",
    "adapter/adapter_config.json": CONFIG, "adapter/adapter_model.safetensors": "weights",
}
PIPELINE = """\
stages:
  release: {cmd: "mkdir -p data && cp -r made/release data/release", deps: [made/release], outs: [data/release]}
  finetune: {cmd: "mkdir -p models && cp -r made/adapter models/adapter", deps: [made/adapter], outs: [models/adapter]}
"""
TO = ("--to", "me/pairs")
DATA, LORA = ("dataset", "me/pairs"), ("model", "me/pairs-lora")


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose pipeline copies what a release and an adapter hold, run once."""
    def make(folder: Path) -> None:
        for name, text in MADE.items():
            (folder / "made" / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / "made" / name).write_text(text)
        (folder / "dvc.yaml").write_text(PIPELINE)
        (folder / "models/base").mkdir(parents=True)
        (folder / "data").mkdir()
        for name in ("params.yaml", "profiles/embedded.yaml", "data/datasheet.yaml", "domains/empathy/domain.yaml"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
        for words in (["git", "init", "-q"], ["dvc", "init", "-q"], ["dvc", "repro", "-q"]):
            subprocess.run(words, cwd=folder, check=True, capture_output=True)

    return made_once(tmp_path_factory, "published", make)


@pytest.fixture
def project(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, the folder in which the test runs; a token in the environment."""
    shutil.copytree(made, tmp_path / "p", symlinks=True)
    monkeypatch.chdir(tmp_path / "p")
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "p"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[StubHub]:
    from huggingface_hub import constants
    from huggingface_hub.utils import _http

    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_PROGRESS_BARS", True)
    monkeypatch.setattr(_http.time, "sleep", lambda seconds: None)  # between its own retries
    with stub_hub() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        yield hub


def error_of(*words: str) -> str:
    with pytest.raises(SystemExit) as ended:
        main(["publish", *words])
    said = str(ended.value)
    assert said.startswith("error: ") and "\n" not in said and TOKEN not in said
    return said


def test_a_dry_run_lists_every_file_and_asks_the_hub_nothing(
    project: Path, hub: StubHub, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.delenv("HF_TOKEN")
    main(["publish", *TO, "--dry-run"])
    out, err = capsys.readouterr()
    assert "to the dataset me/pairs (private if it is new)" in out and "to the model me/pairs-lora" in out
    assert "     120 B  data/test.parquet\n" in out and "       7 B  adapter_model.safetensors\n" in out
    assert "in all 6 files" in out
    assert "data/explorer is not there, and is not sent" in err
    assert "questions are not answered" in err and "\n  Who paid for it?\n" in err
    assert "blank in the section release: creators, url, published, citation" in err
    assert "its base model, models/base, is a folder of this project" in err
    assert "nothing was sent" in err and hub.asked == []


def test_nothing_is_sent_before_somebody_says_yes(
    project: Path, hub: StubHub, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:
    assert "nothing was sent, since nobody can be asked here; add --yes" in error_of(*TO)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    for typed in ("yes\n", ""):
        monkeypatch.setattr(sys, "stdin", terminal(typed))
        assert "the name was not typed" in error_of(*TO)
    assert hub.asked == []
    monkeypatch.setattr(sys, "stdin", terminal("me/pairs\n"))
    main(["publish", *TO])
    assert set(hub.repos) == {DATA, LORA}


def terminal(typed: str) -> io.StringIO:
    stream = io.StringIO(typed)
    stream.isatty = lambda: True  # type: ignore[method-assign]
    return stream


def test_all_of_it_arrives_in_private_repositories(
    project: Path, hub: StubHub, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "dvc.yaml").write_text(PIPELINE + (
        '  explorer: {cmd: "mkdir -p data/explorer/rows && echo x > data/explorer/rows/0.js", outs: [data/explorer]}\n'
    ))
    subprocess.run(["dvc", "repro", "-q", "explorer"], check=True, capture_output=True)
    main(["publish", *TO, "--yes"])
    out, err = capsys.readouterr()
    assert TOKEN not in out + err
    assert out.splitlines()[-2:] == [f"{hub.address}/datasets/me/pairs", f"{hub.address}/me/pairs-lora"]
    assert {repo.visibility for repo in hub.repos.values()} == {"private"}
    assert hub.repos[DATA].files == {
        "README.md": CARD.encode(), "data/test.jsonl": b"{}\n", "data/test.parquet": b"PAR1" * 30, "explorer/rows/0.js": b"x\n",
    }
    lora = hub.repos[LORA].files
    assert set(lora) == {"README.md", "adapter_config.json", "adapter_model.safetensors"}
    _, header, body = lora["README.md"].decode().split("---\n", 2)
    assert YAML(typ="safe").load(header) == {"library_name": "peft", "license": "mit", "datasets": ["me/pairs"]}
    assert body == "\n# Adapter\n"
    assert (project / "models/adapter/README.md").read_text() == MADE["adapter/README.md"]


def test_a_second_time_sends_what_changed_and_takes_away_what_is_gone(project: Path, hub: StubHub) -> None:
    main(["publish", *TO, "--yes", "--no-adapter", "--public"])
    assert set(hub.repos) == {DATA} and hub.repos[DATA].visibility == "public"
    hub.repos[DATA].files |= {"notes.md": b"a person's", "data/old.jsonl": b"gone here", "explorer/index.html": b"earlier"}
    main(["publish", *TO, "--yes", "--no-adapter"])
    assert set(hub.repos[DATA].files) == {
        "README.md", "data/test.jsonl", "data/test.parquet", "notes.md", "explorer/index.html",
    }
    commits = len(hub.repos[DATA].messages)
    main(["publish", *TO, "--yes", "--no-adapter"])
    assert len(hub.repos[DATA].messages) == commits and hub.count("PUT", "/lfs/") == 1


@pytest.mark.parametrize(
    ("path", "status", "times", "said"),
    [
        ("/api/repos/create", 403, 1, "HF_TOKEN is not accepted, or may not write there"),
        ("/lfs/", 500, 20, "the same command goes on"),
        ("/commit/main", CUT, 20, "the same command goes on"),
        ("/preupload/", 404, 1, "the same command goes on"),
    ],
)
def test_what_breaks_off_is_one_line_and_the_same_command_goes_on(
    project: Path, hub: StubHub, path: str, status: int, times: int, said: str,
) -> None:
    hub.fail(path, status, f"no, {TOKEN}", times)
    line = error_of(*TO, "--yes")
    assert "dataset me/pairs: " in line and "nothing was sent before" in line and said in line
    assert not any(repo.files for repo in hub.repos.values())
    hub.failures.clear()
    main(["publish", *TO, "--yes"])
    assert len(hub.repos[DATA].files) == len(hub.repos[LORA].files) == 3


def test_what_went_before_the_failure_is_said_and_not_sent_again(project: Path, hub: StubHub) -> None:
    hub.fail("/api/models/me/pairs-lora/commit", 400)
    assert "model me/pairs-lora: " in (line := error_of(*TO, "--yes")) and "sent before: dataset me/pairs;" in line
    main(["publish", *TO, "--yes"])
    assert hub.count("POST", "/api/datasets/me/pairs/commit/main") == 1 and hub.count("PUT", "/lfs/") == 2


def test_a_wrong_token_and_none_are_told(project: Path, hub: StubHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_of_somebody_else")
    assert "HF_TOKEN is not accepted" in (line := error_of(*TO, "--yes")) and "hf_of_somebody_else" not in line
    monkeypatch.setenv("HF_TOKEN", " ")
    assert "field 'HF_TOKEN': no token in the environment" in error_of(*TO, "--yes")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert "HF_HUB_OFFLINE is set, so nothing is sent" in error_of(*TO, "--yes")


def test_what_is_not_of_the_present_lock_is_refused(project: Path) -> None:
    released = project / "data/release/data/test.jsonl"
    before = released.read_text()
    released.unlink()  # not written through: it may be a link into DVC's cache
    released.write_text(before + "{}\n")
    assert "data/release: not what dvc.lock says; run `dvc repro`" in error_of(*TO, "--dry-run")
    released.write_text(before)
    (project / "made/release/README.md").write_text(CARD + "More.\n")
    assert "the stage release is not up to date: made/release changed since dvc.lock" in error_of(*TO, "--dry-run")
    (project / "made/release/README.md").write_text(CARD)
    shutil.rmtree(project / "models/adapter")
    assert "models/adapter: no such folder; run `dvc repro`, or `dvc pull`" in error_of(*TO, "--dry-run")
    main(["publish", *TO, "--dry-run", "--no-adapter"])


def test_a_missing_licence_is_refused(project: Path) -> None:
    set_params(project / "params.yaml", **{"release.adapter_license": None})
    assert "field 'release.adapter_license': missing" in error_of(*TO, "--dry-run")
    for card in ("# No header\n", "---\nlanguage: en\n---\n", "---\nlicense: unknown\n---\n"):
        (project / "made/release/README.md").write_text(card)
        subprocess.run(["dvc", "repro", "-q", "release"], check=True, capture_output=True)
        said = error_of(*TO, "--dry-run", "--no-adapter")
        assert "data/release/README.md: " in said and "licence" in said


@pytest.mark.parametrize("name", ["pairs", "me/pairs/x", "me/", "../x", "me/a b"])
def test_a_name_that_is_none_of_the_hub_s_is_refused(project: Path, name: str) -> None:
    assert f"field '--to': not of the form ORG/NAME (got '{name}')" in error_of("--to", name, "--dry-run")


def test_as_a_process_of_its_own(project: Path, hub: StubHub) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "synthempathy", "publish", *TO, "--yes"], capture_output=True, text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT), "HF_HUB_DISABLE_XET": "1", "HF_HOME": str(project / "hf")},
    )
    assert done.returncode == 0, done.stderr
    assert TOKEN not in done.stdout + done.stderr
    assert set(hub.repos) == {DATA, LORA}


def test_the_token_stands_in_no_message() -> None:
    with pytest.raises(sending.HubError) as error, sending._told("dataset a/b", [], TOKEN):
        raise ValueError(f"bad header Authorization: Bearer {TOKEN}")
    assert TOKEN not in str(error.value) and "***" in str(error.value)
