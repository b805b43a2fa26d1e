"""Train the demonstration model: tokenizer, copying curriculum, then the pipeline's tasks.

Rows are drawn from an endless seeded stream, so no row is seen twice. The loss is on the answers alone. An interrupted
training resumes from its last checkpoint.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import torch
from torch.nn.functional import cross_entropy
from transformers import MistralConfig, MistralForCausalLM, PreTrainedTokenizerFast

from synthempathy.core.files import written_whole
from synthempathy.core.progress import progress, say
from synthempathy.demo_model.material import Material
from synthempathy.demo_model.params import Copying, Phase, Recipe
from synthempathy.demo_model.tasks import Row, Tasks
from synthempathy.demo_model.tokenizer import END, PAD, train_tokenizer

CHECKPOINT_EVERY = 250  # steps
TOKENIZER_ROWS = 8000
IGNORED = -100

Example = tuple[list[int], int]  # token ids; where the answer starts


def train(recipe: Recipe, prompts: Path, target: Path, checkpoints: Path) -> dict[str, int]:
    """Write model (bfloat16) and tokenizer to the folder `target`; give the numbers of parameters and tokens seen.

    An interrupted training resumes from what it left in the folder `checkpoints`.
    """
    torch.manual_seed(recipe.seed)
    material = Material()
    tokenizer = train_tokenizer(_texts(Tasks(material, prompts, Random(recipe.seed)), TOKENIZER_ROWS))
    model = MistralForCausalLM(MistralConfig(
        vocab_size=len(tokenizer), tie_word_embeddings=True, rope_theta=10000.0, attention_dropout=0.0,
        bos_token_id=None, eos_token_id=tokenizer.convert_tokens_to_ids(END),
        pad_token_id=tokenizer.convert_tokens_to_ids(PAD), sliding_window=None, **recipe.architecture.model_dump(),
    ))
    parameters = sum(p.numel() for p in model.parameters())
    say(f"{parameters / 1e6:.1f}M parameters, {len(tokenizer)} tokens")
    tokens = 0
    if not any(checkpoints.glob("*.pt")):  # otherwise learned before an interruption
        source = Tasks(material, prompts, Random(recipe.seed))
        tokens = _copying(model, tokenizer, source, recipe.copying)
    for number, phase in enumerate(recipe.phases):
        tasks = Tasks(
            material, prompts, Random(recipe.seed + 1 + number), mixture=phase.mixture, stories=phase.stories,
            others=phase.others, edited=phase.edited,
        )
        tokens = _phase(model, tokenizer, tasks, phase, tokens, checkpoints)
    with written_whole(target) as (part,):
        model.to(torch.bfloat16).save_pretrained(part)
        tokenizer.save_pretrained(part)
    return {"parameters": parameters, "training_tokens": tokens}


def encode(tokenizer: PreTrainedTokenizerFast, row: Row) -> Example:
    """Prompt by the chat template, then the answer and its end."""
    prompt = tokenizer.apply_chat_template(row.messages, add_generation_prompt=True, return_dict=False)
    return [*prompt, *tokenizer(row.answer)["input_ids"], tokenizer.eos_token_id], len(prompt)


def _copying(model: Any, tokenizer: Any, source: Tasks, settings: Copying) -> int:
    """Train to repeat a text; give the tokens seen."""
    optimiser, rng, tokens = _optimiser(model, settings.learning_rate), source.rng, 0
    head = tokenizer("<|user|>Repeat: ")["input_ids"]
    turn = tokenizer("<|end|><|assistant|>")["input_ids"]
    model.train()
    with progress("copying", settings.steps) as advance:
        for step in range(settings.steps):
            batch: list[Example] = []
            for _ in range(settings.rows):
                if rng.random() < settings.random_share:
                    text = [rng.randrange(5, len(tokenizer)) for _ in range(rng.randint(3, 24))]
                    prompt = [*head, *text, *turn]
                    batch.append(([*prompt, *text, tokenizer.eos_token_id], len(prompt)))
                else:
                    batch.append(encode(tokenizer, source.copy()))
            rate = min(1.0, (step + 1) / 50)
            loss = _step(model, optimiser, batch, settings.learning_rate * rate)
            tokens += sum(len(ids) for ids, _ in batch)
            advance(note=f"loss {loss:.3f}")
    return tokens


def _phase(model: Any, tokenizer: Any, tasks: Tasks, settings: Phase, tokens: int, checkpoints: Path) -> int:
    """Train for one phase of the recipe, or what is left of it; give the tokens seen so far."""
    optimiser = _optimiser(model, settings.learning_rate)
    checkpoint = checkpoints / f"{settings.name}.pt"
    first, tokens = _resumed(model, optimiser, checkpoint, tokens)
    batches = _batches(tasks, tokenizer, settings.tokens)
    model.train()
    with progress(settings.name, settings.steps) as advance:
        for step in range(settings.steps):
            batch = next(batches)
            if step >= first:
                loss = _step(model, optimiser, batch, _rate(step, settings))
                tokens += sum(len(ids) for ids, _ in batch)
                if (step + 1) % CHECKPOINT_EVERY == 0 or step + 1 == settings.steps:
                    _save_checkpoint(model, optimiser, checkpoint, step + 1, tokens)
            advance(note=f"loss {loss:.3f}" if step >= first else "")
    return tokens


def _rate(step: int, settings: Phase) -> float:
    """A linear warm-up to the learning rate, then a cosine down to `final_share` of it at the horizon."""
    if step < settings.warmup:
        return settings.learning_rate * (step + 1) / settings.warmup
    along = (step - settings.warmup) / max(1, settings.horizon - settings.warmup)
    low = settings.final_share
    return settings.learning_rate * (low + (1 - low) * 0.5 * (1 + math.cos(math.pi * along)))


def _batches(tasks: Tasks, tokenizer: Any, budget: int) -> Iterator[list[Example]]:
    """Batches of rows of like length, at most `budget` tokens with padding."""
    stream = tasks.stream()
    while True:
        pool = sorted((encode(tokenizer, row) for row in itertools.islice(stream, 384)), key=lambda e: len(e[0]))
        found: list[list[Example]] = [[]]
        for example in pool:
            if (len(found[-1]) + 1) * len(example[0]) > budget:
                found.append([])
            found[-1].append(example)
        tasks.rng.shuffle(found)
        yield from found


def _step(model: Any, optimiser: Any, batch: list[Example], rate: float) -> float:
    for group in optimiser.param_groups:
        group["lr"] = rate
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss, _ = mean_loss(model, batch)
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimiser.step()
    return float(loss.detach())


def mean_loss(model: Any, batch: list[Example]) -> tuple[torch.Tensor, int]:
    """Mean loss over the answers' tokens. Right padding needs no mask: attention looks to the left alone.

    Widths are rounded up, so that the kernels which are compiled for a shape can be used again.
    """
    width = _rounded(max(len(ids) for ids, _ in batch), 32) + 1
    ids = torch.tensor([[*ids, *[0] * (width - len(ids))] for ids, _ in batch])
    labels = torch.tensor([
        [*[IGNORED] * start, *ids[start:], *[IGNORED] * (width - len(ids))] for ids, start in batch
    ])[:, 1:]
    wanted = (labels.flatten() != IGNORED).nonzero().flatten()
    filled = torch.zeros(_rounded(len(wanted), 256), dtype=torch.long)
    filled[: len(wanted)] = wanted
    hidden = model.model(input_ids=ids[:, :-1], use_cache=False).last_hidden_state
    logits = model.lm_head(hidden.flatten(0, 1)[filled]).float()
    targets = labels.flatten()[filled].masked_fill(torch.arange(len(filled)) >= len(wanted), IGNORED)
    return cross_entropy(logits, targets, ignore_index=IGNORED), len(wanted)


def _rounded(count: int, step: int) -> int:
    return (count + step - 1) // step * step


def _optimiser(model: Any, rate: float) -> Any:
    return torch.optim.AdamW(model.parameters(), lr=rate, betas=(0.9, 0.95), weight_decay=0.01, fused=True)


def _save_checkpoint(model: Any, optimiser: Any, path: Path, step: int, tokens: int) -> None:
    state = {"step": step, "tokens": tokens, "model": model.state_dict(), "optimiser": optimiser.state_dict()}
    with written_whole(path) as (part,):
        torch.save(state, part)


def _resumed(model: Any, optimiser: Any, path: Path, tokens: int) -> tuple[int, int]:
    """Load the phase's checkpoint where there is one; give its step and the tokens seen."""
    if not path.exists():
        return 0, tokens
    state = torch.load(path, weights_only=True)  # plain tensors and numbers: no code is run
    model.load_state_dict(state["model"])
    optimiser.load_state_dict(state["optimiser"])
    say(f"{path.stem}: resuming at step {state['step']}")
    return state["step"], state["tokens"]


def _texts(tasks: Tasks, count: int) -> Iterator[str]:
    for row in itertools.islice(tasks.stream(), count):
        yield from (message["content"] for message in row.messages)
        yield row.answer
