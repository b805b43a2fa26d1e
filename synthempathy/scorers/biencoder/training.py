"""Training of the bi-encoder, one mechanism after the other, as EPITOME's authors do it.

AdamW, a learning rate that falls to 0 in a line, gradients cut to norm 1. A pair that is not labelled for a mechanism is
left out of its training; a pair with a level and no rationale teaches the level alone.
"""

from __future__ import annotations

import math
import os
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch.nn.functional import cross_entropy

from synthempathy.core.errors import ModelError
from synthempathy.core.progress import Advance, progress
from synthempathy.llm.loading import pick_device
from synthempathy.scorers.base import Dimension, Surroundings
from synthempathy.scorers.biencoder.checkpoints import Checkpoint, Checkpoints
from synthempathy.scorers.biencoder.encoder import (
    IGNORED,
    Tokenizer,
    Tokens,
    check_length,
    content_of,
    load_encoder,
    load_tokenizer,
    padding,
)
from synthempathy.scorers.biencoder.model import BiencoderScorer
from synthempathy.scorers.biencoder.network import Network
from synthempathy.scorers.labelled import LabelledPair, dimensions_of, require_levels
from synthempathy.scorers.params import BiencoderSettings, Scorer

LARGEST_GRADIENT = 1.0  # its norm is cut to this

Report = Callable[[int, str], None]  # takes batches that are done, and where in the training that is


@dataclass(frozen=True)
class Example:
    """A labelled pair for one mechanism; `marks` of the response's tokens as in `Tokens.marks`."""

    post: Tokens
    response: Tokens
    level: int
    marks: list[int]


def train(
    pairs: Sequence[LabelledPair], settings: Scorer, around: Surroundings, *, run: str, advance: Advance | None,
) -> BiencoderScorer:
    """Learn from labelled pairs, on machine.device. InputError if no pair has some level; ModelError without an encoder.

    After a kill it resumes from the last epoch of the same `run`, to the same result: bit by bit on a CPU with the same
    threads. `advance(0, note=...)` is called after each batch; without it a bar of its own is shown.
    """
    for m in dimensions_of(pairs):
        require_levels([pair.levels[m] for pair in pairs], m)
    own, machine = settings.biencoder, around.required_machine()
    device = pick_device(machine.device)
    content = content_of(own)
    tokenizer = load_tokenizer(own.encoder, own.revision)
    encoder = load_encoder(own.encoder, own.revision)
    check_length(own, encoder.config, tokenizer)
    reader = Tokenizer(tokenizer, own.max_length, padding(encoder.config, tokenizer))
    determined_by = {**own.model_dump(), "encoder": content, "device": device, "torch": torch.__version__}
    checkpoints = Checkpoints(Path(machine.store).parent / "scorer", determined_by, run, pairs)
    posts, responses = reader.read([p.explanation for p in pairs]), reader.read([p.response for p in pairs])
    networks: dict[Dimension, Network] = {}
    seeker = encoder.requires_grad_(False).to(device) if own.freeze_seeker else None
    by_mechanism = {m: examples_of(pairs, posts, responses, m) for m in dimensions_of(pairs)}
    batches = sum(own.epochs * math.ceil(len(some) / own.batch_size) for some in by_mechanism.values())
    with _shown(run, batches, advance) as report:
        for m, examples in by_mechanism.items():
            torch.manual_seed(own.seed)
            network = _network(own, seeker).to(device)
            _Training(network, reader, own, device).run(m, examples, checkpoints, report)
            networks[m] = network.eval()
    if run == "all":
        checkpoints.forget()
    return BiencoderScorer(networks, reader, device, own.model_dump())


