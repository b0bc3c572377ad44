"""Verdicts move the alert budget: where more alerts are called false than it promises, a brand is alerted on less often.

A budget of one false alarm in `every` days allows `watched / every` of them in the days that a brand has been watched. People
have judged incidents of that time, and called `false` of them false alarms; only those count in which a detector of what is said
about brands had an alert, not those of unanswered conversations, new words or sources alone. From three verdicts on, the budget
is kept to

    every * (false + 2) / (watched / every + 2)

days, at least `every` and at most four times that; the two on either side keep one unlucky month from deciding (a gamma prior
worth two false alarms, on a rate that is as promised). `every` stays what a user has set: real ones make it no shorter.

Only the last 180 days count, so it goes back by itself. A verdict counts from the midnight after it was given, never before:
what was raised stays raised, and a replay finds the same again. A verdict that is taken back is taken back from then on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
WINDOW = 180  # days
LEAST = 3  # verdicts
PRIOR = 2.0  # false alarms
MOST = 4.0  # times the budget
TIERS = ("page", "watch")
_GIVEN = """
    WITH given AS (
        SELECT
            coalesce(m.incident_id, a.alert_id) AS incident_id, a.acted_at, a.value = 'false' AS is_false,
            lag(a.value = 'false') OVER (
                PARTITION BY coalesce(m.incident_id, a.alert_id) ORDER BY a.acted_at, a.action_id
            ) AS was_false
        FROM actions AS a
        LEFT JOIN incident_alerts AS m ON m.alert_id = a.alert_id
        WHERE a.verb = 'verdict' AND a.value IN ('false', 'real') AND a.alert_id IS NOT NULL
    )
    SELECT
        i.brand, i.tier, epoch(g.acted_at)::BIGINT // 900 AS bucket,
        g.is_false::INTEGER - coalesce(g.was_false, false)::INTEGER AS false_count, (g.was_false IS NULL)::INTEGER AS judged_count
    FROM given AS g
    INNER JOIN incidents AS i ON i.incident_id = g.incident_id
    WHERE g.is_false IS DISTINCT FROM g.was_false AND EXISTS (
        SELECT 1
        FROM incident_alerts AS m
        INNER JOIN alerts AS a ON a.alert_id = m.alert_id
        WHERE m.incident_id = g.incident_id AND a.signal NOT IN ('service_level', 'backlog', 'new_topic')
            AND NOT starts_with(a.signal, 'source_')
    )
    ORDER BY g.acted_at, i.brand, i.tier
