"""The trained bi-encoder: how likely each level is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from synthempathy.core.progress import Advance
from synthempathy.llm.loading import pick_device
from synthempathy.scorers.base import (
    LEVELS,
    NO_WORDS,
    Dimension,
    Floats,
    PairScorer,
    Surroundings,
    write_settings,
)
from synthempathy.scorers.biencoder.encoder import Tokenizer, Tokens, empty_encoder, load_tokenizer, padding
from synthempathy.scorers.biencoder.network import Network
from synthempathy.scorers.reading import is_silent

ENCODER, SEEKER = "encoder", "seeker.safetensors"  # config.json and the tokenizer; the frozen encoder of posts
_CHUNK = 2048  # pairs that are held as tokens at a time: bounds memory
_BATCH = 64  # pairs read at once; fixed, because it may change the last digits


class BiencoderScorer(PairScorer):
    """Scores pairs by one network per mechanism, all on `device`. Made by `train` or `load`."""

    def __init__(
        self, networks: dict[Dimension, Network], tokenizer: Tokenizer, device: str, settings: dict[str, Any],
    ) -> None:
        self._networks, self._tokenizer, self._device, self._settings = networks, tokenizer, device, settings
        self.dimensions = tuple(networks)

    def probabilities(
        self, explanations: Sequence[str], responses: Sequence[str], *, advance: Advance | None = None,
    ) -> dict[Dimension, Floats]:
        """(pairs, 3 levels) per mechanism, softmax of the level head; each row sums to 1. `advance(steps)` after each batch."""
        likely: dict[Dimension, Floats] = {m: np.zeros((len(responses), len(LEVELS))) for m in self.dimensions}
        for start in range(0, len(responses), _CHUNK):
            posts = self._tokenizer.read(explanations[start : start + _CHUNK])
            said = self._tokenizer.read(responses[start : start + _CHUNK])
            order = sorted(range(len(said)), key=lambda i: (len(said[i]), len(posts[i]), i), reverse=True)
            for first in range(0, len(order), _BATCH):
                batch = order[first : first + _BATCH]
                found = self._batch([posts[i] for i in batch], [said[i] for i in batch])
                for m in self.dimensions:
                    likely[m][[start + i for i in batch]] = found[m]
                if advance:
                    advance(len(batch))
        silent = [i for i, response in enumerate(responses) if is_silent(response)]
        for m in self.dimensions:
            likely[m][silent] = NO_WORDS
        return likely

    def _batch(self, posts: Sequence[Tokens], said: Sequence[Tokens]) -> dict[Dimension, Floats]:
        post, response = (
            tuple(t.to(self._device) for t in self._tokenizer.tensors(texts)) for texts in (posts, said)
        )
        with torch.inference_mode():
            return {m: network(post, response)[0].double().softmax(-1).cpu().numpy() for m, network in self._networks.items()}

    def save(self, folder: Path) -> None:
        """Write the scorer to `folder`: settings as JSON, weights as safetensors, the tokenizer's own files."""
        from safetensors.torch import save_file

        write_settings(folder, "biencoder", self, {"settings": self._settings})
        one = self._networks[self.dimensions[0]]
        one.responder.config.save_pretrained(folder / ENCODER)
        self._tokenizer.tokenizer.save_pretrained(folder / ENCODER)
        if self._settings["freeze_seeker"]:
            frozen = {name: weight.detach().cpu().clone().contiguous() for name, weight in one.seeker.state_dict().items()}
            save_file(frozen, folder / SEEKER)
        for m, network in self._networks.items():
            save_file(network.weights(), folder / f"{m}.safetensors")


def load(folder: Path, about: dict[str, Any], around: Surroundings) -> BiencoderScorer:
    """The scorer that was saved in `folder`, whose SETTINGS_FILE holds `about`."""
    from safetensors.torch import load_file

    device, settings = pick_device(around.machine.device if around.machine else "auto"), about["settings"]
    tokenizer = load_tokenizer(str(folder / ENCODER))
    shared = empty_encoder(folder / ENCODER).requires_grad_(False) if settings["freeze_seeker"] else None
    if shared is not None:
        shared.load_state_dict(load_file(folder / SEEKER))
    networks: dict[Dimension, Network] = {}
    for m in about["dimensions"]:
        seeker = shared if shared is not None else empty_encoder(folder / ENCODER)
        network = Network(seeker, empty_encoder(folder / ENCODER), settings["dropout"])
        network.restore(load_file(folder / f"{m}.safetensors"))
        networks[m] = network.to(device).eval()
    config = next(iter(networks.values())).responder.config
    return BiencoderScorer(networks, Tokenizer(tokenizer, settings["max_length"], padding(config, tokenizer)), device, settings)
