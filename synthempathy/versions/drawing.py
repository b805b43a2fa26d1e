"""Small drawings beside figures, as numbers that the template writes into SVG: no picture, no style, no script."""

from __future__ import annotations

from dataclasses import dataclass

WIDTH, EDGE = 120.0, 6.0


@dataclass(frozen=True)
class Dumbbell:
    """Where a score stands in A and in B, in units of a drawing WIDTH wide."""

    first: float
    second: float


@dataclass(frozen=True)
class Interval:
    """A difference and the ends of its interval around `zero`, in the same units; no ends where there is no interval."""

    zero: float
    at: float
    low: float | None
    high: float | None


def dumbbell(first: float, second: float, top: float) -> Dumbbell:
    """Scores from 0 to `top`."""
    return Dumbbell(_place(first, 0, top), _place(second, 0, top))


def interval(difference: float, low: float | None, high: float | None, reach: float) -> Interval:
    """Differences from -`reach` to `reach`."""
    ends = [None if end is None else _place(end, -reach, reach) for end in (low, high)]
    return Interval(_place(0, -reach, reach), _place(difference, -reach, reach), *ends)


def _place(value: float, least: float, most: float) -> float:
    return round(EDGE + (WIDTH - 2 * EDGE) * (value - least) / (most - least), 1)
