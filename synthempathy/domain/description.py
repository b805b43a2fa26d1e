"""The description of a domain: domains/NAME/domain.yaml, where params.yaml says `domain: NAME`.

    own = read_domain(Path("params.yaml"))
    own.rubric.scores           # the dimensions' keys, and the name of their mean

Beside it stand the stated cues of the linear scorer, cues.yaml, and what else belongs to the domain alone.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from pydantic import Field, model_validator

from synthempathy.core.errors import ParamsError
from synthempathy.core.files import is_file
from synthempathy.core.params import ParamsFile, Section, read_mapping
from synthempathy.domain.wording import HOME, Labels, Regions, Voice, Wording, Words

DOMAINS, DESCRIPTION = "domains", "domain.yaml"
#: What a dimension, or the whole of a rubric, may be called: it becomes a field of rows and a key of metrics.
_KEY = r"^[a-z][a-z0-9_]*$"
#: Names that rows and metrics use already.
_TAKEN = frozenset(("mean", "std", "pairs", "words", "id", "pair_id", "seed_id", "system", "model", "explanation", "response"))


class Texts(Section):
    """What the card calls the texts of a row."""

    seed: str
    story: str
    explanation: str
    response: str
    reasoning: str
    category: str


class SeedColumns(Section):
    """The columns of a CSV of seeds: what each of ours is called there; null where there is none."""

    id: str
    sentence: str
    wanted: str | None  # 1 for a sentence that may become a seed, 0 for another
    category: str
    severity: str
    source: str | None  # who wrote it


class Seeds(Section):
    """What seeds look like."""

    categories: list[str] = Field(min_length=1)
    columns: SeedColumns


class Dimension(Section):
    """One thing that responses are rated for, at level 0 (none), 1 (weak) or 2 (strong)."""

    title: str
    none: str
    weak: str
    strong: str
    example: str  # of the strong level
    answers_the_explanation: bool = True  # false where a reply to somebody else may have it as well


class Rubric(Section):
    """What responses are rated by. `whole` is the name of the dimensions' mean."""

    whole: str = Field(pattern=_KEY)
    title: str
    source: str  # whose it is, after "rated by"
    dimensions: dict[str, Dimension] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_are_free(self) -> Rubric:
        for name in self.scores:
            if not re.match(_KEY, name):
                raise ValueError(f"{name!r} is no name: small letters, digits and _, a letter first")
            if name in _TAKEN:
                raise ValueError(f"{name!r} means something else in rows and metrics: take another name")
        if self.whole in self.dimensions:
            raise ValueError(f"{self.whole!r} is a dimension and the whole")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """The dimensions' keys, in order."""
        return tuple(self.dimensions)

    @property
    def need_the_explanation(self) -> tuple[str, ...]:
        """The dimensions that a reply to somebody else's explanation lacks."""
        return tuple(name for name, about in self.dimensions.items() if about.answers_the_explanation)

    @property
    def scores(self) -> tuple[str, ...]:
        """The names of all scores of a pair."""
        return (*self.dimensions, self.whole)


class Corpus(Section):
    """What the card says of such a corpus."""

    name: str = Field(pattern=r"^[\w.-]+$")  # of a data set without one of its own: this, a hyphen, the profile
    kind: str  # of response, before "response"
    about: str  # what seeds are sentences about
    method: str  # one sentence: whom the method follows
    tags: list[str]
    more: str = ""  # Markdown, printed after the first paragraph
    limits: list[str]  # of this domain, beside those of every such corpus
    citation: str  # BibTeX; empty: none
    also_used: str  # a sentence; empty: none


class Other(Section):
    """A corpus to stand beside this one in metrics/comparison.csv; null where a figure is not known."""

    name: str
    size: int | None
    of: str
    made_by: str
    source: str


class Peer(Section):
    """The figures of a published corpus that this one stands beside."""

    name: str
    source: str
    pairs: int
    explanation_words_mean: float
    response_words_mean: float
    gain: str | None  # in the whole, by fine-tuning
    gain_of: str | None  # of which model
    scorer: str | None = None  # whose scores they are

    @property
    def figures(self) -> dict[str, float]:
        """Those of the corpus, under our names."""
        return self.model_dump(include={"pairs", "explanation_words_mean", "response_words_mean"})


class Domain(Section):
    """A whole description."""

    title: str
    language: str = Field(pattern=r"^[a-z]{2,3}$")  # ISO 639
    words: Words = Words()
    labels: Labels = Labels()
    phone_regions: Regions = HOME
    texts: Texts
    seeds: Seeds
    voice: Voice
    rubric: Rubric
    corpus: Corpus
    beside: Peer | None
    others: list[Other]

    @property
    def wording(self) -> Wording:
        """What rules and readers need to know of the language."""
        return Wording(
            language=self.language, voice=self.voice, words=self.words, labels=self.labels, phone_regions=self.phone_regions,
        )


def domain_path(params: Path) -> Path:
    """Where the description stands that the params file names: beside it; or, where it was written elsewhere, in the project that
    the command runs in. ParamsError where it names none that is there.
    """
    name = read_mapping(params).get("domain")
    if not isinstance(name, str):
        raise ParamsError("missing", file=params, field="domain", hint="set domain: NAME, of domains/")
    here = Path(DOMAINS, name, DESCRIPTION)
    if not is_file(params.parent / here) and is_file(here):
        return here
    return folder_of(params, name) / DESCRIPTION


def folder_of(params: Path, name: str) -> Path:
    """The folder of the domain `name` beside a params file. ParamsError where it holds no description."""
    folder = params.parent / DOMAINS / name
    if not is_file(folder / DESCRIPTION):
        there = ", ".join(sorted(p.parent.name for p in folder.parent.glob(f"*/{DESCRIPTION}"))) or "none"
        raise ParamsError("no such domain", file=params, field="domain", value=name, hint=f"there are: {there}")
    return folder


def read_domain(params: Path) -> Domain:
    """The description of the domain that the params file names. ParamsError names file, line, key and value of a mistake."""
    return read_description(domain_path(params))


def read_description(path: Path) -> Domain:
    """A description. ParamsError names file, line, key and value of a mistake."""
    found: Any = read_mapping(path)
    return ParamsFile(path, found).whole(Domain)
