"""Words that many people use about a brand now and hardly anybody did before: the log-odds that tell a new topic.

For every hour, the words and pairs of neighbouring words of the last three hours are set against the three weeks before them.
Each author counts once for a term. The log-odds ratio of the two, with an informative Dirichlet prior in proportion to how common
the term is in both together, over its standard deviation (Monroe, Colaresi and Quinn 2008, *Fightin' Words*, equations 16, 20
and 22) is a z-score: rare words need many authors, common ones a large jump.

Public mentions by others are read, no reposts. Nothing later than an hour decides about it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from pipelines.drivers import STOP

HOURS = 3  # of the window
HISTORY = 21 * 24  # hours before it
LOOKED_BACK = 7 * 24  # hours that are judged: older topics are no news
LEAST_AUTHORS = 5  # in the window, who use a term
LEAST_HISTORY = 200  # mentions before: with fewer everything is new
_PRIOR = 250.0  # mentions' worth
_TERMS = 6  # named at most
_SQL = r"""
WITH texts AS (
    SELECT brand, epoch(published_at)::BIGINT // 3600 AS hour, coalesce(author_id, mention_id::VARCHAR) AS author,
        list_filter(
            regexp_extract_all(
                regexp_replace(lower(text), 'https?://\S+|[@<\[{]\S+|&\w+;', ' ', 'g'), '\pL[\pL\pN''’-]{2,}'
            ),
            lambda word: NOT list_contains($stop, word)
        ) AS words
    FROM mention_feed
    WHERE NOT is_own AND kind <> 'repost'
        AND published_at >= to_timestamp($first * 3600) AND published_at < to_timestamp($end * 3600)
),
said AS (
    SELECT DISTINCT brand, hour, author,
        unnest(list_distinct(words || list_transform(list_zip(words[:-2], words[2:]), lambda pair: pair[1] || ' ' || pair[2])))
            AS term
    FROM texts
),
hourly AS (
    SELECT brand, term, hour, count(*) AS authors
    FROM said
    GROUP BY ALL
),
often AS (
    SELECT brand, term
    FROM hourly
    GROUP BY brand, term
    HAVING sum(authors) >= $least
),
now_said AS (
    SELECT s.brand, s.term, s.hour + back.hours AS hour, count(DISTINCT s.author) AS authors
    FROM said AS s
    SEMI JOIN often AS o ON o.brand = s.brand AND o.term = s.term
    CROSS JOIN (SELECT unnest(range($window)) AS hours) AS back
    WHERE s.hour + back.hours >= $judged AND s.hour + back.hours < $end
    GROUP BY ALL
    HAVING count(DISTINCT s.author) >= $least
),
before_said AS (
    SELECT n.brand, n.term, n.hour, coalesce(sum(h.authors), 0) AS authors
    FROM now_said AS n
    LEFT JOIN hourly AS h
        ON h.brand = n.brand AND h.term = n.term AND h.hour <= n.hour - $window AND h.hour > n.hour - $window - $history
    GROUP BY ALL
),
everybody AS (
    SELECT brand, hour, count(DISTINCT author) AS authors
    FROM texts
    GROUP BY ALL
),
now_all AS (
    SELECT e.brand, e.hour + back.hours AS hour, count(DISTINCT e.author) AS authors
    FROM texts AS e
    CROSS JOIN (SELECT unnest(range($window)) AS hours) AS back
    GROUP BY ALL
),
before_all AS (
    SELECT n.brand, n.hour, sum(e.authors) AS authors
    FROM (SELECT DISTINCT brand, hour FROM now_said) AS n
    INNER JOIN everybody AS e ON e.brand = n.brand AND e.hour <= n.hour - $window AND e.hour > n.hour - $window - $history
    GROUP BY ALL
),
counted AS (
    SELECT
        n.brand, n.hour, n.term, n.authors AS y, b.authors AS x, a.authors AS m, p.authors AS k,
        $prior * (n.authors + b.authors) / (a.authors + p.authors) AS prior
    FROM now_said AS n
    INNER JOIN before_said AS b ON b.brand = n.brand AND b.term = n.term AND b.hour = n.hour
    INNER JOIN now_all AS a ON a.brand = n.brand AND a.hour = n.hour
    INNER JOIN before_all AS p ON p.brand = n.brand AND p.hour = n.hour
    WHERE p.authors >= $least_history
)
SELECT
    brand, hour, term, y::INTEGER, (m * x / k)::DOUBLE, (k * $window / $history)::DOUBLE,
    (ln((y + prior) / greatest(m + $prior - y - prior, 0.5)) - ln((x + prior) / greatest(k + $prior - x - prior, 0.5)))
        / sqrt(1 / (y + prior) + 1 / (x + prior)) AS z
FROM counted
ORDER BY brand, hour, z DESC, term
"""


@dataclass(frozen=True, slots=True)
class Topic:
    """What is most peculiar to the three hours that end with `hour`, for one brand."""

    brand: str
    hour: int  # since 1970
    z: float  # of the first term
    authors: int  # who use it
    expected: float  # how many would, at the usual share
    mentions: float  # that are usual in three hours
    terms: tuple[str, ...]


def topics(connection: duckdb.DuckDBPyConnection, end: int) -> list[Topic]:
    """The most peculiar terms of each brand and hour of the last week in which some term has `LEAST_AUTHORS` authors.

    Args:
        end: first hour that is not over.
    """
    judged = end - LOOKED_BACK
    rows = connection.execute(_SQL, {
        "stop": sorted(STOP), "first": judged - HISTORY - HOURS, "judged": judged, "end": end, "least": LEAST_AUTHORS,
        "window": HOURS, "history": HISTORY, "prior": _PRIOR, "least_history": LEAST_HISTORY,
    }).fetchall()
    by_hour: dict[tuple[str, int], list[tuple[str, int, float, float, float]]] = {}
    for brand, hour, *rest in rows:
        by_hour.setdefault((brand, hour), []).append((rest[0], rest[1], rest[2], rest[3], rest[4]))
    return [
        Topic(brand, hour, z, authors, expected, mentions, _named([f for f in found if f[4] > 0.5 * z]))
        for (brand, hour), found in by_hour.items() for _, authors, expected, mentions, z in found[:1]
    ]


def _named(found: Sequence[tuple[str, int, float, float, float]]) -> tuple[str, ...]:
    """Terms, most peculiar first; no word is named twice."""
    chosen: list[str] = []
    for term, *_ in found:
        if not any(set(term.split()) & set(other.split()) for other in chosen):
            chosen.append(term)
    return tuple(chosen[:_TERMS])
