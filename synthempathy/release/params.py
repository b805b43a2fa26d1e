"""Parameters of the release."""

from __future__ import annotations

from pydantic import Field

from synthempathy.core.params import Section


class Release(Section):
    name: str | None = Field(pattern=r"^[\w.-]+$")  # null: the domain's corpus, a hyphen, the profile
    license: str
