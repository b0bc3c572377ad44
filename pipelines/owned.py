"""What sources have in common that read a property of a brand: its page, its account, its help desk."""

from __future__ import annotations

from typing import Protocol

from pipelines.errors import ConfigError
from pipelines.records import Query


class Owned(Protocol):
    """The fields of a source that count here."""

    @property
    def name(self) -> str: ...
    @property
    def brand(self) -> str: ...


def brand_of(source: Owned, query: Query) -> str | None:
    """Key of the brand that a property belongs to: as configured, else the only one that is no competitor.

    Raises:
        ConfigError: no brand has the configured key.
    """
    known = {b.key: b for b in query.brands}
    if source.brand and source.brand not in known:
        raise ConfigError(f"[sources.{source.name}] brand = {source.brand!r} is none of the [brands.*]: {', '.join(known)}.")
    ours = [key for key, brand in known.items() if not brand.is_competitor]
    return source.brand or (ours[0] if len(ours) == 1 else None)
