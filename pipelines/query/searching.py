"""What a source asks the search of its platform, and which of the answers it keeps."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from pipelines.errors import ConfigError
from pipelines.query.brands import expression_of, fields_in
from pipelines.query.compiling import Compiled, compile_for
from pipelines.query.dialects import Dialect
from pipelines.query.language import NOTHING
from pipelines.query.matching import Fields, Matcher
from pipelines.records import Mention, Query


class Search:
    """The searches of a source, as texts, and the query behind them.

    Args:
        query: what is to be collected.
        asked: the searches; what is found by one with `residual` is kept as far as the query means it.
    """

    def __init__(self, query: Query, asked: Sequence[Compiled]) -> None:
        self.query, self.asked = query, tuple(asked)
        self.texts = tuple(dict.fromkeys(one.text for one in asked))
        self._whole = frozenset(one.text for one in asked if not one.residual)

    def keeps(self, text: str, mention: Mention, more: Fields | None = None) -> bool:
        """Is a mention meant that was found by `text`, which may also be an earlier search whose gap is filled?

        Args:
            more: what the platform tells beside the mention: accounts (handles) and hashtags.
        """
        return text in self._whole or self._matcher.mention(mention, more)

    def looks_at(self, field: str) -> bool:
        """Must this field be known of what is found, since it decides what is kept?"""
        return not self._whole.issuperset(self.texts) and field in fields_in(self.query)

    @cached_property
    def _matcher(self) -> Matcher:
        return Matcher(expression_of(self.query))


def search_of(dialect: Dialect, query: Query, own: Sequence[str] = (), *, where: str, hint: str = "queries") -> Search:
    """The searches of a stanza, or else what the query becomes at the platform.

    Args:
        own: searches of the stanza, in the platform's own syntax; they are asked as they are, and all that they find is kept.
        where: the stanza, which errors name.
        hint: its key for searches of one's own.

    Raises:
        ConfigError: there is nothing to search for, or the platform cannot be asked for it.
    """
    if own:
        return Search(query, [Compiled(text, residual=False) for text in own])
    if expression_of(query) == NOTHING:
        raise ConfigError(f"{where} has nothing to search for: set its {hint}, or configure [brands.*].")
    try:
        return Search(query, compile_for(dialect, query))
    except ConfigError as error:
        raise ConfigError(f"{where} {error}") from None