"""


@dataclass(frozen=True, slots=True)
class Given:
    """A verdict as it counts: how many false alarms and judged incidents there are more (or fewer) from its bucket on."""

    brand: str
    tier: str
    bucket: int
    false: int
    judged: int


@dataclass(frozen=True, slots=True)
class Budget:
    """Where the budget of one brand and tier stands."""

    tier: str
    every: int  # days, as it is set
    stretched: int  # days, as it is kept to
    false: int
    judged: int
    allowed: float


def read(connection: duckdb.DuckDBPyConnection) -> tuple[Given, ...]:
    """All verdicts in the order in which they were given; an incident that is judged anew counts as it did until then."""
    return tuple(Given(*row) for row in connection.execute(_GIVEN).fetchall())


def counted(given: Sequence[Given], brands: Sequence[str], start: int, stop: int) -> dict[str, Array]:
    """Verdicts of the buckets from `start` to `stop` as counts of a block, shape (brands, buckets); none where there are none."""
    index = {brand: row for row, brand in enumerate(brands)}
    found: dict[str, Array] = {}
    for one in given:
        if start <= one.bucket < stop and one.brand in index:
            for kind, value in (("false", one.false), ("judged", one.judged)):
                table = found.setdefault(f"{kind}_{one.tier}_count", np.zeros((len(brands), stop - start)))
                table[index[one.brand], one.bucket - start] += value
    return found


def stretch(false: Array, judged: Array, watched: Array, every: float) -> Array:
    """By how much a budget of one false alarm in `every` days is lengthened; all arrays have one entry a brand.

    >>> one = np.array([4.0, 4.0, 0.0, 30.0]); stretch(one, np.array([5.0, 2.0, 9.0, 30.0]), np.full(4, 120.0), 60.0).tolist()
    [1.5, 1.0, 1.0, 4.0]
    """
    wanted = (np.maximum(false, 0.0) + PRIOR) / (watched / every + PRIOR)
    return np.where(judged >= LEAST, np.clip(wanted, 1.0, MOST), 1.0)


class Ledger:
    """Verdicts of the last 180 days of every brand: bounded state of a detector, by tier."""

    def __init__(self, rows: int) -> None:
        self.days = np.zeros((len(TIERS), 2, WINDOW, rows), dtype=np.int8)  # false and judged, of each day
        self.today = np.zeros((len(TIERS), 2, rows))

    def take(self, counts: Mapping[str, Array]) -> None:
        """What was judged in a part of a day."""
        for tier, name in enumerate(TIERS):
            for kind, word in enumerate(("false", "judged")):
                given = counts.get(f"{word}_{name}_count")
                if given is not None:
                    self.today[tier, kind] += given.sum(axis=1)

    def learn(self, day: int) -> None:
        """A day is over; `day` counts from 1970."""
        self.days[:, :, day % WINDOW] = np.clip(self.today, -100, 100).astype(np.int8)
        self.today[:] = 0.0

    def forget(self, rows: NDArray[np.bool_]) -> None:
        """Start anew for these brands."""
        self.days[..., rows], self.today[..., rows] = 0, 0.0

    def sums(self, tier: str) -> tuple[Array, Array]:
        """False alarms and judged incidents of the last 180 days, each of shape (rows,)."""
        false, judged = self.days[TIERS.index(tier)].sum(axis=1, dtype=np.float64)
        return np.maximum(false, 0.0), np.maximum(judged, 0.0)

    def stretch(self, tier: str, watched: NDArray[Any], every: float) -> Array:
        """`stretch` of each brand, which has been watched for so many days."""
        return stretch(*self.sums(tier), np.minimum(watched, WINDOW).astype(np.float64), every)

    def budgets(self, row: int, every: Mapping[str, float], watched: float) -> tuple[Budget, ...]:
        """Where a brand stands; `every`: its budget in days by tier."""
        found = []
        for tier, days in every.items():
            false, judged = (values[row:row + 1] for values in self.sums(tier))
            longer = stretch(false, judged, np.array([min(watched, WINDOW)]), days)[0]
            allowed = round(min(watched, WINDOW) / days, 1)
            found.append(Budget(tier, round(days), round(days * longer), int(false[0]), int(judged[0]), allowed))
        return tuple(found)


def sentence(budget: Budget) -> str:
    """A budget in words, for the crisis page and `earshot alerts`.

    >>> sentence(Budget("page", 60, 90, 4, 5, 2.0))[-112:]
    'Of 5 that were judged in the last 180 days 4 were false alarms, where it allows 2: it is kept to one in 90 days.'
    """
    noun = "page" if budget.tier == "page" else "watch"
    told = f"The budget is at most one false {noun} in {budget.every} days."
    if not budget.judged:
        return f"{told} None of the last 180 days has been judged; verdicts move it."
    were = "was a false alarm" if budget.false == 1 else "were false alarms"
    verb = "was" if budget.judged == 1 else "were"
    judged = f"Of {budget.judged} that {verb} judged in the last 180 days {budget.false} {were}"
    if budget.judged < LEAST:
        return f"{told} {judged}: it moves from {LEAST} verdicts on."
    if budget.stretched <= budget.every:
        return f"{told} {judged}, where it allows {budget.allowed:g}: it stays."
    return f"{told} {judged}, where it allows {budget.allowed:g}: it is kept to one in {budget.stretched} days."


def write(connection: duckdb.DuckDBPyConnection, found: Sequence[tuple[str, tuple[Budget, ...]]]) -> None:
    """Replace `alert_budgets` where it differs.

    Args:
        found: (brand, budgets) of every brand.
    """
    fresh: list[tuple[Any, ...]] = sorted(
        (brand, b.tier, b.every, b.stretched, b.false, b.judged, b.allowed, sentence(b))
        for brand, budgets in found for b in budgets
    )
    if connection.execute("FROM alert_budgets ORDER BY brand, tier").fetchall() != fresh:
        connection.execute("DELETE FROM alert_budgets")
        if fresh:
            connection.executemany("INSERT INTO alert_budgets VALUES (?, ?, ?, ?, ?, ?, ?, ?)", fresh)
