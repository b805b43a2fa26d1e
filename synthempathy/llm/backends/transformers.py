"""The transformers backend: CPU or one GPU, batches of like length, finished rows dropped from the batch."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from synthempathy.core.errors import ModelError
from synthempathy.llm.backends import Completion, Request, longest_first, template_key
from synthempathy.llm.backends.sampling import draw, penalized
from synthempathy.llm.backends.stopping import cut_at, ends_at
from synthempathy.llm.chat import decoded, prompt_ids
from synthempathy.llm.loading import Model, add_adapter, load_model, load_tokenizer, pick_device
from synthempathy.llm.params import Engine, Machine, Sampling

#: The cache is shrunk when this share of a batch is still writing.
SHRINK_AT = 0.8


class TransformersBackend:
    """A causal language model of the Hugging Face library.

    In float32 on one machine a row's text depends on its own request alone: not on batch size, order or the other rows
    (see `sampling`). In half precision on a GPU the same seed may give other text in another batch.
    """

    local_weights = adapters = True
    schemas = by_files = False

    def __init__(self, model: Model, engine: Engine, machine: Machine) -> None:
        self.name, self.batch_size, self.template = model.name, machine.batch_size, engine.template
        self.exact = engine.dtype == "float32"
        self.device = pick_device(machine.device)
        self.tokenizer = load_tokenizer(model.name, model.revision)
        self.model = load_model(model.name, model.revision, engine.dtype, self.device)
        if model.adapter is not None:
            self.model = add_adapter(self.model, model.adapter).merge_and_unload().eval()
        self.limit = getattr(self.model.config, "max_position_embeddings", None) or 2**31

    @staticmethod
    def key(engine: Engine) -> str:
        return f"transformers/{engine.dtype}{template_key(engine)}"

    @staticmethod
    def plain_weights(engine: Engine) -> bool:
        return True

    @staticmethod
    def energy_counter(machine: Machine) -> Literal["gpu", "cpu"]:
        return "gpu" if pick_device(machine.device) == "cuda" else "cpu"

    @property
    def version(self) -> str:
        import transformers

        return f"transformers {transformers.__version__}"

    def close(self) -> None:
        """Free the model's memory."""
        import torch

        self.model = None
        gc.collect()
        if self.device == "cuda":
            torch.cuda.empty_cache()

    def complete(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[Completion]:
        """Answer the requests, longest prompts first, `machine.batch_size` at a time.

        Prompts are put into tokens batch by batch.
        """
        ordered = longest_first(requests)
        for start in range(0, len(ordered), self.batch_size):
            some = ordered[start : start + self.batch_size]
            yield from self._batch([(request, self._encoded(request, sampling)) for request in some], sampling)

    def _encoded(self, request: Request, sampling: Sampling) -> list[int]:
        ids = prompt_ids(self.tokenizer, request.messages, self.template)
        if len(ids) + sampling.max_tokens > self.limit:
            raise ModelError(
                f"row {request.id}: a prompt of {len(ids)} tokens and max_tokens {sampling.max_tokens} exceed the "
                f"{self.limit} of {self.name}; shorten the prompt or lower max_tokens"
            )
        return ids

    def _batch(self, prompts: list[tuple[Request, list[int]]], sampling: Sampling) -> Iterator[Completion]:
        import numpy
        import torch
        from transformers import DynamicCache

        rows = [_Row(request, ids, numpy.random.default_rng(request.seed)) for request, ids in prompts]
        width = max(len(row.prompt) for row in rows)
        pad = self.tokenizer.pad_token_id
        ids = torch.tensor([[pad] * (width - len(r.prompt)) + r.prompt for r in rows], device=self.device)
        mask = torch.tensor([[0] * (width - len(r.prompt)) + [1] * len(r.prompt) for r in rows], device=self.device)
        positions = (mask.cumsum(-1) - 1).clamp(min=0)
        cache = DynamicCache(config=self.model.config)
        with torch.inference_mode():
            while rows:
                logits = self.model(
                    input_ids=ids, attention_mask=mask, position_ids=positions, past_key_values=cache, logits_to_keep=1,
                ).logits[:, -1]
                tokens = self._draw(rows, logits, sampling)
                for row, token in zip(rows, tokens, strict=True):
                    if not row.finished and row.add(token, self._is_end(row, token, sampling), sampling.max_tokens):
                        yield self._completion(row, sampling)
                if sum(not row.finished for row in rows) <= SHRINK_AT * len(rows):
                    keep = torch.tensor([i for i, row in enumerate(rows) if not row.finished], device=self.device)
                    rows = [row for row in rows if not row.finished]
                    if not rows:
                        return
                    cache.batch_select_indices(keep)
                    mask, positions = mask[keep], positions[keep]
                last = [row.answer[-1] if row.answer else pad for row in rows]
                ids = torch.tensor(last, device=self.device).unsqueeze(-1)
                mask = torch.cat([mask, mask.new_ones(len(rows), 1)], dim=-1)
                positions = positions[:, -1:] + 1

    def _draw(self, rows: list[_Row], logits: Any, sampling: Sampling) -> list[int]:
        import torch

        def drawn_by(logits: Any, rows: list[_Row], uniforms: Any) -> tuple[Any, Any]:
            fair = penalized(logits, [row.prompt for row in rows], [row.answer for row in rows], sampling)
            return draw(fair, uniforms, sampling)

        uniforms = torch.tensor([row.uniform() for row in rows], dtype=torch.float64, device=self.device)
        tokens, sure = drawn_by(logits, rows, uniforms)
        if self.exact:
            for i in (~sure).nonzero().flatten().tolist():
                if not rows[i].finished:
                    alone = torch.tensor([rows[i].prompt + rows[i].answer], device=self.device)
                    exact = self.model(input_ids=alone, use_cache=False, logits_to_keep=1).logits[:, -1]
                    tokens[i] = drawn_by(exact, [rows[i]], uniforms[i : i + 1])[0][0]
        drawn: list[int] = tokens.tolist()
        return drawn

    def _is_end(self, row: _Row, token: int, sampling: Sampling) -> bool:
        if token in self._ends:
            row.end_tokens = 1
            return True
        return bool(sampling.stop) and ends_at(self.tokenizer, [*row.answer, token], sampling.stop)

    @property
    def _ends(self) -> set[int]:
        """The tokens that end an answer: the tokenizer's, and those of the model's generation config."""
        also = self.model.generation_config.eos_token_id
        also = also if isinstance(also, list) else [also]
        return {t for t in (self.tokenizer.eos_token_id, *also) if t is not None}

    def _completion(self, row: _Row, sampling: Sampling) -> Completion:
        ids = row.answer[: len(row.answer) - row.end_tokens]
        text = cut_at(decoded(self.tokenizer, ids), sampling.stop)
        return Completion(row.request.id, text, "stop" if row.stopped else "length", len(row.prompt), len(row.answer))


class _Row:
    """A row of a batch while it is written."""

    def __init__(self, request: Request, prompt: list[int], draws: Any) -> None:
        self.request, self.prompt, self._draws = request, prompt, draws
        self.answer: list[int] = []
        self.stopped = self.finished = False
        self.end_tokens = 0  # of the answer's tokens, those that are its end and no text

    def uniform(self) -> float:
        return float(self._draws.random()) if not self.finished else 0.0

    def add(self, token: int, ends: bool, limit: int) -> bool:
        """Take the next token; whether the row is finished with it."""
        self.answer.append(token)
        self.stopped = ends
        self.finished = ends or len(self.answer) >= limit
        return self.finished


BACKEND = TransformersBackend
