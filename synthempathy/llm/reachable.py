"""Whether a model can be asked, before the first row: what its backend needs is here, the hub gives it, its server serves it.

Each finding is a ModelError of one line. Nothing is loaded, and nothing takes longer than SECONDS to answer.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from synthempathy.core.errors import ModelError
from synthempathy.llm.backends import backend_of
from synthempathy.llm.backends.openai_requests import Secrets
from synthempathy.llm.hub import check_hub
from synthempathy.llm.loading import Model, is_folder
from synthempathy.llm.params import Engine, Machine, Server, engine_of

#: How long a server may take to name its models.
SECONDS = 5.0
#: Bytes that must be free where answers are kept: 137,000 answers of 2 kB, and SQLite's journal.
ROOM = 500_000_000
#: The packages of a backend, and the extra that brings them.
_PACKAGES = {"vllm": ("vllm",)}


def checks_of(model: Model, engine: Engine, machine: Machine, max_tokens: int) -> Iterator[Callable[[], None]]:
    """What must hold for `model`, asked by `engine` (the one above its own) for at most `max_tokens` an answer."""
    engine = engine_of(model.engine, engine)
    yield partial(check_installed, engine, machine)
    if backend_of(engine).local_weights:
        yield partial(check_gpus, engine, machine)
        yield partial(check_weights, model.name, model.revision)
    else:
        yield partial(check_server, engine.openai, model.served_as or model.name, max_tokens)
        if backend_of(engine).by_files:
            yield partial(check_batches, engine.openai)


def check_installed(engine: Engine, machine: Machine) -> None:
    """Refuse a backend, an executor or a quantisation whose package is not there."""
    wanted = [*_PACKAGES.get(engine.backend, ()), *(["ray"] if machine.executor == "ray" else [])]
    for package in wanted:
        if find_spec(package) is None:
            raise ModelError(f"{package} is not installed; make install EXTRAS={package}")
    if engine.backend == "vllm" and engine.vllm.quantization == "bitsandbytes" and find_spec("bitsandbytes") is None:
        raise ModelError("engine.vllm.quantization is bitsandbytes, which is not installed; make install EXTRAS=qlora")


def check_gpus(engine: Engine, machine: Machine) -> None:
    """Refuse a model that is to be spread over more GPUs than this machine has. A cluster's are Ray's to count."""
    wanted = machine.vllm.tensor_parallel_size
    if engine.backend != "vllm" or machine.executor == "ray" or wanted == 1 or find_spec("vllm") is None:
        return
    import torch

    there = torch.cuda.device_count()
    if 0 < there < wanted:  # with none, vLLM's build for the CPU spreads a model over processes
        raise ModelError(f"machine.vllm.tensor_parallel_size is {wanted}, but this machine has {there} GPUs; lower it")


def check_weights(name: str, revision: str | None) -> None:
    """Refuse a folder without a model, and a hub's name that cannot be had."""
    if not is_folder(name):
        check_hub(name, revision)


def check_server(server: Server, name: str, max_tokens: int) -> None:
    """Refuse a server that is not there, does not serve `name`, or has no room for `max_tokens`.

    One that does not name its models (GET /models: 404 and the like) is taken as it is. ModelError.
    """
    models = _models(server)
    if models is None:
        return
    found = next((one for one in models if one["id"] in (name, f"{name}:latest")), None)
    if found is None:
        served = ", ".join(sorted(str(one["id"]) for one in models)[:5]) or "none"
        more = f" and {len(models) - 5} more" if len(models) > 5 else ""
        raise ModelError(f"{server.base_url} serves no {name}; it serves {served}{more}")
    room = found.get("max_model_len")
    if isinstance(room, int) and room <= max_tokens:
        raise ModelError(
            f"{server.base_url} serves {name} with a context of {room} tokens: no room for a prompt beside "
            f"max_tokens {max_tokens}; lower it, or start the server with more"
        )


def check_batches(server: Server) -> None:
    """Refuse a server without a batch API. One that is away, or refuses the key, is `check_server`'s finding. ModelError."""
    import httpx2 as httpx

    for place in ("files", "batches"):
        url = f"{server.base_url.rstrip('/')}/{place}"
        try:
            with httpx.stream("GET", url, params={"limit": 1}, headers=Secrets(server).headers(), timeout=SECONDS) as response:
                status = response.status_code
        except httpx.TransportError:
            return
        if status in (404, 501):  # 405: it is there, and does not list what it holds
            raise ModelError(f"{server.base_url} has no batch API (GET /{place}: HTTP {status}); take the backend openai")


def check_room(folder: Path) -> None:
    """Refuse a disk on which answers and outputs have no room."""
    here = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    free = shutil.disk_usage(here).free
    if free < ROOM:
        raise ModelError(f"{here}: {free / 1e6:,.0f} MB are free, {ROOM / 1e6:,.0f} are wanted for outputs and store; free some")


def _models(server: Server) -> list[dict[str, Any]] | None:
    """What the server says that it serves; None where it does not say. Asked once for each server."""
    found = _asked(server.base_url.rstrip("/"), tuple(sorted(Secrets(server).headers().items())), server.api_key_env)
    if isinstance(found, str):
        raise ModelError(found)
    return found


@cache
def _asked(base_url: str, headers: tuple[tuple[str, str], ...], variable: str) -> list[dict[str, Any]] | str | None:
    """The models; None where there are none to be read; a text says what is wrong, and is kept as they are."""
    import httpx2 as httpx

    try:
        response = httpx.get(f"{base_url}/models", headers=dict(headers), timeout=SECONDS)
    except httpx.TimeoutException:
        return f"no answer from {base_url} within {SECONDS:g} s; start the server, or correct base_url"
    except httpx.TransportError as error:
        return f"no server at {base_url}: {type(error).__name__}; start it, or correct base_url"
    if response.status_code in (401, 403):
        there = "" if any(name == "Authorization" for name, _ in headers) else ", which is not set"
        return f"{base_url} refuses the key (HTTP {response.status_code}); it is read from {variable}{there}"
    try:
        found = response.json()["data"] if response.is_success else None
    except (ValueError, LookupError, TypeError):
        return None
    well_formed = isinstance(found, list) and all(isinstance(one, dict) and "id" in one for one in found)
    return found if well_formed else None
