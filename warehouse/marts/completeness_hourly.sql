-- completeness_hourly: does each source bring what it usually brings, and how much of it is known to be missing?
-- Grain: source, hour_at (start of the hour of publication, UTC), hours without mentions too: five weeks up to the last full hour;
-- of a source that does not go on, up to its last mention. Owner: data engineering.
-- received_count: mentions stored, own and deleted ones included. estimated_count: what they stand for where only a sample was
-- read. missing_count: what platforms counted in open gaps, each spread evenly over its span. gap_count: open gaps; of these
-- untold_count do not say how many are missing. window_count, landed_count: windows that should have landed, and did; null for a
-- source that is not asked for spans of time.
-- expected_count: mean of the same local hour of the week in the four weeks before, from hours of which nothing is known to be
-- missing; low_count and high_count: the least and the most of these. Null where fewer than three weeks are known.
-- complete_rate: received of estimated and missing; null with its reason: not_collected, window_missing, gap_untold, nothing.
WITH heard AS (
    SELECT
        source, epoch_us(published_at) // 3600000000 AS hour, count(*)::INTEGER AS received_count,
        round(sum(coalesce(weight, 1.0)))::INTEGER AS estimated_count
    FROM mentions
    WHERE published_at IS NOT NULL
    GROUP BY source, epoch_us(published_at) // 3600000000
),
spans AS (
    SELECT
        h.source, s.answered_at, coalesce(s.is_continuous, false) AS is_continuous, min(h.hour) AS first_hour,
        CASE WHEN s.is_continuous THEN epoch_us(s.asked_at) // 3600000000 ELSE max(h.hour) + 1 END AS until_hour
    FROM heard AS h
    LEFT JOIN source_states AS s ON s.source = h.source
    GROUP BY h.source, s.answered_at, s.is_continuous, s.asked_at
),
hours AS (
    SELECT
        source, answered_at, is_continuous,
        unnest(range(greatest(first_hour, until_hour - 35 * 24), until_hour)) AS hour
    FROM spans
),
windowed AS (
    SELECT source, hour, count(*)::INTEGER AS window_count, (count(*) FILTER (WHERE has_landed))::INTEGER AS landed_count
    FROM (
        SELECT
            source, has_landed,
            unnest(range(epoch_us(start_at) // 3600000000, (epoch_us(end_at) - 1) // 3600000000 + 1)) AS hour
        FROM source_windows
    )
    GROUP BY source, hour
),
lacking AS (
    SELECT
        h.source, h.hour, count(*)::INTEGER AS gap_count,
        (count(*) FILTER (WHERE g.missing_count IS NULL))::INTEGER AS untold_count,
        coalesce(sum(
            g.missing_count
            * (least(epoch_us(g.end_at), (h.hour + 1) * 3600000000) - greatest(epoch_us(g.start_at), h.hour * 3600000000))
            / greatest(epoch_us(g.end_at) - epoch_us(g.start_at), 1)
        ), 0.0) AS missing_count
    FROM hours AS h
    INNER JOIN gaps AS g
        ON
            g.source = h.source AND epoch_us(g.start_at) < (h.hour + 1) * 3600000000
            AND greatest(epoch_us(g.end_at), epoch_us(g.start_at) + 1) > h.hour * 3600000000
    WHERE g.filled_at IS NULL
    GROUP BY h.source, h.hour
),
known AS (
    SELECT
        h.source, h.hour,
        make_timestamptz(h.hour * 3600000000) AT TIME ZONE p.timezone AS local_at,
        coalesce(r.received_count, 0) AS received_count, coalesce(r.estimated_count, 0) AS estimated_count,
        w.window_count, w.landed_count, coalesce(l.gap_count, 0) AS gap_count, coalesce(l.untold_count, 0) AS untold_count,
        coalesce(l.missing_count, 0.0) AS missing_count,
        CASE
            WHEN h.is_continuous AND coalesce((h.hour + 1) * 3600000000 > epoch_us(h.answered_at), true) THEN 'not_collected'
            WHEN w.landed_count < w.window_count THEN 'window_missing'
            WHEN l.untold_count > 0 THEN 'gap_untold'
        END AS unknown_reason
    FROM hours AS h
    CROSS JOIN project AS p
    LEFT JOIN heard AS r ON r.source = h.source AND r.hour = h.hour
    LEFT JOIN windowed AS w ON w.source = h.source AND w.hour = h.hour
    LEFT JOIN lacking AS l ON l.source = h.source AND l.hour = h.hour
),
usual AS (
    SELECT
        k.source, k.hour, avg(b.estimated_count) AS expected_count, min(b.estimated_count)::INTEGER AS low_count,
        max(b.estimated_count)::INTEGER AS high_count
    FROM known AS k
    CROSS JOIN (SELECT unnest(range(1, 5)) AS weeks) AS w
    INNER JOIN known AS b ON b.source = k.source AND b.local_at = k.local_at - w.weeks * INTERVAL 7 DAYS
    WHERE b.unknown_reason IS NULL AND b.gap_count = 0
    GROUP BY k.source, k.hour
    HAVING count(DISTINCT w.weeks) >= 3
)
SELECT
    k.source, make_timestamptz(k.hour * 3600000000) AS hour_at, k.received_count, k.estimated_count, u.expected_count, u.low_count,
    u.high_count, k.window_count, k.landed_count, k.gap_count, k.untold_count, round(k.missing_count)::INTEGER AS missing_count,
    CASE
        WHEN k.unknown_reason IS NULL AND k.estimated_count + k.missing_count > 0
            THEN k.received_count / greatest(k.received_count, k.estimated_count + k.missing_count)
    END AS complete_rate,
    CASE WHEN k.unknown_reason IS NULL AND k.estimated_count + k.missing_count = 0 THEN 'nothing' ELSE k.unknown_reason END AS reason
FROM known AS k
LEFT JOIN usual AS u ON u.source = k.source AND u.hour = k.hour
ORDER BY k.source, k.hour
