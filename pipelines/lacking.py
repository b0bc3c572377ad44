"""Gaps that somebody must know of: those that stay, and those that are large.

Most gaps are filled by the next collection and are nobody's concern. One that is still open after a day, or that lacks more than
a tenth of what the source brings in a day, is told once.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from datetime import datetime, timedelta

from pipelines import gaps
from pipelines.errors import WarehouseError
from pipelines.gaps import Noted
from pipelines.landing import Landing
from pipelines.settings import Settings
from pipelines.store import translated
from warehouse import snapshot

STAYS = timedelta(days=1)
LARGE = 0.1  # of a day's usual mentions
_USUAL = """
    SELECT source, sum(mention_count) / (epoch(max(bucket_at) - min(bucket_at)) / 86400)
    FROM (
        SELECT source, bucket_at, mention_count
        FROM source_15min
        WHERE mention_count > 0
        QUALIFY bucket_at > max(bucket_at) OVER (PARTITION BY source) - INTERVAL 28 DAYS
    )
    GROUP BY source
    HAVING max(bucket_at) - min(bucket_at) >= INTERVAL 3 DAYS
"""
FORGOTTEN = timedelta(days=28)  # a gap that ended longer ago is history: no page reaches back to it


def worth_telling(settings: Settings, *, now: datetime) -> dict[str, list[Noted]]:
    """Open gaps by source that stay or are large, told or not."""
    landing, found = Landing(settings.storage), {}
    opened = {name: gaps.open_ones(landing, name) for name in settings.sources}
    usual = usual_days(settings) if any(opened.values()) else {}
    for name, known in opened.items():
        limit = LARGE * usual[name] if name in usual else None
        chosen = [
            n for n in known
            if now - n.gap.end < FORGOTTEN
            and (now - n.noticed_at > STAYS or (limit is not None and n.gap.missing is not None and n.gap.missing > limit))
        ]
        if chosen:
            found[name] = chosen
    return found


def usual_days(settings: Settings) -> dict[str, float]:
    """Mentions a day of each source, over the four weeks before its newest mention, from three days on; of the last snapshot."""
    if snapshot.current_path(settings.storage) is None:
        return {}
    try:
        with translated():
            found = snapshot.open_current(settings.storage)
            with closing(found.connection):
                rows = found.execute(_USUAL).fetchall()
    except WarehouseError:  # a snapshot of an older version, or none that can be read: no gap is called large then
        return {}
    return {str(source): float(count) for source, count in rows}


def sentence(settings: Settings, name: str, found: Sequence[Noted]) -> str:
    """What is missing, since when, why, and what happens next."""
    one = len(found) == 1
    start, end = min(n.gap.start for n in found), max(n.gap.end for n in found)
    told = [n.gap.missing for n in found if n.gap.missing is not None]
    least = "" if len(told) == len(found) else "at least "
    lacks = f", which lack{'s' if one else ''} {least}{sum(told):,} mentions" if told else ", with an unknown number of mentions"
    first = min(n.noticed_at for n in found)
    reasons = "; ".join(dict.fromkeys(n.gap.reason.rstrip(".") for n in found))
    source = settings.plugin("sources", name)
    after = "It is asked for again at each collection." if source.can_fill else "The platform does not give it again."
    gap = "a gap" if one else f"{len(found)} gaps"
    return (
        f"The source {name} has {gap} from {start:%d %B %H:%M} to {end:%d %B %H:%M} UTC{lacks}, open since {first:%d %B %H:%M}: "
        f"{reasons}. {after if one else after.replace('It is', 'They are').replace('it again', 'them again')}"
    )
