"""What was kept of backtests, as the Alert Lab's page tells it: which rules, how many crises each found, in which words."""

from __future__ import annotations

from dataclasses import dataclass

from dashboards import words
from dashboards.query import Row, Snapshot
from warehouse import metrics
from warehouse.metrics import Estimate

MONTH = 30.44  # days
ROLES = {"configured": "yours", "shadow": "on trial"}


@dataclass(frozen=True, slots=True)
class Results:
    """All that was kept, from one reading of the snapshot."""

    crises: list[Row]  # the newest figures on simulated crises
    before: list[Row]  # the last ones that were different
    history: list[Row]

    @property
    def rules(self) -> list[Row]:
        """Every rule on all simulated crises, without the other budgets."""
        return [r for r in self.crises if r["slice"] == "all" and r["role"] != "budget"]

    @property
    def ours(self) -> Row | None:
        """The detector that the pages are about: the first that is configured."""
        return next((r for r in self.rules if r["role"] == "configured"), None)

    def of(self, row: Row, part: str) -> Row | None:
        """The same rule on one kind of crisis."""
        same = ("rule", "role", "page_every_days")
        return next((r for r in self.crises if r["slice"] == part and all(r[k] == row[k] for k in same)), None)


def read(snapshot: Snapshot) -> Results:
    """All that a snapshot holds of backtests."""
    crises = snapshot.rows("backtests", data="crises")
    newest, before = ([r for r in crises if r["is_newest"] is wanted] for wanted in (True, False))
    return Results(newest, before, snapshot.rows("backtests", data="history"))


def name(row: Row) -> str:
    """How a rule is called on this page: a vendor's by the vendor, others by their stanza."""
    return f"{row['rule']} ({ROLES[row['role']]})" if row["role"] in ROLES else words.label(row["rule"])


def in_hour(row: Row) -> int:
    """How many crises a rule found within an hour."""
    return sum(1 for delay in row["delays"] if delay <= 60)


def months(row: Row) -> float:
    """Brands times months that a rule watched."""
    return float(row["brand_count"] * row["days"] / MONTH)


def few(value: float) -> str:
    """A rate with two significant figures.

    >>> few(0.6312), few(128.4), few(0.0)
    ('0.63', '128', '0')
    """
    return "0" if value == 0 else f"{value:.2g}" if value < 10 else words.count(value)


def rate(found: Estimate | None) -> str:
    """A rate with its interval: '0.64 (0.43 to 0.92)'."""
    return words.NONE if found is None else f"{few(found.value)} ({few(found.low)} to {few(found.high)})"


def counted(count: int, n: int) -> str:
    """'16 of 20 (58 to 92 %)'."""
    share = metrics.share(count, n)
    return words.NONE if share is None else f"{count} of {n} ({words.percents(share.low, share.high)})"


def delay(middle: Estimate | None) -> str:
    """A median delay in a few letters."""
    return words.NONE if middle is None else words.duration(60 * middle.value)


def ends(found: Estimate | None) -> str:
    """The interval of a rate."""
    return f"{few(found.low)} to {few(found.high)}" if found else ""
