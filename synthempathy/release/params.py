"""Parameters of the release."""

from __future__ import annotations

import datetime
from typing import Annotated

from pydantic import BeforeValidator, Field

from synthempathy.core.params import Section


def _day(value: object) -> object:
    """YAML reads 2026-11-26 as a date; it goes into JSON as the text that it was."""
    return value.isoformat() if isinstance(value, datetime.date) else value


class Release(Section):
    """What stands in the card and in croissant.json; null is left out there, and named by `synthempathy publish`."""

    name: str | None = Field(pattern=r"^[\w.-]+$")  # null: the domain's corpus, a hyphen, the profile
    license: str = Field(min_length=1)
    adapter_license: str | None = Field(min_length=1)
    version: str = Field(pattern=r"^\d+\.\d+\.\d+$")
    creators: list[str]
    url: str | None = Field(pattern=r"^https?://\S+$")
    published: Annotated[str | None, BeforeValidator(_day)] = Field(pattern=r"^\d{4}-\d{2}-\d{2}$")
    citation: str | None
