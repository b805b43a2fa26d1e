"""The judge: an LLM that is asked by a rubric (prompts/judge) how a response does in each dimension, several times per pair."""

from __future__ import annotations

from synthempathy.scorers.judge.model import load, train

__all__ = ["load", "train"]
