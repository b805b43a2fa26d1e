"""A small project in git with a DVC cache: two commits between which a prompt was edited, with texts and scores of each."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from ruamel.yaml import YAML

from synthempathy.evaluation.score_table import ScoredResponse, text_hash
from tests.helpers.empathy import SCORES
from tests.helpers.made_scores import git, write_table

#: A response's words before and after the edit; the row's number stands for what the edit left as it was.
BEFORE, AFTER = "I feel for you, number {}. What would help most?", "I feel for you, number {}. Rest now."
PROMPT = Path("prompts/respond/coe.jinja")
ASKS, ASKS_NOT = "Say what you feel.\nEnd with one question.\n", "Say what you feel.\nAsk nothing at all.\n"


def evaluation(response: str, ex: Sequence[float], *, explanation: str = "I worry, {} times.") -> list[dict[str, object]]:
    """A row of data/evaluation.jsonl for each of `ex`, the score that is not the same in all; three rows a seed."""
    return [
        {
            "id": f"p{n:02}-corpus", "pair_id": f"p{n:02}", "seed_id": f"s{n // 3}", "category": "Work",
            "explanation": explanation.format(n), "system": "corpus", "model": "m", "response": response.format(n),
            "finish_reason": "stop", "er": 1.0, "ip": 1.5, "ex": value, "empathy": (2.5 + value) / 3,
        }
        for n, value in enumerate(ex)
    ]


def commit(folder: Path, name: str, rows: list[dict[str, object]], *, prompt: str, temperature: float = 0.7) -> str:
    """Write a version of the project, its texts in DVC's cache alone, and commit it under the tag `name`."""
    if not (folder / ".git").exists():
        git(folder, "init", "-b", "main")
        (folder / ".dvc").mkdir()
        (folder / ".dvc/config").write_text("[core]\n    analytics = false\n")
        (folder / ".dvc/.gitignore").write_text("/cache\n/tmp\n")
    text = "".join(json.dumps(row) + "\n" for row in rows)
    digest = hashlib.md5(text.encode()).hexdigest()
    cached = folder / ".dvc/cache/files/md5" / digest[:2] / digest[2:]
    cached.parent.mkdir(parents=True, exist_ok=True)
    cached.write_text(text)
    files = {
        PROMPT: prompt, Path("params.yaml"): f"profile: small\nrespond: {{prompt: coe, temperature: {temperature}}}\n",
        Path("profiles/small.yaml"): f"respond: {{limit: {len(rows)}}}\n",
        Path("metrics/empathy.json"): json.dumps({
            "gain_percent": 10 * temperature, "gain_ci_low": 1.0, "gain_ci_high": 20.0, "pairs": len(rows),
            "by_category": {"Work": {"ex": temperature}},
        }),
        Path("metrics/cost.json"): json.dumps({"seconds": temperature}),
    }
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content)
    lock = {"schema": "2.0", "stages": {
        "respond": {"deps": [{"path": str(PROMPT), "md5": hashlib.md5(prompt.encode()).hexdigest()}]},
        "evaluate": {"outs": [{"path": "data/evaluation.jsonl", "md5": digest}]},
    }}
    with (folder / "dvc.lock").open("w") as stream:
        YAML(typ="safe").dump(lock, stream)
    write_table(folder / "metrics/empathy_scores.csv", [scored_response(row) for row in rows])
    git(folder, "add", "-A")
    git(folder, "commit", "-m", name)
    git(folder, "tag", name)
    return digest


def scored_response(row: dict[str, object]) -> ScoredResponse:
    """A row of the table of scores."""
    hashes = {field: text_hash(str(row[field])) for field in ("explanation", "response")}
    scores = {name: row[name] for name in SCORES}
    return ScoredResponse(**{**row, **hashes, "scores": scores, "words": len(str(row["response"]).split())})
