"""The step's tokens a second over those of the bare engine, on the same prompts and in the same run.

    python -m benchmarks.engines transformers [--rows 384] [--rounds 5]
    .venv-engines/bin/python -m benchmarks.engines vllm [--rows 2048] [--rounds 5]
    python -m benchmarks.engines ray [--rows 96] [--rounds 5]
    .venv-engines/bin/python -m benchmarks.engines ray-vllm [--rows 512] [--rounds 5]

The step is `ask_rows` with all that it does: prompts rendered, answers checked, each committed to a fresh store as it
comes. Bare is `LLM.chat` over all prompts at once for vLLM, and `model.generate` over batches sorted by length, of the
same size, for transformers; both with the step's sampling. The two take turns, and the median ratio counts. Loading the
model is in neither.

With `ray` and `ray-vllm` the two are one Ray worker with all cores and the same backend in process: rows a second of the
one over those of the other, on the same requests, and rows a second of CPU time, Ray's own included. Beside other work the
second ratio is the one to look at: the system does not give both the same share. How many texts are the same is printed too.

On a GPU: --model NAME, --dtype bfloat16.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from statistics import median

import psutil

from synthempathy.core.records import Story
from synthempathy.core.threads import available_cores, environment_as_found, set_threads
from synthempathy.llm import runner
from synthempathy.llm.backends import Loaded, Request, longest_first, open_backend
from synthempathy.llm.loading import Model, load_model, load_tokenizer, pick_device
from synthempathy.llm.prompts import load_prompt
from synthempathy.llm.runner import Asking, Row, ask_rows
from synthempathy.llm.store_key import KeyMaker
from synthempathy.project.params import Params, load_params

set_threads()  # as every stage does, before torch is loaded
ROOT = Path(__file__).parents[1]
ROWS = {"transformers": 384, "vllm": 2048, "ray": 96, "ray-vllm": 512}
PEOPLE = ("My sister", "My manager", "A neighbour", "My old friend Tom", "The landlord", "My teacher", "My daughter")
DEEDS = ("shouted at me", "forgot my birthday", "wants the money back", "left without a word", "lost my papers")
WHEN = ("yesterday", "this morning", "again last week", "in front of everyone", "while I was ill")
FEELING = ("I could not sleep.", "I feel small.", "I am so tired of it.", "I do not know what to do.", "My hands shook.")


def rows_to_ask(rows: int, prompt: Path) -> list[Row]:
    """Explanations of 1 to 8 sentences, so that prompts differ in length."""
    template = load_prompt(prompt)
    out = []
    for n in range(rows):
        told = " ".join(
            f"{PEOPLE[(n + k) % 7]} {DEEDS[(n // 7 + k) % 5]} {WHEN[(n // 35 + 2 * k) % 5]}. {FEELING[(n + 3 * k) % 5]}"
            for k in range(1 + n % 8)
        )
        record = Story(id=f"r{n}", seed_id="s", category="Work", seed="x", story="x", model="x")
        out.append(Row(record.id, record, template.messages(explanation=told, category="Work")))
    return out


def step(backend: Loaded, rows: list[Row], params: Params) -> tuple[int, float]:
    """(tokens of answers, seconds) of the step as the pipeline runs it, one try a row."""

    class Lent:
        """The backend that is open already, and stays so."""

        version, complete = backend.version, staticmethod(backend.complete)

        def close(self) -> None:
            """Others use it after this."""

    runner.open_backend = lambda *_: Lent()  # type: ignore[assignment]
    runner.record_cost = lambda *_: None  # type: ignore[assignment]
    with tempfile.TemporaryDirectory() as folder:
        machine = params.machine.model_copy(update={"store": f"{folder}/store.sqlite"})
        asking = Asking((Model(str(params.respond.model)),), params.respond.sampling, 1, params.engine, machine)
        started = time.perf_counter()
        results = ask_rows("respond", rows, asking, lambda _, completion: {"response": completion.text})
        return results.completion_tokens, time.perf_counter() - started


def bare_transformers(rows: list[Row], params: Params) -> tuple[Callable[[], tuple[int, float]], Loaded]:
    import torch

    name, device = params.respond.model, pick_device(params.machine.device)
    model = load_model(name, None, params.engine.dtype, device)
    tokenizer = load_tokenizer(name, None)
    sampling, size = params.respond.sampling, params.machine.batch_size

    def bare() -> tuple[int, float]:
        started, tokens = time.perf_counter(), 0
        prompts = [
            tokenizer.apply_chat_template(row.rendered(), add_generation_prompt=True, return_dict=False) for row in rows
        ]
        prompts.sort(key=len)
        for start in range(0, len(prompts), size):
            batch = tokenizer.pad({"input_ids": prompts[start : start + size]}, return_tensors="pt").to(device)
            with torch.inference_mode():
                out = model.generate(
                    **batch, do_sample=True, temperature=sampling.temperature, top_p=sampling.top_p, top_k=0,
                    max_new_tokens=sampling.max_tokens, pad_token_id=tokenizer.pad_token_id,
                )
            answers = out[:, batch["input_ids"].shape[1] :]
            ended = (answers == tokenizer.eos_token_id).cumsum(dim=1)
            tokens += int(((ended == 0) | ((ended == 1) & (answers == tokenizer.eos_token_id))).sum())
            tokenizer.batch_decode(answers, skip_special_tokens=True)
        return tokens, time.perf_counter() - started

    return bare, open_backend(Model(name), params.engine, params.machine)


def bare_vllm(rows: list[Row], params: Params) -> tuple[Callable[[], tuple[int, float]], Loaded]:
    from unittest.mock import patch

    from vllm import LLM, SamplingParams
    from vllm.v1.engine.llm_engine import LLMEngine

    settings = params.engine.vllm.model_dump() | params.machine.vllm.model_dump()
    on_cpu = pick_device(params.machine.device) == "cpu"
    with environment_as_found():  # as the step's own engine
        llm = LLM(
            model=params.respond.model, dtype=params.engine.dtype, disable_log_stats=True, **settings,
            # A seeded request whose prompt is prefilled in chunks kills vLLM on a CPU; the step's own engine does the same.
            **({"enable_chunked_prefill": False, "kv_cache_memory_bytes": 1 << 30} if on_cpu else {}),
        )
    # One vLLM for both: two on one machine would take each other's cores, or memory.
    with patch.object(LLMEngine, "from_engine_args", lambda *_, **__: llm.llm_engine):
        backend = open_backend(Model(str(params.respond.model)), params.engine, params.machine)
    sampling = params.respond.sampling
    wanted = SamplingParams(temperature=sampling.temperature, top_p=sampling.top_p, max_tokens=sampling.max_tokens)

    def bare() -> tuple[int, float]:
        started = time.perf_counter()
        outputs = llm.chat([row.rendered() for row in rows], wanted, use_tqdm=False)
        return sum(len(out.outputs[0].token_ids) for out in outputs), time.perf_counter() - started

    return bare, backend


def ray_beside_local(rows: list[Row], params: Params, rounds: int) -> None:
    """Rows a second through one Ray worker over those in process, taking turns."""
    keys = KeyMaker(Model(params.respond.model), params.engine, params.respond.sampling)
    requests = longest_first([Request(row.id, row.rendered(), keys.seed(row.rendered(), 0, 0)) for row in rows])
    one = params.machine.ray.model_copy(update={"address": None, "workers": 1, "cpus_per_worker": available_cores()})
    machines = {
        "in process": params.machine.model_copy(update={"executor": "local", "replicas": 1}),
        "by Ray": params.machine.model_copy(update={"executor": "ray", "ray": one}),
    }
    backends = {name: open_backend(Model(params.respond.model), params.engine, machine) for name, machine in machines.items()}

    def timed(name: str, some: list[Request]) -> tuple[float, float, dict[str, str]]:
        started, cpu = time.perf_counter(), cpu_seconds()
        texts = {done.id: getattr(done, "text", "") for done in backends[name].complete(some, params.respond.sampling)}
        return len(some) / (time.perf_counter() - started), len(some) / (cpu_seconds() - cpu), texts

    try:
        for name in backends:  # warm up: the worker loads its model now
            timed(name, requests[: max(1, len(requests) // 8)])
        ratios, by_cpu = [], []
        for number in range(rounds):
            order = list(backends) if number % 2 == 0 else list(backends)[::-1]
            found = {name: timed(name, requests) for name in order}
            (local, local_cpu, texts), (ray, ray_cpu, others) = found["in process"], found["by Ray"]
            ratios.append(ray / local)
            by_cpu.append(ray_cpu / local_cpu)
            same = sum(texts[id] == others[id] for id in texts)
            print(
                f"round {number + 1}: in process {local:.2f} rows/s, one Ray worker {ray:.2f} rows/s, ratio {ratios[-1]:.3f}, "
                f"by CPU time {by_cpu[-1]:.3f}, {same} of {len(texts)} texts the same", flush=True,
            )
        print(
            f"ray, {params.engine.backend}, {len(rows)} rows of {params.respond.model}: median ratio {median(ratios):.3f}, "
            f"by CPU time {median(by_cpu):.3f}"
        )
    finally:
        for backend in backends.values():
            backend.close()


def cpu_seconds() -> float:
    """Of this process and all that it started, those that have ended left out."""
    times = 0.0
    for process in (psutil.Process(), *psutil.Process().children(recursive=True)):
        with suppress(psutil.Error):  # it has just ended
            used = process.cpu_times()
            times += used.user + used.system
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("backend", choices=tuple(ROWS))
    parser.add_argument("--model", default="models/embedded")
    parser.add_argument("--dtype", default="float32", choices=("float32", "bfloat16", "float16"))
    parser.add_argument("--rows", type=int)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    loaded = load_params(ROOT / "params.yaml")
    backend = "vllm" if given.backend.endswith("vllm") else "transformers"
    engine = loaded.engine.model_copy(update={"backend": backend, "dtype": given.dtype})
    respond = loaded.respond.model_copy(update={"model": given.model})
    params = loaded.model_copy(update={"engine": engine, "respond": respond})
    rows = rows_to_ask(given.rows or ROWS[given.backend], ROOT / "prompts/respond/coe_cbt.jinja")
    if given.backend.startswith("ray"):
        ray_beside_local(rows, params, given.rounds)
        return
    make = bare_transformers if given.backend == "transformers" else bare_vllm
    bare, ours = make(rows, params)
    bare(), step(ours, rows[: len(rows) // 4], params)  # warm up
    ratios = []
    for number in range(given.rounds):
        (their_tokens, their_seconds), (our_tokens, our_seconds) = bare(), step(ours, rows, params)
        ratios.append((our_tokens / our_seconds) / (their_tokens / their_seconds))
        print(
            f"round {number + 1}: bare {their_tokens / their_seconds:,.0f} tokens/s, "
            f"step {our_tokens / our_seconds:,.0f} tokens/s, ratio {ratios[-1]:.3f}", flush=True,
        )
    print(f"{given.backend}, {len(rows)} rows of {given.model}: median ratio {median(ratios):.3f}")
    ours.close()


if __name__ == "__main__":
    main()
