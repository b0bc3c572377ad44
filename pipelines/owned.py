"""Which brand a mention belongs to by where it stands, who wrote it or whom it names: a page, an account, a help desk."""

from __future__ import annotations

from collections.abc import Collection
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
    return source.brand or _only(query)


def brand_named(query: Query, names: Collection[str]) -> str | None:
    """Key of the brand whose handle is among the names: one of our own before a competitor, then as they are configured."""
    folded = {name.casefold() for name in names}
    ordered = sorted(query.brands, key=lambda brand: brand.is_competitor)
    return next((b.key for b in ordered if any(handle.casefold() in folded for handle in b.handles)), None)


def brand_writing(query: Query, author: str) -> str | None:
    """Key of the brand whose own account wrote: by its handle, else the only one that is no competitor."""
    return brand_named(query, [author]) or _only(query)


def _only(query: Query) -> str | None:
    ours = [brand.key for brand in query.brands if not brand.is_competitor]
    return ours[0] if len(ours) == 1 else None
