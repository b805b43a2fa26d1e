"""Parameters of the release."""

from __future__ import annotations

from pydantic import Field

from synthempathy.core.params import Section


class Release(Section):
    name: str = Field(pattern=r"^[\w.-]+$")
    license: str
