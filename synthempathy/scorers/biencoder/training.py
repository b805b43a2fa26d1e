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

from synthempathy.core.errors import InputError, ModelError
from synthempathy.core.progress import progress
from synthempathy.llm.loading import pick_device
from synthempathy.project.params import Params
from synthempathy.scorers.biencoder.checkpoints import Checkpoint, Checkpoints
from synthempathy.scorers.biencoder.encoder import check_length, content_of, load_encoder, load_tokenizer
from synthempathy.scorers.biencoder.model import BiencoderScorer, padding
from synthempathy.scorers.biencoder.network import Network
from synthempathy.scorers.biencoder.reading import IGNORED, Tokenizer, Tokens
from synthempathy.scorers.labelled import LabelledPair
from synthempathy.scorers.mechanisms import LEVELS, MECHANISMS, Mechanism
from synthempathy.scorers.params import BiencoderSettings

LARGEST_GRADIENT = 1.0  # its norm is cut to this

Tell = Callable[[int, str], None]  # of batches that are done, and where in the training that is


@dataclass(frozen=True)
class Example:
    """A labelled pair for one mechanism; `marks` of the response's tokens as in `Tokens.marks`."""

    post: Tokens
    response: Tokens
    level: int
    marks: list[int]


def train(
    pairs: Sequence[LabelledPair], params: Params, *, run: str = "all", advance: Callable[..., None] | None = None,
) -> BiencoderScorer:
    """Learn from labelled pairs, on machine.device. InputError if no pair has some level; ModelError without an encoder.

    After a kill it goes on from the last epoch of the same `run`, to the same result: bit by bit on a CPU with the same
    threads. `advance(0, note=...)` is told of each batch; without it a bar of its own is shown.
    """
    settings = params.scorer.biencoder
    _check_levels(pairs)
    device = pick_device(params.machine.device)
    content = content_of(settings)
    tokenizer = load_tokenizer(settings.encoder, settings.revision)
    encoder = load_encoder(settings.encoder, settings.revision)
    check_length(settings, encoder.config, tokenizer)
    reader = Tokenizer(tokenizer, settings.max_length, padding(encoder.config, tokenizer))
    told = {**settings.model_dump(), "encoder": content, "device": device, "torch": torch.__version__}
    checkpoints = Checkpoints(Path(params.machine.store).parent / "scorer", told, run, pairs)
    posts, responses = reader.read([p.explanation for p in pairs]), reader.read([p.response for p in pairs])
    networks: dict[Mechanism, Network] = {}
    seeker = encoder.requires_grad_(False).to(device) if settings.freeze_seeker else None
    by_mechanism = {m: examples_of(pairs, posts, responses, m) for m in MECHANISMS}
    batches = sum(settings.epochs * math.ceil(len(some) / settings.batch_size) for some in by_mechanism.values())
    with _shown(run, batches, advance) as tell:
        for m, examples in by_mechanism.items():
            torch.manual_seed(settings.seed)
            network = _network(settings, seeker).to(device)
            _Training(network, reader, settings, device).run(m, examples, checkpoints, tell)
            networks[m] = network.eval()
    if run == "all":
        checkpoints.forget()
    return BiencoderScorer(networks, reader, device, settings.model_dump())


class _Training:
    """Trains one network."""

    def __init__(self, network: Network, reader: Tokenizer, settings: BiencoderSettings, device: str) -> None:
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS asks for it
        torch.use_deterministic_algorithms(True)
        self._network, self._reader, self._settings, self._device = network, reader, settings, device
        self._weights = [weight for weight in network.parameters() if weight.requires_grad]
        self._optimizer = torch.optim.AdamW(self._weights, lr=settings.learning_rate, weight_decay=0.0)

    def run(self, mechanism: Mechanism, examples: Sequence[Example], checkpoints: Checkpoints, tell: Tell) -> None:
        """Train on `examples`, from the last checkpoint on. ModelError if the loss is no number."""
        settings = self._settings
        each = math.ceil(len(examples) / settings.batch_size)
        done = self._go_on(checkpoints.find(mechanism))
        tell(done * each, "")
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
                tell(1, f"{mechanism}, epoch {epoch + 1} of {settings.epochs}, loss {loss:.3f}")
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
        """The weighed sum of the levels' mean cross-entropy and of the response tokens'."""
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

    def _go_on(self, checkpoint: Checkpoint | None) -> int:
        """Take over a checkpoint; how many epochs are done."""
        if checkpoint is None:
            torch.manual_seed(self._settings.seed)  # of dropout
            return 0
        self._network.take(checkpoint.part("network"))
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
    pairs: Sequence[LabelledPair], posts: Sequence[Tokens], responses: Sequence[Tokens], mechanism: Mechanism,
) -> list[Example]:
    """The pairs that are labelled for `mechanism`; all marks IGNORED where the level is not 0 and nothing says why."""
    examples = []
    for pair, post, response in zip(pairs, posts, responses, strict=True):
        level, rationales = pair.levels[mechanism], pair.rationales[mechanism]
        if level is not None:
            marks = response.marks(rationales) if rationales or level == 0 else [IGNORED] * len(response)
            examples.append(Example(post, response, level, marks))
    return examples


def _check_levels(pairs: Sequence[LabelledPair]) -> None:
    for m in MECHANISMS:
        missing = set(LEVELS) - {pair.levels[m] for pair in pairs}
        if missing:
            raise InputError(
                f"no pair to learn level {min(missing)} of {m} from",
                hint="add labelled pairs with that level, under more posts than there are folds",
            )


def _shuffled(examples: Sequence[Example], size: int, seed: int) -> Iterator[list[Example]]:
    """All examples once, in batches of random order; the same for the same seed."""
    order = list(examples)
    random.Random(seed).shuffle(order)
    for start in range(0, len(order), size):
        yield order[start : start + size]


@contextmanager
def _shown(run: str, batches: int, advance: Callable[..., None] | None) -> Iterator[Tell]:
    """Tells the caller's bar where the training is, or a bar of its own."""
    if advance:
        yield lambda steps, note: advance(0, note=note)
    else:
        with progress(f"biencoder, {run}", batches) as step:
            yield lambda steps, note: step(steps, note=note)
