"""What a killed training resumes from: one file per mechanism, replaced after each epoch, outside git and DVC's outs.

    <folder of machine.store>/scorer/<settings, encoder>/<run>-<pairs>/<mechanism>.safetensors

The names are hashes of content, so changed pairs or parameters start afresh. Files of finished folds stay until the last
run, "all", is whole: a kill in a late fold does not cost the earlier ones.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from synthempathy.core.files import written_whole
from synthempathy.core.progress import say
from synthempathy.scorers.base import Dimension
from synthempathy.scorers.labelled import LabelledPair

if TYPE_CHECKING:
    import torch

_FORMAT = 1


@dataclass(frozen=True)
class Checkpoint:
    """A mechanism's training after so many epochs: tensors of the network, the optimizer and the random numbers."""

    epochs: int
    tensors: dict[str, torch.Tensor]

    def part(self, name: str) -> dict[str, torch.Tensor]:
        """The tensors under `name`."""
        return {key.removeprefix(f"{name}."): value for key, value in self.tensors.items() if key.startswith(f"{name}.")}


class Checkpoints:
    """Checkpoints of one run. `settings` is all but the pairs that determines the result."""

    def __init__(self, root: Path, settings: dict[str, object], run: str, pairs: Sequence[LabelledPair]) -> None:
        self._training = root / _hash([_FORMAT, settings])
        self._folder = self._training / f"{run}-{_hash([asdict(pair) for pair in pairs])}"

    def find(self, mechanism: Dimension) -> Checkpoint | None:
        """The last checkpoint, if there is one that can be read."""
        from safetensors import SafetensorError, safe_open

        path = self._path(mechanism)
        if not path.is_file():
            return None
        try:
            with safe_open(path, framework="pt") as file:
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118, it is no dict
                return Checkpoint(int(file.metadata()["epochs"]), tensors)
        except (SafetensorError, KeyError, TypeError, ValueError) as error:
            say(f"the checkpoint {path} is damaged ({error}); its training starts afresh")
            return None

    def keep(self, mechanism: Dimension, checkpoint: Checkpoint) -> None:
        """Write `checkpoint` in place of the last one."""
        from safetensors.torch import save_file

        with written_whole(self._path(mechanism)) as (part,):
            save_file(checkpoint.tensors, part, {"epochs": str(checkpoint.epochs)})

    def forget(self) -> None:
        """Delete the checkpoints of all runs with these settings."""
        shutil.rmtree(self._training, ignore_errors=True)

    def _path(self, mechanism: Dimension) -> Path:
        return self._folder / f"{mechanism}.safetensors"


def _hash(value: object) -> str:
    return hashlib.sha256(json.dumps(value, ensure_ascii=False, sort_keys=True).encode()).hexdigest()[:16]
