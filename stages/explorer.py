"""explorer: the whole run as a static site, which opens from disk: rows, what left, systems side by side, all figures.

    python -m stages.explorer dvc.yaml data/seeds.jsonl data/stories.jsonl data/dropped_stories.jsonl \\
        data/duplicate_stories.jsonl data/dropped_explanations.jsonl data/dropped_responses.jsonl data/rejected.jsonl \\
        data/review/queue.jsonl data/train.jsonl data/validation.jsonl data/test.jsonl data/evaluation.jsonl \\
        models/scorer data/explorer

Figures and pictures are those that dvc.yaml declares, read beside it. The site holds no date and no path of this machine:
the same inputs give the same bytes. Open data/explorer/index.html.
"""

from __future__ import annotations

from pathlib import Path

from synthempathy.core.command import run_stage
from synthempathy.core.files import written_whole
from synthempathy.core.params import plain, read_mapping, read_params
from synthempathy.core.progress import say
from synthempathy.core.records import Pair, Seed, Story, read_records
from synthempathy.domain.description import read_domain
from synthempathy.explorer.figures import declared, draw_plots, filled_in, flow, read_figures
from synthempathy.explorer.left import Evidence, Left, write_left
from synthempathy.explorer.pairs import Answer, write_compared, write_corpus
from synthempathy.explorer.scores import scored, scorer_in
from synthempathy.explorer.showing import Labels
from synthempathy.explorer.site import revision, write_site
from synthempathy.generation.params import Brainstorm, Explain, Respond

#: Titles of the texts, in the order in which one came out of the other.
TEXTS = {
    "sentence": "Seed", "seed": "Seed", "story": "Story", "explanation": "Explanation", "reasoning": "Reasoning",
    "response": "Response",
}


def explorer(
    pipeline: Path, seeds: Path, stories: Path, dropped_stories: Path, duplicates: Path, dropped_explanations: Path,
    dropped_responses: Path, rejected: Path, queue: Path, train: Path, validation: Path, test: Path, evaluation: Path,
    scorer: Path, folder: Path, *, params: Path,
) -> None:
    """Write `folder` whole."""
    file = read_params(params)
    steps = file.section("brainstorm", Brainstorm), file.section("explain", Explain), file.section("respond", Respond)
    prompts = dict(zip(("story", "explanation", "response"), (step.prompt for step in steps), strict=True))
    domain = read_domain(params)
    rubric = domain.rubric
    scores = {name: about.title[:1].upper() + about.title[1:] for name, about in rubric.dimensions.items()}
    labels = Labels(TEXTS, {**scores, rubric.whole: f"{rubric.title}, the mean"}, prompts)
    root, run = pipeline.parent, filled_in(plain(read_mapping(pipeline)), file.values)
    sides = {"train": train, "validation": validation, "test": test}
    splits = {side: read_records(path, Pair) for side, path in sides.items()}
    pairs = [pair for rows in splits.values() for pair in rows]
    answers = read_records(evaluation, Answer)
    gone = {"brainstorm": dropped_stories, "dedup": duplicates, "explain": dropped_explanations, "respond": dropped_responses}
    gone["filter"] = rejected
    left = {stage: read_records(path, Left, allow_empty=True) for stage, path in gone.items()}
    judge = scorer_in(scorer)
    of_pairs = of_answers = None
    if judge:
        of_pairs = scored(judge, [p.explanation for p in pairs], [p.response for p in pairs], label="explorer: corpus")
        of_answers = scored(judge, [a.explanation for a in answers], [a.response for a in answers], label="explorer: answers")
    figures = read_figures(root, run)
    shown = [root / path for kind in ("metrics", "plots") for _, path, _ in declared(run, kind)]
    inputs = [seeds, stories, *gone.values(), queue, *sides.values(), evaluation, scorer, *shown]

    with written_whole(folder) as (part,):
        part.mkdir(parents=True)
        write_corpus(part, splits, of_pairs, labels)
        write_left(
            part, left, read_records(queue, Evidence, allow_empty=True), read_records(stories, Story), labels,
        )
        names = write_compared(part, answers, of_answers, labels)
        write_site(part, {
            "revision": revision(inputs), "profile": str(file.values.get("profile", "")),
            "language": domain.language,
            "models": sorted({answer.model for answer in answers}),
            "seeds": len(read_records(seeds, Seed)),
            "counts": {"rows": len(pairs), "left": sum(map(len, left.values())), "compared": len({a.pair_id for a in answers})},
            "splits": [[side, len(rows)] for side, rows in splits.items()],
            "scores": labels.of_scores(names), "dimensions": labels.of_scores(of_pairs.of if of_pairs else ()),
            "flow": flow(figures),
            "figures": figures, "plots": draw_plots(root, run, part / "plots"),
        })
    say(f"explorer: {len(pairs)} pairs, {sum(map(len, left.values()))} rows that left: open {folder / 'index.html'}")


if __name__ == "__main__":
    run_stage(
        explorer,
        {
            "pipeline": "dvc.yaml: its metrics and plots are shown, those that are there",
            "seeds": "seeds (JSONL)",
            "stories": "all stories, the partners of repeated ones among them (JSONL)",
            "dropped_stories": "stories that were no use (JSONL)",
            "duplicates": "repeated stories (JSONL)",
            "dropped_explanations": "explanations that were no use (JSONL)",
            "dropped_responses": "responses that were no use (JSONL)",
            "rejected": "pairs that the filter rejected or holds (JSONL)",
            "queue": "evidence of the pairs that it holds (JSONL)",
            "train": "training pairs (JSONL)",
            "validation": "validation pairs (JSONL)",
            "test": "test pairs (JSONL)",
            "evaluation": "every scored response of base, tuned and corpus (JSONL)",
            "scorer": "the scorer (folder)",
            "folder": "the site (folder), written whole",
        },
        doc=__doc__,
    )
