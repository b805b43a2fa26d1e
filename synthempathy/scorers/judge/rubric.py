"""The judge's prompt: what the levels are, and the pair as data.

A prompt may use `pair`, a JSON object of post and reply, whose quotes and line breaks are escaped so that no text can
pose as the end of the data; or `explanation` and `response`, the bare texts.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from synthempathy.core.errors import PromptError
from synthempathy.llm.prompts import Message, Prompt, load_prompt

FOLDER = Path("prompts/judge")
_EXAMPLE = ("I missed the bus.", "What happened then?")


def read_rubric(name: str) -> Prompt:
    """prompts/judge/<name>.jinja, checked. PromptError if it is missing, wrong, or leaves out the pair."""
    return checked_rubric(FOLDER / f"{name}.jinja")


def checked_rubric(path: Path) -> Prompt:
    """As `read_rubric`, of any file."""
    prompt = load_prompt(path)
    prompt.check(values(*_EXAMPLE))
    if "pair" not in prompt.variables and not {"explanation", "response"} <= prompt.variables:
        raise PromptError("the judge does not see the pair", file=path, hint="put {{ pair }} into the user block")
    return prompt


def ask(rubric: Prompt, explanation: str, response: str) -> list[Message]:
    """The chat messages for a pair. Its texts are inserted as they are and never read as a template."""
    return rubric.messages(**values(explanation, response))


def values(explanation: str, response: str) -> dict[str, str]:
    """What a rubric may insert."""
    pair = json.dumps({"post": explanation, "reply": response}, ensure_ascii=False)
    return {"pair": pair, "explanation": explanation, "response": response}


def fingerprint(rubric: Prompt) -> str:
    """SHA-256 of the prompt's text."""
    return hashlib.sha256(rubric.source.encode()).hexdigest()
