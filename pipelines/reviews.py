"""What sources of reviews have in common: each review brings the answer to it, and is looked up by a request of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Protocol, TypeVar

from pipelines.asking import Asking
from pipelines.records import Found, Mention, Rejected

K = TypeVar("K")
Read = Iterable[Mention | Rejected]


class Reviewed(Protocol):
    """What a source must have here."""

    def gone(self, native_id: str, *, channel: str, now: datetime) -> Mention: ...


def listed(
    reviews: Iterable[Any], read: Callable[[Any], Read], when: Callable[[Mention], datetime | None]
) -> list[tuple[datetime | None, Found]]:
    """Items of a page of a listing: each review and its answer, at the time of the review by which the listing is sorted."""
    items: list[tuple[datetime | None, Found]] = []
    for review in reviews:
        found = list(read(review))
        at = next((when(item) for item in found if isinstance(item, Mention)), None)
        items += [(at, item) for item in found]
    return items


def look_up(
    source: Reviewed, ask: Asking, asked: Mapping[K, list[str]], read: Callable[[K], Read], *, channel: str, now: datetime
) -> Iterator[Mention | Rejected]:
    """Reviews as they are now, one a request, each with its answer; those beyond the budget stay due.

    Args:
        asked: ids that are due of each review, its own and that of its answer.
        read: what the platform gives of a review; nothing where it is gone. What cannot be read is not taken as gone.
    """
    for review, ids in asked.items():
        if ask.is_spent:
            return
        found = list(read(review))
        yield from found
        here = {item.native_id for item in found if isinstance(item, Mention)}
        if not any(isinstance(item, Rejected) for item in found):
            yield from (source.gone(i, channel=channel, now=now) for i in ids if i not in here)
