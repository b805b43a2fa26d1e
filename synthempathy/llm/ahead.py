"""What a step that asks several models in turn looks at before the first: can those be asked that still have rows to write?

`ask_rows` looks for itself; a step that asks twice would else write for hours with one model before it finds the next away.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from synthempathy.core.errors import Check
from synthempathy.llm.loading import Model
from synthempathy.llm.mixture import by_model
from synthempathy.llm.reachable import checks_for_step
from synthempathy.llm.runner import Asking, Row
from synthempathy.llm.store import Store
from synthempathy.llm.store_key import KeyMaker


def checks_before(rows: Sequence[Row], asking: Asking) -> list[Check]:
    """The checks of those models of `asking` whose rows the store holds no answer to; none where nothing is left to ask."""
    to_ask = list(_to_ask(rows, asking))
    return checks_for_step(to_ask, asking.engine, asking.machine, asking.sampling.max_tokens) if to_ask else []


def _to_ask(rows: Sequence[Row], asking: Asking) -> Iterator[Model]:
    with Store(Path(asking.machine.store)) as store:
        for model, part in by_model(((row.id, row) for row in rows), asking.models):
            keys = KeyMaker(model, asking.engine, asking.sampling, asking.schema_of(model))
            wanted = {keys.key(row.rendered(), row.sample, 0): asking.sampling.max_tokens for row in part}
            if len(store.find(wanted)) < len(wanted):
                yield model
