"""Fine-tuning measured: the Trainer beside the loop that stood here before, padding, memory with and without all logits.

    python -m benchmarks.finetune speed --model models/embedded [--train data/train.jsonl] [--steps 12] [--rounds 3]
    python -m benchmarks.finetune speed --llama 135M [--steps 3] [--rounds 3]
    python -m benchmarks.finetune logits [--vocabulary 128000] [--pairs 4] [--length 256]
    python -m benchmarks.finetune padding
    python -m benchmarks.finetune gpu        # where there is one: a 7B's shape, random weights

The two trainings alternate in one run, so that the ratio holds on a busy machine. Results: benchmarks/finetune.md.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import random
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
LLAMA_135M = {
    "vocab_size": 49152, "hidden_size": 576, "intermediate_size": 1536, "num_hidden_layers": 30, "num_attention_heads": 9,
    "num_key_value_heads": 3, "tie_word_embeddings": True,
}
MISTRAL_7B = {
    "vocab_size": 32000, "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32,
    "num_key_value_heads": 8,
}


def settings(**changes: Any) -> Any:
    from synthempathy.finetuning.params import Finetune
    from synthempathy.project.params import load_params

    values = load_params(ROOT / "params.yaml").finetune.model_dump()
    return Finetune.model_validate(values | changes)


def made_examples(count: int, vocabulary: int, mean: float, seed: int = 1) -> list[Any]:
    """Pairs of log-normal lengths (sigma 0.5), 0.55 of each learned."""
    from synthempathy.finetuning.examples import TokenizedExample

    chance = random.Random(seed)
    lengths = [max(8, min(int(2.5 * mean), int(chance.lognormvariate(math.log(mean), 0.5)))) for _ in range(count)]
    return [TokenizedExample([chance.randrange(3, vocabulary) for _ in range(n)], int(0.45 * n)) for n in lengths]


def speed(given: argparse.Namespace) -> None:
    """Tokens a second of steps: Trainer and loop by turns, each from the same weights."""
    from benchmarks import plain_loop
    from synthempathy.core.records import Pair, read_records
    from synthempathy.finetuning import lora
    from synthempathy.finetuning.examples import tokenized
    from synthempathy.finetuning.training import ResponseTrainer, arguments_for, make_repeatable, shares_of
    from synthempathy.finetuning.watching import Watch
    from synthempathy.llm.loading import load_tokenizer
    from synthempathy.llm.params import Training
    from synthempathy.llm.prompts import load_prompt

    if given.llama:
        from transformers import AutoConfig, AutoModelForCausalLM

        name = tempfile.mkdtemp()
        AutoModelForCausalLM.from_config(AutoConfig.for_model("llama", **LLAMA_135M)).save_pretrained(name)
        examples = made_examples(given.steps * 8, 49152, mean=given.length)
    else:
        name = given.model
        prompt = load_prompt(ROOT / "prompts/respond/plain.jinja")
        examples = tokenized(read_records(given.train, Pair), prompt, load_tokenizer(name, None))[: given.steps * 8]
    asked = settings(model=name, epochs=1, batch_size=8, max_length=max(map(len, examples)))
    tokens = sum(map(len, examples))

    def model() -> Any:
        make_repeatable(asked.seed)
        return lora.load_with_lora(asked, Training(), "cpu")

    def by_trainer() -> float:
        with tempfile.TemporaryDirectory() as folder:
            how = Training(checkpoints=folder, save_steps=10**6)
            shares = shares_of(asked, how)
            arguments = arguments_for(asked, how, "cpu", shares)
            arguments.save_strategy = "no"
            watch = Watch(name, 10**6, 9, lambda **_: None, lambda step, best: None)
            trainer = ResponseTrainer(model(), arguments, asked, how, shares, examples, examples[:1], watch, lambda: None)
            trainer.evaluate = lambda *_, **__: {"eval_loss": 0.0}  # type: ignore[method-assign]
            started = time.monotonic()
            trainer.train()
            return tokens / (time.monotonic() - started)

    def by_loop() -> float:
        tuned = model()
        started = time.monotonic()
        for _ in plain_loop.steps(tuned, examples, asked):
            pass
        return tokens / (time.monotonic() - started)

    rates: dict[str, list[float]] = {"trainer": [], "loop": []}
    by_loop()  # the first run also warms up
    for turn in range(given.rounds):
        order: list[tuple[str, Callable[[], float]]] = [("trainer", by_trainer), ("loop", by_loop)]
        for kind, run in order if turn % 2 else reversed(order):
            rates[kind].append(run())
    ratios = [one / two for one, two in zip(rates["trainer"], rates["loop"], strict=True)]
    print(json.dumps({
        "model": given.llama or given.model, "tokens": tokens, "steps": math.ceil(len(examples) / 8),
        "trainer_tokens_per_second": round(statistics.median(rates["trainer"])),
        "loop_tokens_per_second": round(statistics.median(rates["loop"])),
        "ratios": [round(ratio, 3) for ratio in ratios], "median_ratio": round(statistics.median(ratios), 3),
    }))


def _peak(kind: str, vocabulary: int, pairs: int, length: int, told: Any) -> None:
    """One forward and backward pass in a process of its own; tells its peak memory, before and after, and the loss."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    from benchmarks import plain_loop
    from synthempathy.finetuning.batches import learned_tokens, padded
    from synthempathy.finetuning.examples import TokenizedExample
    from synthempathy.finetuning.loss import response_loss

    torch.manual_seed(1)
    shape = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2}
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model("llama", vocab_size=vocabulary, **shape))
    model.get_output_embeddings().weight.requires_grad_(False)  # as under LoRA
    ids = torch.randint(3, vocabulary, (pairs, length)).tolist()
    examples = [TokenizedExample(row, length // 2) for row in ids]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if kind == "whole":
        loss = plain_loop.mean_loss(model, examples)
    else:
        loss = response_loss(model, padded(examples)) / learned_tokens(examples)
    loss.backward()
    told.put((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, float(loss.detach())))


def logits(given: argparse.Namespace) -> None:
    """Peak memory above the model's own, in float32, of one step's forward and backward passes."""
    context = multiprocessing.get_context("spawn")
    found: dict[str, Any] = {"vocabulary": given.vocabulary, "pairs": given.pairs, "length": given.length}
    for kind in ("whole", "response"):
        told = context.Queue()
        process = context.Process(target=_peak, args=(kind, given.vocabulary, given.pairs, given.length, told))
        process.start()
        kilobytes, loss = told.get()
        process.join()
        found[f"{kind}_gb"], found[f"{kind}_loss"] = round(kilobytes * 1024 / 1e9, 2), round(loss, 5)
    found["one_copy_of_all_logits_gb"] = round(given.vocabulary * given.pairs * given.length * 4 / 1e9, 2)
    print(json.dumps(found))


def padding(given: argparse.Namespace) -> None:
    """Shares of padding at 8 pairs a batch, log-normal lengths of 400 tokens in the middle."""
    from synthempathy.finetuning.batches import Shares
    from synthempathy.finetuning.spending import tokens_of

    examples = made_examples(4096, 100, mean=400)
    found = {}
    for name, packing in (("sorted windows", False), ("packed", True)):
        read, learned, pads = tokens_of(examples, Shares(8), 1, range(512), packing=packing)
        found[name] = round(pads / (read + learned + pads), 4)
    print(json.dumps(found))


def gpu(given: argparse.Namespace) -> None:
    """A 7B's shape, random weights in bfloat16, 8 pairs of 1,024 tokens: tokens a second, FLOP utilisation, memory."""
    import torch

    if not torch.cuda.is_available():
        raise SystemExit("not measured: torch sees no GPU here")
    from transformers import AutoConfig, AutoModelForCausalLM

    from synthempathy.finetuning.batches import Shares
    from synthempathy.finetuning.memory import bare_model, estimate
    from synthempathy.finetuning.run import trained
    from synthempathy.llm.params import Training
    from synthempathy.project.params import load_params

    with tempfile.TemporaryDirectory() as folder:
        with torch.device("cuda"):
            made = AutoModelForCausalLM.from_config(AutoConfig.for_model("mistral", **MISTRAL_7B), dtype=torch.bfloat16)
        made.save_pretrained(folder)
        del made
        torch.cuda.empty_cache()
        examples = made_examples(given.steps * 8, 32000, mean=400)
        longest = max(map(len, examples))
        for quantization in (None, "nf4"):
            asked = settings(model=folder, dtype="bfloat16", quantization=quantization, epochs=1, max_length=longest)
            how = Training(checkpoints=f"{folder}/checkpoints", packing=given.packing, attention=given.attention)
            machine = load_params(ROOT / "params.yaml").machine.model_copy(update={"device": "cuda", "training": how})
            torch.cuda.reset_peak_memory_stats()
            done = trained(asked, machine, examples, examples[:8])
            assert done is not None
            rate = done.spent["last_run"]["tokens_per_second"]
            bare = bare_model(folder, None)
            guess = estimate(bare, asked, how, Shares(8), spares=True, gpu=True)
            print(json.dumps({
                "device": torch.cuda.get_device_name(), "quantization": quantization, "tokens_per_second": rate,
                "peak_gb": done.spent["peak_memory_gb"], "estimate_gb": round(guess.total / 1e9, 1),
                # forward 2, backward through frozen weights 2, and forward again 2 FLOP a weight and token
                "model_flops_per_second": 4 * sum(p.numel() for p in bare.parameters()) * rate,
            }))
            done.checkpoints.remove()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = parser.add_subparsers(required=True)
    one = kinds.add_parser("speed")
    one.add_argument("--model", default="models/embedded")
    one.add_argument("--llama", choices=["135M"])
    one.add_argument("--train", type=Path, default=Path("data/train.jsonl"))
    one.add_argument("--steps", type=int, default=12)
    one.add_argument("--rounds", type=int, default=3)
    one.add_argument("--length", type=float, default=128)
    one.set_defaults(run=speed)
    one = kinds.add_parser("logits")
    one.add_argument("--vocabulary", type=int, default=128_000)
    one.add_argument("--pairs", type=int, default=4)
    one.add_argument("--length", type=int, default=256)
    one.set_defaults(run=logits)
    kinds.add_parser("padding").set_defaults(run=padding)
    one = kinds.add_parser("gpu")
    one.add_argument("--steps", type=int, default=20)
    one.add_argument("--packing", action="store_true")
    one.add_argument("--attention", default=None)
    one.set_defaults(run=gpu)
    given = parser.parse_args()
    given.run(given)


if __name__ == "__main__":
    main()
