"""A memo: what it makes is made once, and it forgets all before it grows without end."""

from __future__ import annotations

from synthempathy.core.memo import Memo


def test_it_makes_what_it_lacks_once() -> None:
    asked: list[str] = []

    def make(key: str) -> int:
        asked.append(key)
        return len(key)

    memo = Memo(make, most=2)
    assert list(map(memo.__getitem__, ["one", "three", "one"])) == [3, 5, 3]
    assert asked == ["one", "three"]
    assert memo["four"] == 4  # and the others are forgotten
    assert dict(memo) == {"four": 4}
