"""The queue: a row that was changed by hand is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from synthempathy.core.errors import InputError
from synthempathy.filters.base import Verdict
from synthempathy.filters.queue import held, read_queue
from tests.helpers.pairs import pair_of

HELD = held(pair_of("My cousin was murdered."), (Verdict("review", "review_violence", "explanation", "murdered", ((14, 22),)),))


@pytest.mark.parametrize(("change", "named"), [
    ({"response": "Something else."}, "content_hash is not that of the texts"),
    ({"evidence": [{"reason": "r", "field": "response", "spans": [[0, 99]], "detail": "d"}]}, "outside the response"),
    ({"evidence": []}, "field 'evidence'"),
])
def test_a_queue_that_was_edited_is_refused(tmp_path: Path, change: dict[str, Any], named: str) -> None:
    path = tmp_path / "queue.jsonl"
    path.write_text(json.dumps(HELD) + "\n", encoding="utf-8")
    assert read_queue(path)[0].evidence[0].detail == "explanation: murdered"
    path.write_text(json.dumps({**HELD, **change}) + "\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_queue(path)
    assert named in str(caught.value) and "queue.jsonl:1" in str(caught.value)
