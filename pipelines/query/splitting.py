"""Makes queries that a platform takes out of one that is too long, or has more OR than it can write."""

from __future__ import annotations

from math import prod

from pipelines.errors import ConfigError
from pipelines.query.asking import Ask, Both, Either, Without, both, either, is_anchored, is_expressible, written
from pipelines.query.dialects import Dialect

MOST = 1_000  # queries that one expression may become


class Splitter:
    """Splits alternatives over several queries, as many as fit into each; together they find the same.

    Where alternatives do not help, conditions are dropped, exclusions first and the longest first: the platform then finds more,
    and `dropped` says what is filtered here instead.
    """

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.dropped: list[Ask] = []

    def fits(self, ask: Ask) -> bool:
        """Is it one query that the platform takes?"""
        return is_expressible(ask, self.dialect) and self.length(ask) <= self.dialect.limit

    def length(self, ask: Ask) -> int:
        """Characters of it as a query."""
        return len(written(ask, self.dialect))

    def split(self, ask: Ask) -> list[Ask]:
        """Queries that together find what `ask` finds, or more.

        Raises:
            ConfigError: one of its words or phrases is too long by itself, or it takes too many queries.
        """
        if self.fits(ask):
            return [ask]
        if isinstance(ask, Either):
            return self._pack((), ask.items)
        if isinstance(ask, Both):
            return self._conjunction(ask)
        raise ConfigError(
            f"{written(ask, self.dialect)[:60]}... is longer than the {self.dialect.limit} characters that {self.dialect.title} "
            "takes; shorten it."
        )

    def _conjunction(self, ask: Both) -> list[Ask]:
        if self.dialect.single:
            anchors = [item for item in ask.items if is_anchored(item, self.dialect)]
            return self.split(self._only(ask, min(anchors, key=self._count)))
        lighter = self._lightened(ask)
        if not isinstance(lighter, Both) or self.fits(lighter):
            return self.split(lighter)
        groups = [item for item in lighter.items if isinstance(item, Either)]
        if groups:
            widest = max(groups, key=self.length)
            return self._pack(tuple(item for item in lighter.items if item is not widest), widest.items)
        return self.split(self._without_longest(lighter, lighter.items))

    def _pack(self, rest: tuple[Ask, ...], alternatives: tuple[Ask, ...]) -> list[Ask]:
        """As few queries as come of filling one after the other."""
        found: list[Ask] = []
        group: list[Ask] = []
        for alternative in alternatives:
            if group and not self.fits(both(*rest, either(*group, alternative))):
                found += self.split(both(*rest, either(*group)))
                group = []
            group.append(alternative)
            if len(found) > MOST:
                raise ConfigError(f"it would take more than {MOST:,} queries at {self.dialect.title}; shorten it.")
        return found + self.split(both(*rest, either(*group)))

    def _lightened(self, ask: Both) -> Ask:
        """Fewer combinations of alternatives than `most`, and exclusions that take no more than half of the length."""
        lighter: Ask = ask
        while isinstance(lighter, Both) and self._count(lighter) > self.dialect.most:
            groups = tuple(item for item in lighter.items if self._count(item) > 1)
            widest = max(groups, key=self._count)
            if not self._can_drop(lighter, widest):
                widest = next((g for g in groups if self._can_drop(lighter, g)), widest)
            if not self._can_drop(lighter, widest):
                break
            lighter = self._drop(lighter, widest)
        while isinstance(lighter, Both):
            barred = [item for item in lighter.items if isinstance(item, Without)]
            if sum(self.length(item) + 1 for item in barred) <= self.dialect.limit // 2:
                break
            lighter = self._drop(lighter, max(barred, key=self.length))
        return lighter

    def _count(self, ask: Ask) -> int:
        """Queries that it becomes where OR cannot be written."""
        if is_expressible(ask, self.dialect):
            return 1
        if isinstance(ask, Both):
            return prod(map(self._count, ask.items))
        return sum(map(self._count, ask.items)) if isinstance(ask, Either) else 1

    def _without_longest(self, ask: Both, items: tuple[Ask, ...]) -> Ask:
        for item in sorted(items, key=self.length, reverse=True):
            if self._can_drop(ask, item):
                return self._drop(ask, item)
        return max(items, key=self.length)  # each of them is too long: `split` says so of the longest

    def _can_drop(self, ask: Both, item: Ask) -> bool:
        return is_anchored(Both(tuple(other for other in ask.items if other is not item)), self.dialect)

    def _only(self, ask: Both, item: Ask) -> Ask:
        for other in ask.items:
            if other is not item:
                self._drop(ask, other)
        return item

    def _drop(self, ask: Both, item: Ask) -> Ask:
        if item not in self.dropped:
            self.dropped.append(item)
        return both(*(other for other in ask.items if other is not item))
