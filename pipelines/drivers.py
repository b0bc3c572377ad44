"""What drives an excess: parts of what was said that add up to it, and the mentions that show it best.

An alert's mentions are set against those of the seven days before, scaled to what was expected at that hour. Each kind
of driver divides the same mentions in its own way:

- `channel`, `language`: every mention has one, so the parts add up exactly;
- `form`: reposts, copies of an earlier text of the same span, and originals;
- `author`: people who wrote in the days before too, and new ones; the busiest few by themselves where they write a lot;
- `topic` and `intent`: a mention with several counts for the one whose share has grown most;
- `term`: a word or pair of words; a mention counts for the most telling term that it holds.

What has no label, and what is not named, is the part called `other`. So observed, expected and excess of one kind always
add up to the same three totals. Only public mentions by others than the brand are read, as on the pages. Where only a part
was collected, each counts as many as it stands for, as in what is expected; which labels are peculiar to now, and who is
busy, is judged by what was collected.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import duckdb

from pipelines import telling

BASE = timedelta(days=7)
OTHER = "other"
_KINDS = 4  # named parts of a kind at most
_BUSY = 3  # authors who are told apart from the others ...
_BUSY_LEAST = 4  # ... when each has written so often
_AUTHORS = 3  # who must use a term before it is named: the words of one person are nobody else's business
_READ = 10_000  # mentions read on each side, about; of more, an even sample is read and counted up
_WORD = re.compile(r"[^\W\d_][\w'’-]{2,}", re.UNICODE)
_NOISE = re.compile(r"https?://\S+|[@<\[{]\S+|&\w+;")
STOP = frozenset(re.findall(r"\S+", """
    the and for you your are was were with that this have has had not but just from they them what when who how why can can't
    don't won't isn't get got going all out about our its it's i'm i've will would could been being there here now than then
    too very his her she him their please thanks thank via amp let know one two some any more why did does doesn't
    didn't into over after before still only right und der die das ist nicht ein eine ich sie auf mit für von que los las
    por una para con del les des pas est pour
