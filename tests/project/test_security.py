"""SECURITY.md: each promise names the tests that hold it, and they are there."""

from __future__ import annotations

import re

import pytest

from tests.helpers.pairs import ROOT

PROMISES = [
    line.strip("|").split("|") for line in (ROOT / "SECURITY.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and not line.startswith("| from ")
]


def test_the_promises_are_read() -> None:
    assert len(PROMISES) >= 15 and all(len(cells) == 3 for cells in PROMISES)


@pytest.mark.parametrize(("whose", "promise", "tests"), PROMISES, ids=[cells[1].strip()[:50] for cells in PROMISES])
def test_a_promise_names_tests_that_are_there(whose: str, promise: str, tests: str) -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", tests)
    assert named and len(named) == tests.count("`") / 2, promise
    for file, test in named:
        assert re.search(rf"^(async )?def {test}\(", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE), f"{file}::{test}"
