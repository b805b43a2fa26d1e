"""The judge: an LLM that is asked by a rubric (prompts/judge) how empathetic a response is, several times a pair.

rubric.py          the prompt, with a pair put into it as data
answers.py         what an answer says, strictly read
self_agreement.py  how far the answers to one pair agree
model.py           the scorer: asks through the response store, so nothing is asked twice
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from synthempathy.project.params import Params
    from synthempathy.scorers.judge.model import JudgeScorer
    from synthempathy.scorers.labelled import LabelledPair

__all__ = ["load", "train"]


def train(
    pairs: Sequence[LabelledPair], params: Params, *, run: str = "all", advance: Callable[..., None] | None = None,
) -> JudgeScorer:
    """A judge by `params`; nothing is asked yet. PromptError if its prompt is missing or wrong."""
    from synthempathy.scorers.judge.model import JudgeScorer
    from synthempathy.scorers.judge.rubric import read_rubric

    settings = params.scorer.judge
    return JudgeScorer(settings, read_rubric(settings.prompt), params, known=[(p.explanation, p.response) for p in pairs])


def load(folder: Path, settings: dict[str, Any], params: Params | None = None) -> JudgeScorer:
    """The judge that was saved in `folder`. ModelError if it cannot be read. See model.load."""
    from synthempathy.scorers.judge.model import load as read

    return read(folder, settings, params)
