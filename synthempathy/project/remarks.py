"""What `check` says of a domain and does not refuse: seeds that will be left out, and files that nobody has written yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from synthempathy.domain.description import DESCRIPTION, Domain
from synthempathy.project.params import Params
from synthempathy.project.scaffold import still_skeletons
from synthempathy.seeds.drawing import why_unusable
from synthempathy.seeds.sources import Sentence


def remarks(
    params: Params, domain: Domain, folder: Path, prompts: Path, seeds: Path, labels: Path, sentences: Sequence[Sentence]
) -> Iterator[str]:
    """A line each. `folder` is the domain's; `sentences` are those of the file `seeds`."""
    named = domain.seeds.categories
    unknown = Counter(s.category for s in sentences if why_unusable(s, named) == "unknown_category")
    if unknown:
        some = ", ".join(f"{name or 'none'} {rows}" for name, rows in unknown.most_common(5))
        yield (
            f"{seeds}: {unknown.total()} sentences are of no category of {folder / DESCRIPTION} ({some}); "
            "they will be dropped as unknown_category"
        )
    usable = {s.category for s in sentences if why_unusable(s, named) is None}
    if empty := [name for name in named if name not in usable]:
        yield f"{seeds}: no usable sentence of {', '.join(empty)}, which {folder / DESCRIPTION} names"
    asked = {
        "brainstorm": [params.brainstorm.prompt], "explain": [params.explain.prompt],
        "respond": [params.respond.prompt, params.finetune.prompt],
    }
    files = [prompts / step / f"{name}.jinja" for step, names in asked.items() for name in names]
    if left := still_skeletons(folder, [folder / DESCRIPTION, seeds, labels, *files]):
        yield f"still as `synthempathy domain new` made them: {', '.join(map(str, left))}"
