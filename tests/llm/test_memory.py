"""The memory at hand."""

from __future__ import annotations

from synthempathy.llm.memory import free_memory


def test_the_memory_at_hand_is_this_machines() -> None:
    assert 1e8 < free_memory("cpu") < 1e14
