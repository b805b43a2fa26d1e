"""The domain that most tests speak of: empathy, as its description says."""

from __future__ import annotations

from synthempathy.domain.description import read_domain
from synthempathy.scorers.base import Surroundings
from tests.helpers.pairs import ROOT

DOMAIN = read_domain(ROOT / "params.yaml")
DIMENSIONS = DOMAIN.rubric.names
SCORES = DOMAIN.rubric.scores
CATEGORIES = tuple(DOMAIN.seeds.categories)
COLUMNS = DOMAIN.seeds.columns
CUES = ROOT / "domains" / "empathy" / "cues.yaml"
#: What a scorer of it learns by, without a machine.
AROUND = Surroundings(rubric=DOMAIN.rubric, cues=CUES)
