"""Whether a model can be asked, before the first row: what its backend needs is here, the hub gives it, its server serves it.

Each finding is a ModelError of one line. Nothing is loaded, and nothing takes longer than SECONDS to answer. The stage
`check` asks for every model that params name; each step asks again, for those that the store leaves it to ask.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from synthempathy.core.errors import Check, ModelError
from synthempathy.llm.backends import backend_of
from synthempathy.llm.backends.gpus import check_gpus
from synthempathy.llm.backends.openai_requests import Secrets
from synthempathy.llm.hub import HubAway, check_hub
from synthempathy.llm.loading import Model, is_folder
from synthempathy.llm.params import Engine, Machine, Server, engine_of

#: How long a server may take to name its models.
SECONDS = 5.0
#: How long what a server said of itself is taken as still true.
SECONDS_KNOWN = 30.0
#: Bytes that must be free where answers are kept: 137,000 answers of 2 kB, and SQLite's journal.
ROOM = 500_000_000
#: The packages of a backend, and the extra that brings them.
_PACKAGES = {"vllm": ("vllm",)}


def checks_of(model: Model, engine: Engine, machine: Machine, max_tokens: int) -> Iterator[Check]:
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


def checks_for_step(models: Iterable[Model], engine: Engine, machine: Machine, max_tokens: int) -> list[Check]:
    """What a step looks at before it asks `models`: what `checks_of` gives for each, and room on the disk.

    A hub that is away is no finding then: a snapshot in the cache is loaded without it, and loading says where there is none.
    """
    of_models = [check for model in models for check in checks_of(model, engine, machine, max_tokens)]
    return [*map(_but_a_hub_away, of_models), partial(check_room, Path(machine.store).parent)]


def _but_a_hub_away(check: Check) -> Check:
    def checked() -> None:
        with suppress(HubAway):
            check()

    return checked


def check_installed(engine: Engine, machine: Machine) -> None:
    """Refuse a backend, an executor or a quantisation whose package is not there. What runs on a cluster is there."""
    if machine.executor == "ray" and machine.ray.address is not None:
        wanted = ["ray"]
    else:
        wanted = [*_PACKAGES.get(engine.backend, ()), *(["ray"] if machine.executor == "ray" else [])]
    for package in wanted:
        if find_spec(package) is None:
            raise ModelError(f"{package} is not installed; make install EXTRAS={package}")
    if engine.backend == "vllm" and engine.vllm.quantization == "bitsandbytes" and find_spec("bitsandbytes") is None:
        raise ModelError("engine.vllm.quantization is bitsandbytes, which is not installed; make install EXTRAS=qlora")


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
    found = _entry(models, name)
    if found is None:
        from synthempathy.llm.backends.openai_bounds import scrubbed
        from synthempathy.llm.backends.openai_replies import one_line

        secrets = Secrets(server).values()
        served = ", ".join(sorted(one_line(scrubbed(str(one["id"]), secrets)) for one in models)[:5]) or "none"
        more = f" and {len(models) - 5} more" if len(models) > 5 else ""
        raise ModelError(f"{server.base_url} serves no {name}; it serves {served}{more}")
    room = served_context(server, name)
    if room is not None and room <= max_tokens:
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


def served_context(server: Server, name: str) -> int | None:
    """Tokens of prompt and answer that the server says it has room for; None where it does not say. ModelError as above."""
    room = (_entry(_models(server) or [], name) or {}).get("max_model_len")
    return room if isinstance(room, int) else None


def _entry(models: list[dict[str, Any]], name: str) -> dict[str, Any] | None:
    return next((one for one in models if one["id"] in (name, f"{name}:latest")), None)


def check_room(folder: Path) -> None:
    """Refuse a disk on which answers and outputs have no room."""
    here = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    free = shutil.disk_usage(here).free
    if free < ROOM:
        raise ModelError(f"{here}: {free / 1e6:,.0f} MB are free, {ROOM / 1e6:,.0f} are wanted for outputs and store; free some")


def _models(server: Server) -> list[dict[str, Any]] | None:
    """What the server says that it serves; None where it does not say. Not asked again for SECONDS_KNOWN."""
    headers = tuple(sorted(Secrets(server).headers().items()))
    found = _asked(server.base_url.rstrip("/"), headers, server.api_key_env, int(time.monotonic() / SECONDS_KNOWN))
    if isinstance(found, str):
        raise ModelError(found)
    return found


@cache
def _asked(
    base_url: str, headers: tuple[tuple[str, str], ...], variable: str, moment: int
) -> list[dict[str, Any]] | str | None:
    """The models; None where there are none to be read; a text says what is wrong, and is kept as they are."""
    import httpx2 as httpx

    from synthempathy.llm.backends.openai_bounds import asked_now
    from synthempathy.llm.backends.openai_replies import TryAgain

    late = f"no answer from {base_url} within {SECONDS:g} s; start the server, or correct base_url"
    try:
        response = asked_now("GET", f"{base_url}/models", dict(headers), SECONDS)
    except TryAgain as fault:
        return late if fault.reason == "timeout" else None
    except httpx.TimeoutException:
        return late
    except httpx.TransportError as error:
        return f"no server at {base_url}: {type(error).__name__}; start it, or correct base_url"
    if response.status_code in (401, 403):
        there = "" if any(name == "Authorization" for name, _ in headers) else ", which is not set"
        return f"{base_url} refuses the key (HTTP {response.status_code}); it is read from {variable}{there}"
    try:
        found = response.json()["data"] if response.is_success else None
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    well_formed = isinstance(found, list) and all(isinstance(one, dict) and "id" in one for one in found)
    return found if well_formed else None
