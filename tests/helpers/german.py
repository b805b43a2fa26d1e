"""A domain in German for tests, tests/data/domains/alltag, and a model that answers its prompts in German."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from threading import Lock
from typing import Any

from synthempathy.core.params import plain, read_mapping
from synthempathy.core.records import Pair
from synthempathy.domain.description import read_description
from tests.helpers.pairs import ROOT, pair_of

NAME = "alltag"
FOLDER = ROOT / "tests/data/domains" / NAME
DOMAIN = read_description(FOLDER / "domain.yaml")
WORDING = DOMAIN.wording
#: By the beginning of a seed: stories, each with its retelling and an answer to it.
REPLIES: list[dict[str, Any]] = plain(read_mapping(FOLDER / "replies.yaml")["seeds"])
TOLD: list[dict[str, str]] = [told for one in REPLIES for told in one["told"]]


def pairs() -> list[Pair]:
    """What the answers make, as the filter reads it."""
    return [pair_of(told["explanation"], told["response"], id=f"p{n}", story=told["story"]) for n, told in enumerate(TOLD)]


class Answering:
    """A model that answers each of the domain's prompts: a story of a seed in turn, its retelling, an answer to it."""

    def __init__(self) -> None:
        self._asked: Counter[str] = Counter()
        self._lock = Lock()

    def __call__(self, body: dict[str, Any]) -> str:
        asked = body["messages"][-1]["content"]
        if "Schreibe eine Geschichte" in asked:
            [one] = [one for one in REPLIES if one["seed"] in asked]
            with self._lock:
                self._asked[one["seed"]] += 1
                turn = self._asked[one["seed"]] - 1
            story: str = one["told"][turn % len(one["told"])]["story"]
            return story
        if "in der Ich-Form" in asked:
            return next(told["explanation"] for told in TOLD if told["story"] in asked)
        response = next(told["response"] for told in TOLD if told["explanation"] in asked)
        if "Begründung:" in asked:
            return f"Begründung: Die Person ist erschöpft und braucht einen nächsten Schritt.\n\n**Antwort:** {response}"
        return response


def settings(folder: Path) -> dict[str, object]:
    """What params.yaml says for the domain in `folder`, relative to the project, besides what servers need."""
    return {
        "domain": NAME, "whole": DOMAIN.rubric.whole, "prompts": f"{folder}/prompts", "seeds.path": f"{folder}/seeds.csv",
        "scorer.path": f"{folder}/labelled_pairs.csv", "scorer.also": f"{folder}/own_pairs.csv",
        "scorer.linear.shares": None, "scorer.embeddings.shares": None, "scorer.judge.prompt": "default",
        "respond.prompt": "default", "seeds.limit": None, "brainstorm.stories_per_seed": 2,
        **{f"{step}.min_words": 30 for step in ("brainstorm", "explain", "respond")},
        "filter.explanation_min_words": 30, "filter.response_min_words": 30,
    }
