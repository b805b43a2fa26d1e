"""The chat template: the one place where messages become tokens, for generation, training, perplexity and judging alike.

What a template wants beside the messages is given here and nowhere else: arguments of its own (a model that can be told
not to think is told so, unless `engine.template` says otherwise), and a fixed day for a template with a clock, since the
same inputs must give the same prompt on any day. Templates are trusted; data never is: text in it that looks like a
control token stays text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from synthempathy.core.errors import ModelError
from synthempathy.llm.control_tokens import CONTROL

Message = dict[str, str]

#: For base models, which have no template of their own (Mistral-7B-v0.1): the turns as plain paragraphs.
PLAIN_CHAT_TEMPLATE = (
    "{{ bos_token if bos_token else '' }}{% for message in messages %}"
    "{% if message['role'] == 'assistant' %}{{ message['content'] + eos_token }}"
    "{% else %}{{ message['content'] + '\n\n' }}{% endif %}{% endfor %}"
)
#: Before a template: the system turn becomes the first paragraph of the turn after it.
FOLD_SYSTEM = (
    "{%- if messages[0]['role'] == 'system' and messages | length > 1 -%}"
    "{%- set messages = [{'role': messages[1]['role'], "
    "'content': messages[0]['content'] + '\n\n' + messages[1]['content']}] + messages[2:] -%}"
    "{%- endif -%}"
)
#: The day that every template is told: of no meaning, but always the same.
DAY = datetime(2025, 1, 1)
#: What templates read beside the messages: no thinking (Qwen3, DeepSeek, SmolLM3), the day (Llama 3, gpt-oss).
TEMPLATE_ARGUMENTS: dict[str, Any] = {
    "enable_thinking": False, "thinking": False, "strftime_now": DAY.strftime, "date_string": DAY.strftime("%d %b %Y"),
}
_SYSTEM, _USER = "Be kind to whoever writes.", "I missed the bus."
_ANY_CONTROL = re.compile(CONTROL)
#: A character of the private use area: stands inside what looks like a control token while the template is rendered.
_BREAK = "\ue5c7"


def prompt_ids(tokenizer: Any, messages: Sequence[Message], arguments: Mapping[str, Any] | None = None) -> list[int]:
    """Token ids of the messages, up to where the answer begins. `arguments`: of the template, over TEMPLATE_ARGUMENTS."""
    return ids_of(tokenizer, rendered(tokenizer, messages, arguments, open_turn=True))


def rendered(
    tokenizer: Any, messages: Sequence[Message], arguments: Mapping[str, Any] | None = None, *, open_turn: bool
) -> str:
    """The messages as text, for `ids_of`: what looks like a control token in them is marked, so that it stays text."""
    turns = [message | {"content": as_text(tokenizer, message["content"])} for message in messages]
    return str(tokenizer.apply_chat_template(
        turns, add_generation_prompt=open_turn, tokenize=False, **TEMPLATE_ARGUMENTS | dict(arguments or {}),
    ))


def as_text(tokenizer: Any, data: str) -> str:
    """`data` for `ids_of`, with what looks like a control token of `tokenizer` marked as text."""
    return _control_tokens(_names(tokenizer)).sub(_broken, data.replace(_BREAK, ""))


def ids_of(tokenizer: Any, text: str) -> list[int]:
    """Token ids of rendered text. The template has written the special tokens already."""
    ids: list[int] = []
    for part in text.split(_BREAK):
        ids += tokenizer(part, add_special_tokens=False)["input_ids"]
    return ids


def harmless(messages: Sequence[Message]) -> list[Message]:
    """The messages for a server, whose tokenizer is not known: an invisible space parts what any family reads as control."""
    return [message | {"content": _ANY_CONTROL.sub(lambda found: f"{found[0][0]}\u200b{found[0][1:]}", message["content"])}
            for message in messages]


def folded(messages: Sequence[Message]) -> list[Message]:
    """The messages with the system turn as the first paragraph of the turn after it, for a server that refuses one."""
    if len(messages) < 2 or messages[0]["role"] != "system":
        return list(messages)
    first, second, *rest = messages
    return [second | {"content": f"{first['content']}\n\n{second['content']}"}, *rest]


def ensure_chat_template(tokenizer: Any, model: str) -> None:
    """See to it that `tokenizer` renders a system and a user turn.

    A template that refuses a system turn (Gemma's raises) or drops it gets FOLD_SYSTEM before it. ModelError where it
    renders no user turn either.
    """
    if not tokenizer.chat_template:
        tokenizer.chat_template = PLAIN_CHAT_TEMPLATE
    if _fault(tokenizer):
        tokenizer.chat_template = FOLD_SYSTEM + tokenizer.get_chat_template()
        if fault := _fault(tokenizer):
            raise ModelError(f"{model}: its chat template cannot be used: {fault}")


def _fault(tokenizer: Any) -> str | None:
    """What is wrong with what the template makes of a system and a user turn; None where both are in it."""
    turns = [{"role": "system", "content": _SYSTEM}, {"role": "user", "content": _USER}]
    try:
        text = rendered(tokenizer, turns, open_turn=True)
    except Exception as error:  # Jinja's, or whatever a template's own code ends in
        return " ".join(str(error).split()) or type(error).__name__
    return None if _SYSTEM in text and _USER in text else "it leaves out a turn"


def _names(tokenizer: Any) -> frozenset[str]:
    """Every token that was added to the tokenizer, special or not."""
    names = {str(token) for token in tokenizer.get_added_vocab()} | {str(token) for token in tokenizer.all_special_tokens}
    return frozenset(name.strip() for name in names if len(name.strip()) > 1)


@lru_cache(maxsize=16)
def _control_tokens(names: frozenset[str]) -> re.Pattern[str]:
    """One of these, the longest first."""
    ordered = sorted(names, key=lambda name: (-len(name), name))
    return re.compile("|".join(re.escape(name) for name in ordered) or r"(?!)")


def _broken(found: re.Match[str]) -> str:
    """What looks like a control token, with a mark after its first character: tokenized in two parts, it is none."""
    return found[0][0] + _BREAK + found[0][1:]


def decoded(tokenizer: Any, ids: Sequence[int]) -> str:
    """The text of an answer. Tokens that mark thoughts and channels stay: `llm/answers.py` sets those apart by them."""
    keep = _marks_thoughts(_names(tokenizer))
    text = str(tokenizer.decode(ids, skip_special_tokens=not keep)).strip()
    pads = {str(token) for token in (tokenizer.pad_token, tokenizer.bos_token, tokenizer.eos_token) if token}
    if keep:
        for pad in pads:
            text = text.replace(pad, "")
    return text.strip()


@lru_cache(maxsize=16)
def _marks_thoughts(names: frozenset[str]) -> bool:
    return any(re.fullmatch(r"</?think>|\[/?THINK\]|<\|channel\|>|<\|/?(?:begin|end)_of_thought\|>", name) for name in names)
