"""generate: answer all asks of a step, and keep every finished answer, so that a run that dies goes on.

Rows go to the models of the step's mixture by their ids, one model is loaded at a time, and each row is asked until
its answer passes the step's checks, within a bound. `writing` does it; the store remembers it.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Sequence
from pathlib import Path

from synthempathy.core.progress import progress, say
from synthempathy.generation.params import Step
from synthempathy.llm.asks import Answers, Ask, Reader
from synthempathy.llm.cost import record_cost
from synthempathy.llm.forecast import forecast
from synthempathy.llm.mixture import by_writer
from synthempathy.llm.store import Store
from synthempathy.llm.writing import Try, Writing, writer
from synthempathy.project.params import Params

__all__ = ["Answers", "Ask", "Reader", "generate"]


def generate(step: str, asks: Sequence[Ask], settings: Step, params: Params, read: Reader) -> Answers:
    """Answer all asks, each with the model of the step's mixture that its id picks; one model is loaded at a time.

    Each is asked up to `settings.attempts` times, each time with another draw, until `read` accepts it. Finished
    answers are kept in the store at once and found there again. Ids in the asks are unique.
    """
    started = time.monotonic()
    gc.freeze()  # rows and asks stay to the end: the collector need not look through them again and again
    with Store(Path(params.machine.store)) as store:
        work = Writing(step, settings, params, read, store)
        left = []
        for model, part in by_writer(((ask.id, ask) for ask in asks), settings.mixture):
            by = writer(model, params.engine)
            left.append((by, work.from_store(by, [Try(ask, 0) for ask in part])))
        todo = sum(len(tries) for _, tries in left)
        paces = [(len(tries), store.pace(step, by.name)) for by, tries in left if tries]
        try:
            say(forecast(step, len(asks), paces, settings.sampling.max_tokens))
            if todo:
                with progress(step, len(asks), done=len(asks) - todo) as advance:
                    for by, tries in left:
                        if tries:
                            work.write(by, tries, advance)
        except (KeyboardInterrupt, SystemExit):
            say(f"{step}: {work.finished:,} of {len(asks):,} rows are finished and kept in {store.path}")
            raise
    record_cost(step, work.cost.figures(time.monotonic() - started, work.energy_source))
    return work.answers_in_order(asks)
