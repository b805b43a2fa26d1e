"""What a long step says: no figure from one row, and none that counts the load of the model."""

from __future__ import annotations

import pytest

from synthempathy.core import progress as module


def test_time_left_is_said_of_several_rows_and_without_the_load(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(module.sys.stderr, "isatty", lambda: False, raising=False)
    with module.progress("step", 110, done=10) as advance:
        now[0] = 60.0  # the model is loaded, the first row is there
        advance()
        for _ in range(19):
            now[0] += 1
            advance()
    assert capsys.readouterr().err.splitlines() == [
        "step: 11/110, time left not known yet", "step: 26/110, about 84 s left", "step: 30/110 in 79.0 s",
    ]
