"""Probes of the demonstration model on inputs that training never showed, and its card: does it carry words over, and obey?"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from random import Random
from typing import Any

from synthempathy.core.files import read_csv
from synthempathy.demo_model.material import Material
from synthempathy.demo_model.tasks import Tasks
from synthempathy.llm.backends import Request
from synthempathy.llm.backends.transformers import TransformersBackend
from synthempathy.llm.params import Sampling
from synthempathy.llm.prompts import Message, load_prompt

ROWS = 48  # sentences that the model is asked about
HELD_OUT_ROWS = 400
CARD = Path(__file__).with_name("card.md.jinja")
NO_QUESTION = "Ask no question. "

#: Words that say nothing of what a text is about.
_COMMON = frozenset(
    """
        about after again all also always another anyone anything away back because been before being both came could
        days does doing done down each even ever every feel feeling felt from gave goes going have having hear here home
        into just keep keeps kept know last left less like long look made make many maybe more most much must myself
        never nobody nothing once only other over really said same says since some someone something still such take
        tell than that their them then there these they thing things think this those thought three through time told
        took under until very want wanted wants week well went were what when where which while will with without would
        year years your yourself himself herself first nothing story today
    """.split()  # noqa: SIM905
)
_WARM = re.compile(r"\b(?:sorry|heart|sad|saddens|moves me|touched|feel for you|pains me|glad|care|not alone)\b", re.I)


def content_words(text: str) -> set[str]:
    """The words of four letters or more that say what a text is about."""
    return {w for w in re.findall(r"[a-z']{4,}", text.lower()) if w not in _COMMON}


def carried(sources: Sequence[str], answers: Sequence[str]) -> tuple[float, float]:
    """Mean share of a source's content words that its answer names, and that by chance: with the answers shifted."""

    def share(shift: int) -> float:
        shares = []
        for i, source in enumerate(sources):
            words = content_words(source)
            if words:
                shares.append(len(words & content_words(answers[(i + shift) % len(answers)])) / len(words))
        return sum(shares) / len(shares)

    return share(0), share(len(answers) // 2)


def held_out_loss(model: Path, prompts: Path, rows: int = HELD_OUT_ROWS) -> dict[str, float]:
    """Mean loss of the answers by task, in nats per token, on `rows` rows whose words training never shows."""
    import itertools

    import torch

    from synthempathy.demo_model.train import encode, mean_loss
    from synthempathy.llm.loading import load_model, load_tokenizer

    tokenizer = load_tokenizer(str(model), None)
    loaded = load_model(str(model), None, "float32", "cpu")
    sums: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    stream = Tasks(Material(), prompts, Random(0), held_out=True).stream()
    with torch.no_grad():
        for row in itertools.islice(stream, rows):
            loss, count = mean_loss(loaded, [encode(tokenizer, row)])
            for key in (row.task, "all"):
                sums[key][0] += float(loss) * count
                sums[key][1] += count
    return {task: total / count for task, (total, count) in sorted(sums.items())}


def probe(model: TransformersBackend, prompts: Path, seeds: Path) -> dict[str, object]:
    """All probes. Seeds are the authored stressors, which no training text holds.

    Returns shares from 0 to 1: `copied_whole`, `carried.<task>` and `carried_by_chance.<task>`, `obeyed.<instruction>`.
    """
    def ask(asked: Sequence[list[Message]], tokens: int) -> list[str]:
        requests = [Request(f"{i:04d}", messages, seed=900 + i) for i, messages in enumerate(asked)]
        sampling = Sampling(temperature=0.7, top_p=0.95, max_tokens=tokens, seed=0)
        return [c.text for c in sorted(model.complete(requests, sampling), key=lambda c: c.id)]

    rows = [row for _, row in read_csv(seeds, ("sentence", "top_label"))]
    rows = rows[:: max(1, len(rows) // ROWS)][:ROWS]
    sentences = [row["sentence"].rstrip(".!? ") for row in rows]
    brainstorm, explain = load_prompt(prompts / "brainstorm/default.jinja"), load_prompt(prompts / "explain/default.jinja")
    copies = ask([[{"role": "user", "content": f"Repeat: {sentence}"}] for sentence in sentences], 80)
    stories = ask([brainstorm.messages(sentence=s, category=r["top_label"]) for s, r in zip(sentences, rows, strict=True)], 260)
    explanations = ask([explain.messages(story=story) for story in stories], 260)
    answers: dict[str, list[str]] = {"story": stories, "explanation": explanations}
    sources = {"story": sentences, "explanation": stories}
    for name in ("plain", "coe_cbt", "coe_dbt", "coe_pct", "coe_rt"):
        prompt = load_prompt(prompts / f"respond/{name}.jinja")
        answers[name] = ask([prompt.messages(explanation=text) for text in explanations], 420)
        sources[name] = explanations
    silent = _without_question(prompts)
    answers["no_question"] = ask([silent(text) for text in explanations], 420)
    found = {name: carried(sources[name], answers[name]) for name in sources}
    return {
        "rows": len(sentences),
        "copied_whole": _share(a == s for a, s in zip(copies, sentences, strict=True)),
        "carried": {name: share for name, (share, _) in found.items()},
        "carried_by_chance": {name: chance for name, (_, chance) in found.items()},
        "obeyed": {
            "plain_holds_no_warmth": _share(not _WARM.search(a) for a in answers["plain"]),
            "plain_asks_nothing": _share("?" not in a for a in answers["plain"]),
            "coe_cbt_is_warm": _share(bool(_WARM.search(_response(a))) for a in answers["coe_cbt"]),
            "coe_cbt_asks": _share("?" in _response(a) for a in answers["coe_cbt"]),
            "coe_cbt_reasons_first": _share(a.startswith("Reasoning:") and "Response:" in a for a in answers["coe_cbt"]),
            "coe_cbt_asks_nothing_when_told": _share("?" not in _response(a) for a in answers["no_question"]),
        },
    }


def model_card(figures: dict[str, Any]) -> str:
    """README.md of the model, from its figures: those of `probe`, `held_out_loss`, parameters and training_tokens."""
    from jinja2 import Environment, StrictUndefined

    template = Environment(undefined=StrictUndefined, trim_blocks=True).from_string(CARD.read_text(encoding="utf-8"))
    return str(template.render(figures)) + "\n"


def _without_question(prompts: Path) -> Callable[[str], list[Message]]:
    """The CBT prompt with its request for a question turned into its opposite, as a user would edit it."""
    prompt = load_prompt(prompts / "respond/coe_cbt.jinja")

    def messages(text: str) -> list[Message]:
        found = prompt.messages(explanation=text)
        found[-1]["content"] = found[-1]["content"].replace("End with one specific question.", NO_QUESTION.strip())
        return found

    return messages


def _response(answer: str) -> str:
    return answer.partition("Response:")[2]


def _share(truths: Iterable[bool]) -> float:
    found = list(truths)
    return sum(found) / len(found)
