"""Estimates with their intervals: every number on a page comes through here. One interval level everywhere, 95 %.

Proportions use Wilson's score interval, differences Newcombe's square-and-add, several comparisons at once
Benjamini-Hochberg, waiting times Kaplan-Meier. References: Wilson 1927; Newcombe 1998 (Stat. Med. 17:873 and 17:2635);
Benjamini and Hochberg 1995; Kaplan and Meier 1958.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean, median, variance

Z = NormalDist().inv_cdf(0.975)
FLOOR = 30  # below this many answers a share is not shown
COMMON = 7  # found by both of two searches: with fewer nothing is said of what neither found
WIDEST = 0.15  # nor when its interval is wider than this on either side, as a share


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its 95 % interval and the number of observations behind it."""

    value: float
    low: float
    high: float
    n: int

    def scaled(self, factor: float) -> Estimate:
        return Estimate(self.value * factor, self.low * factor, self.high * factor, self.n)


@dataclass(frozen=True, slots=True)
class Change:
    """A difference with its 95 % interval and two-sided p; `real` is the verdict after correcting for all that is shown."""

    value: float
    low: float
    high: float
    p: float
    real: bool = False

    def scaled(self, factor: float) -> Change:
        return Change(self.value * factor, self.low * factor, self.high * factor, self.p, self.real)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a waiting-time curve: share done by `at`, its interval, and how many were still waiting just before."""

    at: float
    share: float
    low: float
    high: float
    at_risk: int


def share(count: float, n: int) -> Estimate | None:
    """Wilson's interval of count / n, as a share of 1; None without observations.

    >>> e = share(14, 110); round(e.low, 3), round(e.high, 3)
    (0.077, 0.202)
    """
    if n <= 0:
        return None
    p, zz = count / n, Z * Z
    centre = (p + zz / (2 * n)) / (1 + zz / n)
    half = Z * math.sqrt(p * (1 - p) / n + zz / (4 * n * n)) / (1 + zz / n)
    return Estimate(p, max(0.0, min(p, centre - half)), min(1.0, max(p, centre + half)), n)


def effective(total: float, squared: float) -> float:
    """How many observations of equal weight say as much as those whose weights, and their squares, have these sums.

    Kish's effective size (Survey Sampling, 1965): ten mentions that each stand for a hundred are ten.

    >>> effective(1000, 100_000), effective(7, 7)
    (10.0, 7.0)
    """
    return total * total / squared if squared > 0 else 0.0


def weighted_share(part: float, total: float, squared: float) -> Estimate | None:
    """part / total, sums of weights, with Wilson's interval for the effective number; None without any.

    Args:
        squared: sum of the squares of the weights in `total`.
    """
    n = round(effective(total, squared))
    return share(part / total * n, n) if n else None


def rate(count: int, exposure: float) -> Estimate | None:
    """count / exposure for a count of rare events, Byar's interval (Breslow and Day 1987, section 2.3); None without exposure.

    >>> e = rate(10, 2.0); round(e.low, 2), e.value, round(e.high, 2)
    (2.39, 5.0, 9.2)
    """
    if exposure <= 0:
        return None
    low = count * (1 - 1 / (9 * count) - Z / (3 * math.sqrt(count))) ** 3 if count else 0.0
    more = count + 1
    high = more * (1 - 1 / (9 * more) + Z / (3 * math.sqrt(more))) ** 3
    return Estimate(count / exposure, max(0.0, low) / exposure, high / exposure, count)


def captured(first: int, second: int, both: int) -> Estimate | None:
    """How many there are in all, where two independent searches found `first` and `second`, and `both` of these twice.

    Chapman's estimator (1951) with Seber's variance (1970) and Chao's log-normal interval (Biometrics 43, 1987), which never
    promises fewer than were seen. None below seven in common, where the estimator is biased (Robson and Regier 1964). Where
    what one search finds the other finds more easily too, as is usual, there are more than this says. `n`: seen by either.

    >>> e = captured(100, 80, 40); e.low, round(e.value), e.high, e.n
    (173.0, 199, 242.0, 140)
    """
    if both < COMMON:
        return None
    seen = first + second - both
    total = (first + 1) * (second + 1) / (both + 1) - 1
    only = max(first - both, 0.5) * max(second - both, 0.5)  # where one search added nothing, an interval needs some width
    unseen = only / (both + 1)
    spread = (first + 1) * (second + 1) * only / ((both + 1) ** 2 * (both + 2))
    factor = math.exp(Z * math.sqrt(math.log1p(spread / unseen**2)))
    return Estimate(total, float(math.floor(seen + unseen / factor)), float(math.ceil(seen + unseen * factor)), seen)


def middle(values: Sequence[float]) -> Estimate | None:
    """Median, its interval from order statistics (binomial, normal approximation); None below six values, where there is none.

    >>> e = middle([15, 15, 30, 30, 45, 60, 90, 120]); e.low, e.value, e.high
    (15, 37.5, 120)
    """
    n, ordered = len(values), sorted(values)
    if n < 6:
        return None
    half = Z * math.sqrt(n) / 2
    low, high = max(0, math.floor(n / 2 - half) - 1), min(n - 1, math.ceil(n / 2 + half))
    return Estimate(median(ordered), ordered[low], ordered[high], n)


def net(positive: int, negative: int, neutral: int) -> Estimate | None:
    """Net sentiment 100·(P−N)/(P+N+U) in points, with Newcombe's interval for two shares of the same sample.

    >>> net(80, 20, 100).value
    30.0
    """
    n = positive + negative + neutral
    up, down = share(positive, n), share(negative, n)
    if up is None or down is None:
        return None
    spread = positive * (n - positive) * negative * (n - negative)
    phi = -positive * negative / math.sqrt(spread) if spread else 0.0
    d = up.value - down.value
    a, b = up.value - up.low, down.high - down.value
    c, e = up.high - up.value, down.value - down.low
    low = d - math.sqrt(max(0.0, a * a - 2 * phi * a * b + b * b))
    high = d + math.sqrt(max(0.0, c * c - 2 * phi * c * e + e * e))
    return Estimate(100 * (positive - negative) / n, 100 * max(-1.0, low), 100 * min(1.0, high), n)


def change(now: Estimate, before: Estimate) -> Change:
    """now − before for independent samples: square-and-add of the two intervals (Newcombe 1998, method 10).

    >>> c = change(share(16, 97), share(27, 110)); c.low < 0 < c.high
    True
    """
    d = now.value - before.value
    low = d - math.hypot(now.value - now.low, before.high - before.value)
    high = d + math.hypot(now.high - now.value, before.value - before.low)
    return Change(d, low, high, two_sided(d, d - low if d > 0 else high - d))


def two_sided(d: float, half: float) -> float:
    """Two-sided p that is below 0.05 exactly when the interval leaves zero out."""
    if half <= 0:
        return 1.0 if d == 0 else 0.0
    return 2 * (1 - NormalDist().cdf(abs(d) / (half / Z)))


def judge(changes: Sequence[Change], level: float = 0.05) -> list[Change]:
    """Mark which changes are more than chance, by Benjamini-Hochberg over all of them, and none whose interval holds zero."""
    order = sorted(range(len(changes)), key=lambda i: changes[i].p)
    last = max((rank for rank, i in enumerate(order, 1) if changes[i].p <= level * rank / len(changes)), default=0)
    real = set(order[:last])
    return [
        Change(c.value, c.low, c.high, c.p, i in real and not c.low <= 0 <= c.high) for i, c in enumerate(changes)
    ]


def dispersion(counts: Sequence[int]) -> float:
    """Variance over mean of counts that a Poisson process would give 1: how much days swing by themselves. At least 1."""
    if len(counts) < 2 or not sum(counts):
        return 1.0
    return max(1.0, variance(counts) / fmean(counts))


def ratio(now: float, before: float, *, swing: float = 1.0, sizes: tuple[float, float] | None = None) -> Estimate | None:
    """now / before for two counts, log-normal interval, both `swing` times as variable as chance alone; None when one is 0.

    Args:
        sizes: effective numbers of observations behind two counts that are estimated from a part: neither is surer than these.
    """
    sizes = sizes or (now, before)
    if min(now, before, *sizes) <= 0:
        return None
    half = Z * math.sqrt(sum(max(swing / count, 1 / size) for count, size in zip((now, before), sizes, strict=True)))
    r = now / before
    return Estimate(r, r * math.exp(-half), r * math.exp(half), int(sum(sizes)))


def waiting(times: Sequence[tuple[float, int, int]]) -> list[Step]:
    """Kaplan-Meier: share done by each time, those still waiting being censored.

    `times` holds (time, done at it, still waiting after it), in any order. Intervals are Greenwood's on the log-log scale.

    >>> [round(s.share, 2) for s in waiting([(1, 1, 0), (2, 0, 1), (3, 1, 1)])]
    [0.25, 0.62]
    """
    together: dict[float, tuple[int, int]] = {}
    for at, done, waits in times:
        before = together.get(at, (0, 0))
        together[at] = (before[0] + done, before[1] + waits)
    at_risk = sum(done + waits for done, waits in together.values())
    left, greenwood, steps = 1.0, 0.0, []
    for at, (done, waits) in sorted(together.items()):
        if done:  # who still waits after the same time was at risk during it
            left *= 1 - done / at_risk
            greenwood += done / (at_risk * (at_risk - done)) if at_risk > done else 0.0
            low, high = _loglog(left, greenwood)
            steps.append(Step(at, 1 - left, 1 - high, 1 - low, at_risk))
        at_risk -= done + waits
    return steps


def _loglog(left: float, greenwood: float) -> tuple[float, float]:
    if not 0 < left < 1:
        return left, left
    width = Z * math.sqrt(greenwood) / abs(math.log(left))
    return left ** math.exp(width), left ** math.exp(-width)


def waited(steps: Sequence[Step], q: float) -> tuple[float | None, float | None, float | None]:
    """Time by which a share q was done, with the ends of its interval; None where the curve never gets there."""
    def first(reached: Sequence[float]) -> float | None:
        return next((s.at for s, r in zip(steps, reached, strict=True) if r >= q), None)

    return first([s.share for s in steps]), first([s.high for s in steps]), first([s.low for s in steps])


def enough(estimate: Estimate | None, *, unit: float = 1.0) -> bool:
    """Is a share (of `unit`: 1, or 100 for points) worth a number? From 30 observations, and at most 15 points either side."""
    if estimate is None or estimate.n < FLOOR:
        return False
    return max(estimate.high - estimate.value, estimate.value - estimate.low) <= WIDEST * unit
