"""release: the corpus as a folder that Hugging Face `datasets` loads, with its card and its provenance.

    python -m stages.release data/train.jsonl data/validation.jsonl data/test.jsonl metrics/corpus.json \\
        metrics/dedup.json metrics/filter.json metrics/{domain}.json data/datasheet.yaml data/release

Each split is there twice, as JSON lines to read and compare, and as Parquet to load; croissant.json describes both for
machines. The provenance is the md5 of every input, the same as in dvc.lock, and the parameters. The lock itself cannot be an
input: DVC writes into it when this stage ends, so the stage would never be up to date. The folder holds no date and no
path of this machine: the same inputs give the same bytes.
"""

from __future__ import annotations

from pathlib import Path

from synthempathy.core.command import run_stage
from synthempathy.core.files import written_whole
from synthempathy.core.metrics import read_metrics
from synthempathy.core.progress import say
from synthempathy.core.records import dump_records, read_records
from synthempathy.domain.description import read_domain
from synthempathy.project.params import load_params
from synthempathy.release.bill import bill_of_materials, licence_list
from synthempathy.release.card import FIELDS, dataset_card, description, fields_of
from synthempathy.release.croissant import croissant
from synthempathy.release.datasheet import read_datasheet
from synthempathy.release.folder import ReleasedPair, check_replaceable, check_splits, provenance
from synthempathy.release.metrics import CorpusMetrics, EvaluationMetrics, RowMetrics, read_evaluation
from synthempathy.release.parquet import write_parquet

#: The sections that may change a released file, as dvc.yaml lists them: card and provenance show no others.
SECTIONS = (
    "profile", "domain", "prompts", "seeds", "engine", "brainstorm", "dedup", "explain", "respond", "filter", "safety", "stats",
    "split", "scorer", "finetune", "evaluate", "release",
)


def release(
    train: Path, validation: Path, test: Path, corpus: Path, dedup: Path, filtered: Path, evaluated: Path, datasheet: Path,
    folder: Path, *, params: Path,
) -> None:
    """Write `folder` whole: the splits as JSONL and Parquet, card, croissant.json, provenance.json, sbom.cdx.json, licences."""
    settings = load_params(params).model_dump(include=set(SECTIONS))
    check_replaceable(folder)
    figures = read_metrics(corpus, CorpusMetrics)
    row_counts = read_metrics(dedup, RowMetrics), read_metrics(filtered, RowMetrics)
    domain = read_domain(params)
    scores = read_evaluation(evaluated, domain.rubric.names, EvaluationMetrics)
    sheet = read_datasheet(datasheet)
    files = {"train": train, "validation": validation, "test": test}
    splits = {split: read_records(path, ReleasedPair) for split, path in files.items()}
    check_splits(splits, files, figures.pairs, corpus)

    rows = {split: len(pairs) for split, pairs in splits.items()}
    card = dataset_card(settings, rows, figures, *row_counts, scores, domain, sheet)
    inputs = files | {"corpus": corpus, "dedup": dedup, "filter": filtered, "evaluation": evaluated, "datasheet": datasheet}
    with written_whole(folder) as (part,):
        (part / "data").mkdir(parents=True)
        for split, pairs in splits.items():
            released = [{field: getattr(pair, field) for field in FIELDS} for pair in pairs]
            dump_records(part / "data" / f"{split}.jsonl", released)
            write_parquet(part / "data" / f"{split}.parquet", list(FIELDS), released)
        (part / "README.md").write_text(card, encoding="utf-8", newline="\n")
        described = croissant(settings["release"], description(figures, domain), part, splits, fields_of(domain), domain.language)
        (part / "croissant.json").write_text(described, encoding="utf-8", newline="\n")
        (part / "provenance.json").write_text(provenance(settings, inputs), encoding="utf-8", newline="\n")
        (part / "sbom.cdx.json").write_text(bill_of_materials(settings), encoding="utf-8", newline="\n")
        (part / "LICENSES.md").write_text(licence_list(settings), encoding="utf-8", newline="\n")
    say(f"release: {figures.pairs} pairs in {folder}: " + ", ".join(f"{split} {n}" for split, n in rows.items()))


if __name__ == "__main__":
    run_stage(
        release,
        {
            "train": "training pairs (JSONL)",
            "validation": "validation pairs (JSONL)",
            "test": "test pairs (JSONL)",
            "corpus": "figures of the corpus (JSON)",
            "dedup": "rows that dedup dropped (JSON)",
            "filter": "rows that the filter dropped (JSON)",
            "evaluated": "scores of base, tuned and corpus (JSON)",
            "datasheet": "questions that only a person can answer (YAML)",
            "folder": "the release (folder), written whole",
        },
        doc=__doc__,
    )