class _Training:
    """Trains one network."""

    def __init__(self, network: Network, reader: Tokenizer, settings: BiencoderSettings, device: str) -> None:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS asks for it
        torch.use_deterministic_algorithms(True)
        self._network, self._reader, self._settings, self._device = network, reader, settings, device
        self._weights = [weight for weight in network.parameters() if weight.requires_grad]
        self._optimizer = torch.optim.AdamW(self._weights, lr=settings.learning_rate, weight_decay=0.0)

    def run(self, mechanism: Dimension, examples: Sequence[Example], checkpoints: Checkpoints, report: Report) -> None:
        """Train on `examples`, from the last checkpoint on. ModelError if the loss is no number."""
        settings = self._settings
        each = math.ceil(len(examples) / settings.batch_size)
        done = self._resume(checkpoints.find(mechanism))
        report(done * each, "")
        for epoch in range(done, settings.epochs):
            self._network.train()
            for number, batch in enumerate(_shuffled(examples, settings.batch_size, settings.seed + epoch)):
                left = 1 - (epoch * each + number) / (settings.epochs * each)
                loss = self._step(batch, settings.learning_rate * left)
                if not math.isfinite(loss):
                    raise ModelError(
                        f"{settings.encoder}: the loss is not a number in epoch {epoch + 1} of {mechanism}: training "
                        "diverged; lower scorer.biencoder.learning_rate"
                    )
                report(1, f"{mechanism}, epoch {epoch + 1} of {settings.epochs}, loss {loss:.3f}")
            checkpoints.keep(mechanism, self._checkpoint(epoch + 1))

    def _step(self, batch: Sequence[Example], learning_rate: float) -> float:
        for group in self._optimizer.param_groups:
            group["lr"] = learning_rate
        loss = self._loss(batch)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._weights, LARGEST_GRADIENT)
        self._optimizer.step()
        self._optimizer.zero_grad()
        return float(loss.detach())

    def _loss(self, batch: Sequence[Example]) -> torch.Tensor:
        """The weighted sum of the levels' mean cross-entropy and of the response tokens'."""
        settings, device = self._settings, self._device
        ids, mask = (t.to(device) for t in self._reader.tensors([e.post for e in batch]))
        said, said_mask = (t.to(device) for t in self._reader.tensors([e.response for e in batch]))
        levels, tokens = self._network((ids, mask), (said, said_mask))
        loss = settings.level_weight * cross_entropy(levels, torch.tensor([e.level for e in batch], device=device))
        longest = said.shape[1]
        marks = torch.tensor([e.marks + [IGNORED] * (longest - len(e.marks)) for e in batch], device=device)
        if bool((marks != IGNORED).any()):  # a mean over no token is no number
            loss = loss + settings.rationale_weight * cross_entropy(tokens.flatten(0, 1), marks.flatten(), ignore_index=IGNORED)
        return loss

    def _checkpoint(self, epochs: int) -> Checkpoint:
        """The whole state; the network alone after the last epoch."""
        tensors = {f"network.{name}": weight for name, weight in self._network.weights().items()}
        if epochs < self._settings.epochs:
            for number, state in self._optimizer.state_dict()["state"].items():
                tensors |= {f"optimizer.{number}.{name}": value.detach().cpu().contiguous() for name, value in state.items()}
            tensors["random.cpu"] = torch.get_rng_state()
            if self._device == "cuda":
                tensors["random.cuda"] = torch.cuda.get_rng_state()
        return Checkpoint(epochs, tensors)

    def _resume(self, checkpoint: Checkpoint | None) -> int:
        """Restore a checkpoint; how many epochs are done."""
        if checkpoint is None:
            torch.manual_seed(self._settings.seed)  # of dropout
            return 0
        self._network.restore(checkpoint.part("network"))
        state: dict[int, dict[str, torch.Tensor]] = {}
        for key, value in checkpoint.part("optimizer").items():
            number, _, name = key.partition(".")
            state.setdefault(int(number), {})[name] = value
        self._optimizer.load_state_dict({"state": state, "param_groups": self._optimizer.state_dict()["param_groups"]})
        for place, value in checkpoint.part("random").items():
            (torch.set_rng_state if place == "cpu" else torch.cuda.set_rng_state)(value)
        return checkpoint.epochs


def _network(settings: BiencoderSettings, seeker: Any) -> Network:
    """A network with pretrained encoders and new heads. A frozen seeker is shared by the three."""
    responder = load_encoder(settings.encoder, settings.revision)
    if seeker is None:
        seeker = load_encoder(settings.encoder, settings.revision)
    return Network(seeker, responder, settings.dropout)


def examples_of(
    pairs: Sequence[LabelledPair], posts: Sequence[Tokens], responses: Sequence[Tokens], mechanism: Dimension,
) -> list[Example]:
    """The pairs that are labelled for `mechanism`; all marks IGNORED where the level is not 0 and nothing says why."""
    examples = []
    for pair, post, response in zip(pairs, posts, responses, strict=True):
        level, rationales = pair.levels[mechanism], pair.rationales[mechanism]
        if level is not None:
            marks = response.marks(rationales) if rationales or level == 0 else [IGNORED] * len(response)
            examples.append(Example(post, response, level, marks))
    return examples


def _shuffled(examples: Sequence[Example], size: int, seed: int) -> Iterator[list[Example]]:
    """All examples once, in batches of random order; the same for the same seed."""
    order = list(examples)
    random.Random(seed).shuffle(order)
    for start in range(0, len(order), size):
        yield order[start : start + size]


@contextmanager
def _shown(run: str, batches: int, advance: Advance | None) -> Iterator[Report]:
    """Shows where the training is on the caller's bar, or on one of its own."""
    if advance:
        yield lambda steps, note: advance(0, note=note)
    else:
        with progress(f"biencoder, {run}", batches) as step:
            yield lambda steps, note: step(steps, note=note)
