"""What a step says before it starts: rows, how many the store answers, and about how much the rest will take."""

from __future__ import annotations

from collections.abc import Sequence

from synthempathy.llm.store import Pace


def forecast(step: str, rows: int, left: Sequence[tuple[int, Pace | None]], max_tokens: int) -> str:
    """One line. `left` holds, for each model, its rows that are still to be written and its pace so far.

    Tokens and time are those that the model took for this step's rows before; where it has written none, only the
    bound is said.
    """
    todo = sum(count for count, _ in left)
    start = f"{step}: {rows:,} rows, {rows - todo:,} of them answered by the store"
    if not todo:
        return start
    bound = f"at most {todo * max_tokens:,} tokens a try"
    if any(pace is None for _, pace in left):
        return f"{start}; {todo:,} to write, {bound}; how long shows after the first rows"
    known = [(count, pace) for count, pace in left if pace is not None]
    prompt = sum(count * pace.prompt_tokens for count, pace in known)
    answer = sum(count * pace.completion_tokens for count, pace in known)
    times = [count * pace.completion_tokens / pace.tokens_per_second for count, pace in known if pace.tokens_per_second]
    time = f", about {duration(sum(times))}" if len(times) == len(known) else ""
    return f"{start}; {todo:,} to write: about {_round(answer):,} tokens from {_round(prompt):,} of prompts{time} ({bound})"


def duration(seconds: float) -> str:
    """45 s, 3 min, 2 h 05 min, 3 d 4 h."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours < 48 else f"{hours // 24} d {hours % 24} h"


def _round(number: float) -> int:
    """To two digits: it is an estimate."""
    digits = max(len(str(int(number))) - 2, 0)
    return round(int(number), -digits)
