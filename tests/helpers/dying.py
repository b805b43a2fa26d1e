"""A process that dies by SIGKILL before a step of its own choosing: for programs that tests start."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

Step = Callable[..., Any]


def dies_before(number: int) -> Callable[[Step], Step]:
    """What wraps steps, so that the process dies before step `number` of all that are wrapped; never where there is none."""
    left = number

    def dying(step: Step) -> Step:
        def taken(*given: Any) -> Any:
            nonlocal left
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1
            return step(*given)

        return taken

    return dying
