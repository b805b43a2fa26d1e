"""What a server of chat completions is sent: the body in the words that this server knows, and its headers."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from synthempathy.core.errors import ModelError
from synthempathy.llm.backends import Request
from synthempathy.llm.chat import folded, harmless
from synthempathy.llm.params import Engine, Sampling, Server

#: Seeds are sent modulo this: some servers read 32 bits with a sign and refuse the protocol's 63.
SEEDS = 2**31


def body_of(request: Request, model: str, sampling: Sampling, engine: Engine) -> dict[str, Any]:
    """The request's JSON: what is left out, renamed and added as `engine.openai` says."""
    server = engine.openai
    sent: dict[str, Any] = {
        "seed": request.seed % SEEDS, "temperature": sampling.temperature, "top_p": sampling.top_p,
        "max_tokens": sampling.max_tokens, **sampling.extras(),
    }
    if request.schema is not None:
        sent["response_format"] = {
            "type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": dict(request.schema)},
        }
    if engine.template:
        sent["chat_template_kwargs"] = engine.template
    named = {server.rename.get(name, name): value for name, value in sent.items() if name not in server.leave_out}
    messages = harmless(folded(request.messages) if server.fold_system else request.messages)
    return {"model": model, "messages": messages, **named, **server.extra_body}


def key_part(engine: Engine) -> str:
    """What of the server's settings may change a text, for the store's key; "" where all are as they come."""
    server, changed = engine.openai, []
    for name in ("leave_out", "extra_body", "fold_system"):
        if value := getattr(server, name):
            changed.append(f"{name}={value if name != 'leave_out' else sorted(value)}")
    return "".join(f"/{one}" for one in changed)


class Secrets:
    """The values that come from the environment alone: the key, and those of headers. Nothing else ever holds them."""

    def __init__(self, server: Server) -> None:
        self._server = server

    @property
    def key(self) -> str:
        """The key, or "": servers of one's own need none."""
        return os.environ.get(self._server.api_key_env, "").strip()

    def headers(self) -> dict[str, str]:
        """The headers of a request. ModelError names a variable that is not set, or holds what no header can."""
        found = {}
        for header, variable in self._named().items():
            value = os.environ.get(variable, "").strip()
            if not value and header != "Authorization":
                raise ModelError(f"the environment variable {variable} is not set; headers_env takes the header {header} from it")
            if not (value.isascii() and value.isprintable()):  # the HTTP library's own error would show it
                what = "key" if header == "Authorization" else "value"
                raise ModelError(f"the {what} in {variable} holds characters that no {what} has; set it anew")
            if value:
                found[header] = f"Bearer {value}" if header == "Authorization" else value
        return found

    def values(self) -> list[str]:
        """All of them, to be taken out of what is shown."""
        found = (os.environ.get(variable, "").strip() for variable in self._named().values())
        return [value for value in found if value]

    def _named(self) -> Mapping[str, str]:
        return {"Authorization": self._server.api_key_env, **self._server.headers_env}
