"""The edge of a command: our errors become lines, others stay what they are; machine.threads is obeyed before the work."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from synthempathy.core import command
from synthempathy.core.command import from_params, guarded, when_stopped
from synthempathy.core.errors import InputError, ModelError, ParamsError


@pytest.fixture(autouse=True)
def own_signals() -> Iterator[None]:
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def failing(error: Exception | KeyboardInterrupt) -> Callable[[], None]:
    def work() -> None:
        raise error

    return work


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InputError("wrong\nhere", file="a.csv", line=3), "error: a.csv:3: wrong here"),
        (ExceptionGroup("", [ModelError("b"), InputError("wrong", file="a")]), "error: b\nerror: a: wrong"),
        (FileNotFoundError(2, "No such file or directory", "a.csv"), "error: a.csv: No such file or directory"),
        (KeyboardInterrupt(), 130),
    ],
)
def test_what_may_happen_is_a_line_each(error: Exception, code: str | int) -> None:
    with pytest.raises(SystemExit) as ended:
        guarded(failing(error))
    assert ended.value.code == code


def test_who_stops_a_run_is_told_what_is_kept(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "_kept", command._kept)
    for said in ("finished rows are kept", "checkpoint-3 is kept"):
        with pytest.raises(SystemExit):
            guarded(lambda: signal.raise_signal(signal.SIGTERM))
        assert f"stopped by SIGTERM: {said}" in capsys.readouterr().err
        when_stopped(lambda: "checkpoint-3 is kept")


@pytest.mark.parametrize("error", [ValueError("x"), ExceptionGroup("", [ModelError("b"), ValueError("x")])])
def test_a_defect_shows_itself(error: Exception) -> None:
    with pytest.raises(type(error)):
        guarded(failing(error))


@pytest.mark.parametrize(("value", "cores"), [("3", 3), ("null", None), ("0", "machine.threads"), ("many", "machine.threads")])
def test_machine_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str, cores: int | str | None
) -> None:
    told: list[int | None] = []
    monkeypatch.setattr(command, "set_threads", told.append)
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "p.yaml").write_text(f"machine: {{threads: {value}}}\n")
    (tmp_path / "params.yaml").write_text("profile: p\nmachine: {device: cpu}\n")
    if isinstance(cores, str):
        with pytest.raises(SystemExit, match=rf"p.yaml:1: field '{cores}'"):
            guarded(lambda: None, params=tmp_path / "params.yaml")
    else:
        guarded(lambda: None, params=tmp_path / "params.yaml")
        assert told == [cores]


def test_a_path_on_the_command_line_may_name_parameters(tmp_path: Path) -> None:
    params = tmp_path / "params.yaml"
    params.write_text("seeds: {path: 'a b;c.csv', limit: 3}\nstep: explain\n")
    assert from_params("{seeds.path}", params) == Path("a b;c.csv")
    assert from_params("prompts/{step}/x.jinja", params) == Path("prompts/explain/x.jinja")
    assert from_params("my{file}.csv", params) == Path("my{file}.csv")
    for wrong in ("{seeds.limit}", "{seeds.nothing}", "{seeds}", "{seeds.path.deeper}"):
        with pytest.raises(ParamsError, match=f"params.yaml: field '{wrong[1:-1]}': not a text"):
            from_params(wrong, params)
