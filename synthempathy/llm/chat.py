"""The chat template: one for models that have none, and the system turn for templates that take none.

Set once, where the tokenizer is loaded, so that generation and training see the same text.
"""

from __future__ import annotations

from typing import Any

from synthempathy.core.errors import ModelError

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
_SYSTEM, _USER = "Be kind to whoever writes.", "I missed the bus."


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
        text = str(tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False))
    except Exception as error:  # Jinja's, or whatever a template's own code ends in
        return " ".join(str(error).split()) or type(error).__name__
    return None if _SYSTEM in text and _USER in text else "it leaves out a turn"
