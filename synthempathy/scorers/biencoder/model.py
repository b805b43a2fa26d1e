"""The trained bi-encoder: how likely each level is, and which words decide."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from synthempathy.core.errors import ModelError
from synthempathy.llm.loading import pick_device
from synthempathy.project.params import Params
from synthempathy.scorers import SETTINGS, Floats
from synthempathy.scorers.base import BaseScorer
from synthempathy.scorers.biencoder.encoder import empty_encoder, load_tokenizer
from synthempathy.scorers.biencoder.network import Network
from synthempathy.scorers.biencoder.reading import Tokenizer, Tokens, is_silent, spans_of
from synthempathy.scorers.mechanisms import LEVELS, MECHANISMS, Mechanism

FORMAT = "synthempathy-biencoder-1"
ENCODER, SEEKER = "encoder", "seeker.safetensors"  # config.json and the tokenizer; the frozen encoder of posts
_CHUNK = 2048  # pairs that are held as tokens at a time: bounds memory
_BATCH = 64  # pairs read at once; fixed, because it may change the last digits
_SILENT = (1.0, 0.0, 0.0)  # a response without words
_HINT = "run `dvc repro scorer`, or name a folder that the stage scorer wrote"


class BiencoderScorer(BaseScorer):
    """Scores pairs by one network a mechanism, all on `device`. Made by `train` or `load`."""

    def __init__(
        self, networks: dict[Mechanism, Network], reader: Tokenizer, device: str, settings: dict[str, Any],
    ) -> None:
        self._networks, self._reader, self._device, self._settings = networks, reader, device, settings

    def probabilities(
        self, explanations: Sequence[str], responses: Sequence[str], *, advance: Callable[..., None] | None = None,
    ) -> dict[Mechanism, Floats]:
        """(pairs, 3 levels) a mechanism, softmax of the level head; each row sums to 1. `advance(steps)` is told of batches."""
        likely: dict[Mechanism, Floats] = {m: np.zeros((len(responses), len(LEVELS))) for m in MECHANISMS}
        for where, _, told in self._batches(explanations, responses):
            for m in MECHANISMS:
                likely[m][where] = told[m][0]
            if advance:
                advance(len(where))
        silent = [i for i, response in enumerate(responses) if is_silent(response)]
        for m in MECHANISMS:
            likely[m][silent] = _SILENT
        return likely

    def rationales(self, explanations: Sequence[str], responses: Sequence[str]) -> dict[Mechanism, list[list[str]]]:
        """For each pair, exact spans of its response that carry the level; none at level 0, none beyond max_length."""
        found: dict[Mechanism, list[list[str]]] = {m: [[] for _ in responses] for m in MECHANISMS}
        for where, read, told in self._batches(explanations, responses):
            for m in MECHANISMS:
                levels, marks = told[m]
                for row, (i, tokens) in enumerate(zip(where, read, strict=True)):
                    if levels[row].argmax() and not is_silent(responses[i]):
                        found[m][i] = spans_of(marks[row], tokens, responses[i])
        return found

    def _batches(
        self, explanations: Sequence[str], responses: Sequence[str],
    ) -> Iterator[tuple[list[int], list[Tokens], dict[Mechanism, tuple[Floats, NDArray[np.bool_]]]]]:
        """(which pairs, their responses' tokens, a mechanism's levels (pairs, 3) and marked tokens (pairs, longest))."""
        for start in range(0, len(responses), _CHUNK):
            posts = self._reader.read(explanations[start : start + _CHUNK])
            said = self._reader.read(responses[start : start + _CHUNK])
            order = sorted(range(len(said)), key=lambda i: (len(said[i]), len(posts[i]), i), reverse=True)
            for first in range(0, len(order), _BATCH):
                some = order[first : first + _BATCH]
                read = [said[i] for i in some]
                yield [start + i for i in some], read, self._read([posts[i] for i in some], read)

    def _read(self, posts: Sequence[Tokens], said: Sequence[Tokens]) -> dict[Mechanism, tuple[Floats, NDArray[np.bool_]]]:
        ids, mask = (t.to(self._device) for t in self._reader.tensors(posts))
        said_ids, said_mask = (t.to(self._device) for t in self._reader.tensors(said))
        told = {}
        with torch.inference_mode():
            for m, network in self._networks.items():
                levels, tokens = network((ids, mask), (said_ids, said_mask))
                told[m] = (levels.double().softmax(-1).cpu().numpy(), (tokens[..., 1] > tokens[..., 0]).cpu().numpy())
        return told

    def save(self, folder: Path) -> None:
        """Write the scorer to `folder`: settings as JSON, weights as safetensors, the tokenizer's own files."""
        from safetensors.torch import save_file

        folder.mkdir(parents=True, exist_ok=True)
        about = {"kind": "biencoder", "format": FORMAT, "mechanisms": MECHANISMS, "levels": LEVELS, "settings": self._settings}
        (folder / SETTINGS).write_text(json.dumps(about, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        one = self._networks["er"]
        one.responder.config.save_pretrained(folder / ENCODER)
        self._reader.tokenizer.save_pretrained(folder / ENCODER)
        if self._settings["freeze_seeker"]:
            frozen = {name: weight.detach().cpu().clone().contiguous() for name, weight in one.seeker.state_dict().items()}
            save_file(frozen, folder / SEEKER)
        for m, network in self._networks.items():
            save_file(network.weights(), folder / f"{m}.safetensors")


def load(folder: Path, settings: dict[str, Any], params: Params | None = None) -> BiencoderScorer:
    """The scorer that was saved in `folder`, whose scorer.json holds `settings`. ModelError if it cannot be read."""
    if settings.get("format") != FORMAT:
        raise ModelError(f"{folder}: a scorer of format {settings.get('format')!r}, {FORMAT!r} is needed; {_HINT}")
    device = pick_device(params.machine.device if params else "auto")
    try:
        return _scorer(folder, settings["settings"], device)
    except ModelError:
        raise
    except Exception as error:  # the libraries raise what they like for a file that is missing or broken
        first = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise ModelError(f"{folder}: the scorer cannot be read ({first.strip()}); {_HINT}") from None


def padding(config: Any, tokenizer: Any) -> int:
    """The id that fills batches: RoBERTa counts positions by it."""
    known = [pad for pad in (config.pad_token_id, tokenizer.pad_token_id) if pad is not None]
    return known[0] if known else 0


def _scorer(folder: Path, settings: dict[str, Any], device: str) -> BiencoderScorer:
    from safetensors.torch import load_file

    tokenizer = load_tokenizer(str(folder / ENCODER))
    shared = empty_encoder(folder / ENCODER).requires_grad_(False) if settings["freeze_seeker"] else None
    if shared is not None:
        shared.load_state_dict(load_file(folder / SEEKER))
    networks: dict[Mechanism, Network] = {}
    for m in MECHANISMS:
        seeker = shared if shared is not None else empty_encoder(folder / ENCODER)
        network = Network(seeker, empty_encoder(folder / ENCODER), settings["dropout"])
        network.take(load_file(folder / f"{m}.safetensors"))
        networks[m] = network.to(device).eval()
    config = networks["er"].responder.config
    return BiencoderScorer(networks, Tokenizer(tokenizer, settings["max_length"], padding(config, tokenizer)), device, settings)
