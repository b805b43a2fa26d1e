"""A real HTTP server on this machine that serves models by name, as vLLM's does: GET /v1/models, POST /v1/chat/completions."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from queue import Empty, SimpleQueue
from typing import Any

from synthempathy.llm.backends import Completion, Loaded, Request, open_backend
from synthempathy.llm.loading import Model
from synthempathy.llm.params import Engine, Machine, Sampling
from tests.helpers.json_server import JsonHandler, serving

#: From a request's body to the answer's text.
Answering = Callable[[dict[str, Any]], str]
#: How long a batch waits for its first row, and then for the next.
SECONDS_TO_GATHER = 0.05


class ModelServer:
    """Use as a context manager. `models` gives each name that is served what answers it; `asked[name]` counts requests."""

    def __init__(self, models: Mapping[str, Answering], context: int = 4096) -> None:
        self.models, self.context, self.asked = models, context, dict.fromkeys(models, 0)

    def __enter__(self) -> ModelServer:
        server = self

        class Handler(JsonHandler):
            def do_GET(self) -> None:
                known = self.path == "/v1/models"
                data = [{"id": name, "object": "model", "max_model_len": server.context} for name in server.models]
                self.answer(200 if known else 404, {"object": "list", "data": data} if known else {})

            def do_POST(self) -> None:
                body = self.body()
                if self.path != "/v1/chat/completions" or body["model"] not in server.models:
                    self.answer(404, {"error": {"message": "no such model or path"}})
                    return
                server.asked[body["model"]] += 1
                text = server.models[body["model"]](body)
                self.answer(200, {
                    "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": body["model"],
                    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}],
                    "usage": {"prompt_tokens": 9, "completion_tokens": len(text.split())},
                })

            def _send(self, status: int, answer: Any) -> None:
                sent = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(sent)))
                self.end_headers()
                self.wfile.write(sent)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._serving = serving(Handler)
        self.url = self._serving.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._serving.__exit__(None, None, None)


class Batched:
    """Answers by a model of this machine, loaded at the first request: those that come together are written together."""

    def __init__(self, model: Model, engine: Engine, machine: Machine) -> None:
        self._opened_with = (model, engine, machine)
        self._waiting = SimpleQueue[tuple[dict[str, Any], SimpleQueue[str]]]()
        threading.Thread(target=self._work, daemon=True).start()

    def __call__(self, body: dict[str, Any]) -> str:
        answer = SimpleQueue[str]()
        self._waiting.put((body, answer))
        return answer.get()

    def _work(self) -> None:
        loaded: Loaded | None = None
        while True:
            batch = [self._waiting.get()]
            try:
                while len(batch) < 48:
                    batch.append(self._waiting.get(timeout=SECONDS_TO_GATHER))
            except Empty:
                pass
            loaded = loaded or open_backend(*self._opened_with)
            first = batch[0][0]
            sampling = Sampling(**{name: first[name] for name in ("temperature", "top_p", "max_tokens")}, seed=1)
            requests = [Request(str(n), body["messages"], body["seed"]) for n, (body, _) in enumerate(batch)]
            for outcome in loaded.complete(requests, sampling):
                batch[int(outcome.id)][1].put(outcome.text if isinstance(outcome, Completion) else "")
