"""Pairs as token ids: the chat prompt at the head, then the response, which alone is learned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from synthempathy.core.records import Pair
from synthempathy.finetuning.params import Finetune
from synthempathy.llm.chat import as_text, ids_of, rendered
from synthempathy.llm.loading import Model
from synthempathy.llm.params import EngineChange

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from synthempathy.llm.prompts import Prompt


#: What a prompt of fine-tuning and evaluation may use: the test explanations alone, with an example.
PROMPT_VARIABLES = {"explanation": "I missed the bus."}


def base_model(settings: Finetune) -> Model:
    """The base model for whoever asks it, told by its template what it is told in training."""
    told = EngineChange(template=settings.template) if settings.template else None
    return Model(settings.model, settings.revision, engine=told)


@dataclass(frozen=True)
class TokenizedExample:
    """Token ids of a prompt and its response. The first `prompt` of them are read, the others learned."""

    ids: list[int]
    prompt: int

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def longest(self) -> int:
        """Tokens of the row that it becomes."""
        return len(self.ids)


def tokenized(
    pairs: Iterable[Pair], prompt: Prompt, tokenizer: PreTrainedTokenizerBase, template: Mapping[str, Any] | None = None
) -> list[TokenizedExample]:
    """Each pair as an example, in order: `prompt` filled with the explanation, answered by the response.

    `template`: arguments of the chat template (finetune.template).
    """
    return [
        tokenized_example(prompt.messages(explanation=pair.explanation), pair.response, tokenizer, template) for pair in pairs
    ]


def tokenized_example(
    messages: list[dict[str, str]], response: str, tokenizer: PreTrainedTokenizerBase,
    template: Mapping[str, Any] | None = None,
) -> TokenizedExample:
    """One conversation as token ids, up to and with the tokens that end the assistant's turn.

    The prompt's ids are those that generation starts from, so that training and asking look alike.
    """
    question = rendered(tokenizer, messages, template, open_turn=True)
    conversation = rendered(tokenizer, [*messages, {"role": "assistant", "content": response}], template, open_turn=False)
    if not conversation.startswith(question):  # a template that writes finished turns in another way than open ones
        conversation = question + as_text(tokenizer, response)
    prompt = ids_of(tokenizer, question)
    whole = ids_of(tokenizer, conversation)
    # Where a token would straddle the border, the two sides are tokenized apart, as in generation.
    answer = whole[len(prompt) :] if whole[: len(prompt)] == prompt else ids_of(tokenizer, conversation[len(question) :])
    return TokenizedExample(prompt + _ended(answer, tokenizer), len(prompt))


def prompt_and_words(
    messages: list[dict[str, str]], response: str, tokenizer: PreTrainedTokenizerBase, template: Mapping[str, Any]
) -> tuple[list[int], list[int]]:
    """The ids that training has of a prompt and of its response, without the tokens that end the turn."""
    example = tokenized_example(messages, response, tokenizer, template)
    ends = {*tokenizer.all_special_ids, tokenizer.eos_token_id}
    last = len(example)
    while last > example.prompt and example.ids[last - 1] in ends:
        last -= 1
    return example.ids[: example.prompt], example.ids[example.prompt : last]


def _ended(answer: list[int], tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """`answer` up to the token that ends the turn, and the end of text, at which every engine stops.

    Templates differ: some write line breaks after the turn's end, some end it with a token of its own
    (`<end_of_turn>`), some with plain text or not at all.
    """
    special = set(tokenizer.all_special_ids)
    last = len(answer)
    while last and answer[last - 1] not in special and not tokenizer.decode([answer[last - 1]]).strip():
        last -= 1
    if last and answer[last - 1] in special:
        answer = answer[:last]
    end = tokenizer.eos_token_id
    return answer if end is None or answer[-1:] == [end] else [*answer, int(end)]