"""))


@dataclass(frozen=True, slots=True)
class Said:
    """One mention of the feed, as far as drivers need it."""

    mention_id: str
    text: str
    channel: str
    intents: tuple[str, ...]
    topics: tuple[str, ...]
    author: str
    is_negative: bool
    is_repost: bool
    engagement: int
    p_negative: float
    language: str = "unknown"
    weight: float = 1.0  # how many it stands for


@dataclass(frozen=True, slots=True)
class Why:
    """Drivers as they are stored, those of one kind adding up to the same excess, and the mentions that tell most.

    Attributes:
        example_ids: the most typical ones.
        exposed_ids: the ones that most people may have seen.
        first_id: the first one of what it is about.
        minutes: the span that the drivers explain.
    """

    drivers: list[dict[str, Any]]
    example_ids: list[str]
    exposed_ids: list[str] = field(default_factory=list)
    first_id: str | None = None
    minutes: int | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """What is to be explained."""

    brand: str
    since: datetime
    until: datetime
    expected: float  # volume in that span
    unit: str  # the column of brand_15min that volume counts: author_count or mention_count


def why(
    connection: duckdb.DuckDBPyConnection, span: Span, names: set[str], *, nouns: Callable[[list[str]], set[str]] | None = None
) -> Why:
    """Explain what a brand's mentions in a span are about.

    Args:
        connection: warehouse with the marts `mention_feed` and `brand_15min`.
        names: words that name the brand and say nothing, in lower case.
        nouns: picks the words and pairs of texts that may be named as terms (`models.terms.nouns`); None: all.
    """
    now = _read(connection, span.brand, span.since, span.until)
    before = _read(connection, span.brand, span.since - BASE, span.since)
    if not now:
        return Why([], [])
    usual = connection.execute(
        f"SELECT sum({span.unit})::BIGINT FROM brand_15min WHERE brand = ? AND bucket_at >= ? AND bucket_at < ?",
        [span.brand, span.since - BASE, span.since],
    ).fetchone()
    scale = span.expected / usual[0] if usual and usual[0] else 0.0
    weights = [s.weight for s in now], [s.weight * scale for s in before]
    drivers: list[dict[str, Any]] = []
    terms = _terms(now, before, names, nouns)
    for kind, labels in (
        ("term", terms), ("topic", _ranked([s.topics for s in now], [s.topics for s in before])),
        ("intent", _ranked([s.intents for s in now], [s.intents for s in before])),
    ):
        if labels:
            drivers += _parts(kind, [_first(kind, s, labels) for s in now], [_first(kind, s, labels) for s in before], weights)
    drivers += _parts("channel", [s.channel for s in now], [s.channel for s in before], weights)
    drivers += _parts("language", [s.language for s in now], [s.language for s in before], weights)
    drivers += _parts("form", _forms(now), _forms(before), weights)
    drivers += _parts("author", *_writers(now, before), weights)
    where = span.brand, span.since, span.until
    minutes = int((span.until - span.since).total_seconds() // 60)
    first_id = telling.first(connection, where, drivers)
    excess = {d["name"]: d["excess"] for d in drivers if d["kind"] == "term" and d["name"] != OTHER}
    return Why(drivers, _typical(now, excess), telling.exposed(connection, where), first_id, minutes)


def _read(connection: duckdb.DuckDBPyConnection, brand: str, since: datetime, until: datetime) -> list[Said]:
    """The mentions of a span, or an even sample of them whose weights add up to the same."""
    where = "FROM mention_feed WHERE brand = ? AND published_at >= ? AND published_at < ? AND NOT is_own"
    row = connection.execute(f"SELECT count(*), sum(weight) {where}", [brand, since, until]).fetchone()
    total, stands_for = row if row and row[0] else (0, 0.0)
    step = -(-total // _READ) or 1
    rows = connection.execute(
        "SELECT mention_id::VARCHAR, text, channel, intents, topics, sentiment, kind, engagement, p_negative, author_id, "
        f"language, weight {where} AND hash(mention_id) % ? = 0 ORDER BY mention_id", [brand, since, until, step],
    ).fetchall()
    read = sum(row[-1] for row in rows)
    scale = stands_for / read if read else 0.0
    return [
        Said(
            i, t or "", c, tuple(n or ()), tuple(o or ()), a or i, s == "negative", k == "repost", int(e or 0), float(p or 0.0),
            g or "unknown", w * scale,
        )
        for i, t, c, n, o, s, k, e, p, a, g, w in rows
    ]


def _parts(
    kind: str, now: Sequence[str], before: Sequence[str], weights: tuple[Sequence[float], Sequence[float]]
) -> list[dict[str, Any]]:
    """Observed, expected and excess of each label, largest excess first, the rest as `other`; they add up to the totals.

    `squared_weight` is the sum of the squares of the weights behind `observed`: its variance, which is `observed` where each
    mention stands for itself.
    """
    observed, usual = _summed(now, weights[0]), _summed(before, weights[1])
    squared = _summed(now, [w * w for w in weights[0]])
    excess = {name: observed.get(name, 0.0) - usual.get(name, 0.0) for name in observed | usual if name != OTHER}
    named = [name for name, value in sorted(excess.items(), key=lambda item: (-item[1], item[0])) if value > 0][:_KINDS]
    sides = observed, usual, squared
    parts = [(name, [side.get(name, 0.0) for side in sides]) for name in named]
    parts.append((OTHER, [sum(value for name, value in side.items() if name not in named) for side in sides]))
    return [
        {
            "kind": kind, "name": name, "observed": round(o, 1), "expected": round(e, 2), "excess": round(o - e, 2),
            "squared_weight": round(v, 2),
        }
        for name, (o, e, v) in parts if round(o, 1) or round(e, 2)
    ]


def _summed(labels: Sequence[str], weights: Sequence[float]) -> dict[str, float]:
    sums: dict[str, float] = {}
    for label, weight in zip(labels, weights, strict=True):
        sums[label] = sums.get(label, 0.0) + weight
    return sums


def _forms(said: Sequence[Said]) -> list[str]:
    """repost, copy or original: of texts that are alike but for their marks, the first in order of ids is the original."""
    seen: set[str] = set()
    found = []
    for one in said:
        likeness = _likeness(one.text)
        found.append("repost" if one.is_repost else "copy" if likeness and likeness in seen else "original")
        seen.add(likeness)
    return found


def _writers(now: Sequence[Said], before: Sequence[Said]) -> tuple[list[str], list[str]]:
    """Who writes: the busiest few, people known from the days before, new ones. Before, all but the busiest are known."""
    count = Counter(s.author for s in now)
    busy = {author for author, n in count.most_common(_BUSY) if n >= _BUSY_LEAST}
    known = {s.author for s in before}
    return (
        ["busiest" if s.author in busy else "known" if s.author in known else "new" for s in now],
        ["busiest" if s.author in busy else "known" for s in before],
    )


def _likeness(text: str) -> str:
    return re.sub(r"\W+", " ", _NOISE.sub(" ", text.lower())).strip()[:60]


def _ranked(now: Sequence[Collection[str]], before: Sequence[Collection[str]]) -> list[str]:
    """Labels by how surprising their number now is, given the days before: log-odds with a prior, in standard deviations."""
    here, there = (Counter(label for labels in side for label in set(labels)) for side in (now, before))
    total_here, total_there = max(len(now), 1), max(len(before), 1)

    def score(label: str) -> float:
        prior = 0.5 + 5.0 * (here[label] + there[label]) / (total_here + total_there)
        a, b = here[label] + prior, there[label] + prior
        odds = math.log(a / max(total_here + 10 - a, 0.5)) - math.log(b / max(total_there + 10 - b, 0.5))
        return odds / math.sqrt(1 / a + 1 / b)

    return sorted(here, key=lambda label: (-score(label), label))


def _words(text: str, names: set[str]) -> set[str]:
    words = [w.strip("'’-") for w in _WORD.findall(_NOISE.sub(" ", text.lower()))]
    kept = [w if w not in STOP and w not in names and len(w) > 2 else "" for w in words]
    return {w for w in kept if w} | {f"{a} {b}" for a, b in pairwise(kept) if a and b}


def _terms(
    now: Sequence[Said], before: Sequence[Said], names: set[str], nouns: Callable[[list[str]], set[str]] | None = None
) -> list[str]:
    """The words and pairs most peculiar to now, each used by several authors; no word is named twice."""
    mine, theirs = [_words(s.text, names) for s in now], [_words(s.text, names) for s in before]
    count = Counter(term for words in mine for term in words)
    least = max(3, len(now) // 50)
    users: dict[str, set[str]] = {term: set() for term, n in count.items() if n >= least}
    for words, said in zip(mine, now, strict=True):
        for term in words & users.keys():
            users[term].add(said.author)
    frequent = {term for term, authors in users.items() if len(authors) >= _AUTHORS}
    if nouns is not None and frequent:
        frequent &= nouns([said.text for said in now]) or frequent
    chosen: list[str] = []
    for term in _ranked([w & frequent for w in mine], [w & frequent for w in theirs]):
        if not any(set(term.split()) & set(other.split()) for other in chosen):
            chosen.append(term)
        if len(chosen) == _KINDS:
            break
    return chosen


def _first(kind: str, said: Said, labels: Sequence[str]) -> str:
    held = {"topic": said.topics, "intent": said.intents}.get(kind)
    own = set(held) if held is not None else _words(said.text, set())
    return next((label for label in labels if label in own), OTHER)


def _typical(now: Sequence[Said], terms: Mapping[str, float]) -> list[str]:
    """Three mentions that show best what it is about: negative, full of its terms, much noticed, no reposts, no copies.

    Args:
        terms: what each adds to the excess.
    """
    total = sum(terms.values()) or 1.0

    def score(said: Said) -> tuple[float, int, str]:
        held = 2.0 * sum(value for term, value in terms.items() if term in said.text.lower()) / total
        noticed = 0.5 * math.log1p(max(said.engagement, 0))
        return -(2.0 * said.is_negative + said.p_negative + held + noticed), len(said.text), said.mention_id

    chosen: list[str] = []
    seen: set[str] = set()
    originals = [s for s in now if not s.is_repost and s.text.strip()]
    telling = [s for s in originals if s.is_negative or any(term in s.text.lower() for term in terms)]
    for said in sorted(telling or originals, key=score):
        likeness = _likeness(said.text)
        if likeness not in seen:
            seen.add(likeness)
            chosen.append(said.mention_id)
        if len(chosen) == 3:
            break
    return chosen
