"""Texts as tokens that know their places, batches of them, and marked tokens as spans of the text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from synthempathy.scorers.labelled import Span
from synthempathy.scorers.reading import words

if TYPE_CHECKING:
    import torch

#: The label of a token that the loss leaves out, as in torch.
IGNORED = -100


@dataclass(frozen=True)
class Tokens:
    """A text's tokens: ids, and the place (start, end) of each in the text; (0, 0) for tokens that stand for no text."""

    ids: list[int]
    spans: list[Span]

    def __len__(self) -> int:
        return len(self.ids)

    def marks(self, rationales: Sequence[Span]) -> list[int]:
        """1 for each token that touches a rationale, 0 for others, IGNORED for those that stand for no text."""
        return [
            IGNORED if start == end else int(any(start < stop and first < end for first, stop in rationales))
            for start, end in self.spans
        ]


class Tokenizer:
    """A Hugging Face tokenizer that cuts texts at `max_length` tokens. `pad` fills the batches."""

    def __init__(self, tokenizer: Any, max_length: int, pad: int) -> None:
        self.tokenizer, self.max_length, self.pad = tokenizer, max_length, pad

    def read(self, texts: Sequence[str]) -> list[Tokens]:
        """The tokens of each text, at least one."""
        if not texts:
            return []
        read = self.tokenizer(
            list(texts), truncation=True, max_length=self.max_length, return_offsets_mapping=True,
            return_special_tokens_mask=True, return_attention_mask=False, return_token_type_ids=False,
        )
        found = []
        for ids, places, special in zip(read["input_ids"], read["offset_mapping"], read["special_tokens_mask"], strict=True):
            spans = [(0, 0) if stands_alone else (int(a), int(b)) for (a, b), stands_alone in zip(places, special, strict=True)]
            found.append(Tokens(list(ids), spans) if ids else Tokens([self.pad], [(0, 0)]))
        return found

    def tensors(self, texts: Sequence[Tokens]) -> tuple[torch.Tensor, torch.Tensor]:
        """Ids and attention mask, each (texts, longest), padded on the right."""
        import torch

        longest = max(map(len, texts))
        ids = [text.ids + [self.pad] * (longest - len(text)) for text in texts]
        mask = [[1] * len(text) + [0] * (longest - len(text)) for text in texts]
        return torch.tensor(ids), torch.tensor(mask)


def spans_of(marked: Iterable[bool], tokens: Tokens, text: str) -> list[str]:
    """The parts of `text` that runs of marked tokens cover, without cutting a word or holding spaces at their ends."""
    runs: list[list[int]] = []
    before = False  # whether the last token of the text was marked
    for mark, (start, end) in zip(marked, tokens.spans, strict=False):  # marks of the padding are left over
        if start == end:
            continue
        if mark and before:
            runs[-1][1] = end
        elif mark:
            runs.append([start, end])
        before = mark
    whole: list[list[int]] = []
    for start, end in runs:
        while start and text[start - 1 : start + 1].isalnum():
            start -= 1
        while text[end - 1 : end + 1].isalnum() and end < len(text):
            end += 1
        if whole and start < whole[-1][1]:  # two runs in one word
            whole[-1][1] = end
        else:
            whole.append([start, end])
    return [part for part in (text[start:end].strip() for start, end in whole) if part]


def is_silent(response: str) -> bool:
    """Whether the response holds no word, in any script, and no emoji."""
    return not words(response) and not any(map(str.isalnum, response))
