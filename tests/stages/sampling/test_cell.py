"""A cell on the embedded model: asks as the steps do, measures the same bytes again, counts what a server left open."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from stages.brainstorm import brainstorm
from stages.explain import explain
from stages.respond import respond
from stages.sampling import cell as module
from stages.sampling.cell import cell
from stages.sampling.check import check
from synthempathy.core.errors import InputError, ModelError, PromptError
from synthempathy.core.records import Seed, dump_records
from synthempathy.llm.runner import Results
from synthempathy.project.params import load_params

ROOT = Path(__file__).parents[3]
PROMPTS = {"brainstorm": "default", "explain": "default", "respond": "coe_cbt"}
SEEDS = [
    ("s1", "I missed the bus to work again", "Work"), ("s2", "My sister will not speak to me", "Family Issues"),
    ("s3", "I failed the exam I studied for", "School"), ("s4", "The rent went up by two hundred", "Financial Problem"),
]


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with params that ask once, a grid of 4 rows, seeds, and the repository's models and prompts."""
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles/embedded.yaml").write_text((ROOT / "profiles/embedded.yaml").read_text())
    text = (ROOT / "params.yaml").read_text()
    text = re.sub(r"attempts: \d+", "attempts: 1", text)
    (tmp_path / "params.yaml").write_text(re.sub(r"stories_per_seed: \d+", "stories_per_seed: 1", text))
    for name in ("models", "prompts", "domains"):
        (tmp_path / name).symlink_to(ROOT / name)
    seeds = [Seed(id=id, sentence=text, category=kind, severity=5.0, source="t") for id, text, kind in SEEDS]
    dump_records(tmp_path / "seeds.jsonl", seeds)
    monkeypatch.chdir(tmp_path)
    grid(rows=4, samples=2, measured=2, seed=17)
    return tmp_path


def grid(**changed):
    path = Path("grid.yaml")
    text = path.read_text() if path.exists() else (ROOT / "stages/sampling/params.yaml").read_text()
    for key, value in changed.items():
        text, count = re.subn(rf"^{key}: .*$", f"{key}: {value}", text, flags=re.MULTILINE)
        assert count == 1
    path.write_text(text)


def run(inputs="seeds.jsonl", step="brainstorm", temperature=0.7, top_p=0.92, name="cell"):
    answers, metrics = Path(f"{name}.jsonl"), Path(f"{name}.json")
    cell(
        Path(inputs), Path(f"prompts/{step}/{PROMPTS[step]}.jinja"), answers, metrics, temperature=temperature,
        top_p=top_p, grid=Path("grid.yaml"), params=Path("params.yaml"),
    )
    return [json.loads(line) for line in answers.read_text().splitlines()], json.loads(metrics.read_text())


def test_a_cell_is_the_same_again_whatever_the_batch_and_the_rows_beside(project):
    rows, figures = run()
    assert [row["id"] for row in rows] == [f"s{n}-{sample:02d}" for n in range(1, 5) for sample in range(2)]
    accepted = [row for row in rows if row["reason"] is None]
    assert figures["asked"] == 8 and figures["accepted"] == len(accepted) >= 4
    assert figures["acceptance"] == len(accepted) / 8
    assert Counter(row["reason"] for row in rows if row["reason"]) == figures["rejected"]
    assert 1 < figures["perplexity"] < 3
    assert 0 < figures["self_bleu"] < 1 and 0 < figures["distance_between_samples"] < 1
    written = Path("cell.jsonl").read_bytes(), Path("cell.json").read_bytes()
    text = Path("params.yaml").read_text()
    text = re.sub(r"batch_size: \d+( *#|$)", r"batch_size: 3\1", text, flags=re.MULTILINE)
    Path("params.yaml").write_text(text.replace("store.sqlite", "another.sqlite"))
    run()
    assert (Path("cell.jsonl").read_bytes(), Path("cell.json").read_bytes()) == written
    grid(rows=2)
    fewer, _ = run(name="fewer")
    assert len(fewer) == 4 and all(row in rows for row in fewer)


def test_a_cell_asks_and_accepts_as_the_steps_themselves(project):
    grid(samples=1)
    inputs = Path("seeds.jsonl")
    for step, stage, field in (
        ("brainstorm", brainstorm, "story"), ("explain", explain, "explanation"), ("respond", respond, "response")
    ):
        settings = getattr(load_params(Path("params.yaml")), step)
        grid(step=step, seed=settings.sampling.seed)
        made, dropped = Path(f"{step}.jsonl"), Path(f"dropped_{step}.jsonl")
        stage(inputs, Path(f"prompts/{step}/{PROMPTS[step]}.jinja"), made, dropped, Path("m.json"), params=Path("params.yaml"))
        rows, _ = run(str(inputs), step, settings.sampling.temperature, settings.sampling.top_p)
        passed = [json.loads(line) for line in made.read_text().splitlines()]
        assert [row["text"] for row in rows if row["reason"] is None] == [row[field] for row in passed]
        failed = [json.loads(line) for line in dropped.read_text().splitlines()]
        assert [(row["reason"], row["text"]) for row in rows if row["reason"]] == [(r["reason"], r["detail"]) for r in failed]
        assert passed
        inputs = made


def test_what_a_server_left_unanswered_counts_for_nothing(project, monkeypatch):
    text = Path("params.yaml").read_text()
    Path("params.yaml").write_text(text.replace("backend: transformers", "backend: openai"))

    def answered(step, rows, asking, read):
        made = Results()
        for number, row in enumerate(rows):
            reason = ("timeout", "too_short", None, None)[number % 4]
            if reason is None:
                made.accepted[row.id] = {"story": f"a story of {row.id}", "answer": "x"}
            else:
                made.reasons[reason] += 1
                made.dropped.append(row.record.dropped(reason, "late") | {"id": row.id})
        return made

    monkeypatch.setattr(module, "ask_rows", answered)
    _, figures = run()
    assert (figures["asked"], figures["unanswered"], figures["accepted"]) == (8, 2, 4)
    assert figures["acceptance"] == pytest.approx(4 / 6, abs=1e-6)
    assert figures["perplexity"] is None
    before = Path("cell.json").read_bytes()
    gone = Results(reasons=Counter({"timeout": 8}))
    monkeypatch.setattr(module, "ask_rows", lambda *_: gone)
    with pytest.raises(ModelError, match="answered none of 8"):
        run()
    assert Path("cell.json").read_bytes() == before


def test_a_mistake_is_named_before_anything_is_asked(project):
    prompt, written = Path("prompts/brainstorm/default.jinja"), Path("checked.json")

    def look(inputs="seeds.jsonl", prompt=prompt):
        check(Path(inputs), prompt, written, Path("named"), grid=Path("grid.yaml"), params=Path("params.yaml"))

    look()
    assert list(Path("named").rglob("config.json"))  # a link to the model's
    written.unlink()
    with pytest.raises(PromptError, match="no such prompt"):
        look(prompt=Path("prompts/brainstorm/other.jinja"))
    with pytest.raises(PromptError, match="undefined variable"):
        look(prompt=Path("prompts/explain/default.jinja"))
    grid(step="explain")
    with pytest.raises(InputError, match=r"seeds.jsonl:1: field 'seed_id': missing"):
        look(prompt=Path("prompts/explain/default.jinja"))
    grid(step="brainstorm", model="models/none")
    with pytest.raises(ModelError, match="models/none"):
        look()
    assert not written.exists()
