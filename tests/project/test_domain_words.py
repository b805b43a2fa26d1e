"""No code knows what the corpus is about: words of one domain stand in its own places alone."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
#: The domain's words. The package's own name, which holds one of them, is taken out first.
WORDS = re.compile(r"empath|epitome|\ber\b|\bip\b|\bex\b", re.IGNORECASE)
OURS = re.compile(r"synthempathy", re.IGNORECASE)
#: Where they may stand, and why.
ALLOWED = {
    "synthempathy/scorers/epitome.py": "a source of labelled pairs of that name",
    "synthempathy/scorers/sources.py": "which reads it",
    "synthempathy/scorers/labelled.py": "what is peculiar to its pairs",
    "synthempathy/scorers/params.py": "the bi-encoder is its model",
    "synthempathy/scorers/kinds.py": "the same",
    "synthempathy/scorers/biencoder": "the same",
    "synthempathy/scorers/linear/model.py": "after its model",
    "synthempathy/project/acceptance.py": "measures scorers on it",
    "synthempathy/demo_model": "the demonstration model was taught this domain alone",
    "synthempathy/__init__.py": "the package's own title",
}


def test_words_of_a_domain_stand_in_its_own_places_alone() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for top in ("stages", "synthempathy") for path in sorted((ROOT / top).rglob("*.py"))
        if not any(path.relative_to(ROOT).is_relative_to(place) for place in ALLOWED)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if WORDS.search(OURS.sub("", line))
    ]
    assert not found, "\n".join(found)


def test_every_allowed_place_has_such_words() -> None:
    for place in ALLOWED:
        files = [ROOT / place] if place.endswith(".py") else sorted((ROOT / place).glob("*.py"))
        assert any(WORDS.search(OURS.sub("", file.read_text(encoding="utf-8"))) for file in files), place


def test_code_asks_for_no_domain_by_name() -> None:
    asked = re.compile(r"\bdomain\b[^=\n]{0,20}==|\bif\b[^\n:]*\bdomain\.name\b")
    files = [path for top in ("stages", "synthempathy") for path in (ROOT / top).rglob("*.py")]
    assert not [str(path) for path in files if asked.search(path.read_text(encoding="utf-8"))]
