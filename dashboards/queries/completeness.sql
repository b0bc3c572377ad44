-- Each source between two hours: received, known to be missing, why something cannot be said; and the same hours of the four weeks
-- before, as far as each of these is known as a whole.
WITH asked AS (
    SELECT
        source, count(*)::INTEGER AS hour_count, sum(received_count)::INTEGER AS received_count,
        sum(estimated_count)::INTEGER AS estimated_count, sum(missing_count)::INTEGER AS missing_count,
        (count(*) FILTER (WHERE reason = 'not_collected'))::INTEGER AS not_collected_count,
        (count(*) FILTER (WHERE reason = 'window_missing'))::INTEGER AS window_missing_count,
        (count(*) FILTER (WHERE reason = 'gap_untold'))::INTEGER AS gap_untold_count
    FROM completeness_hourly
    WHERE hour_at >= $start AND hour_at < $until
    GROUP BY source
),
weeks AS (
    SELECT c.source, w.weeks, sum(c.estimated_count) AS total
    FROM (SELECT unnest(range(1, 5)) AS weeks) AS w
    INNER JOIN completeness_hourly AS c
        ON c.hour_at >= $start - w.weeks * INTERVAL 7 DAYS AND c.hour_at < $until - w.weeks * INTERVAL 7 DAYS
    GROUP BY c.source, w.weeks
    HAVING
        count(*) = date_diff('hour', $start::TIMESTAMPTZ, $until::TIMESTAMPTZ)
        AND bool_and(c.gap_count = 0 AND coalesce(c.reason, 'nothing') = 'nothing')
)
SELECT
    a.source, a.hour_count, a.received_count, a.estimated_count, a.missing_count, a.not_collected_count, a.window_missing_count,
    a.gap_untold_count, count(w.total)::INTEGER AS week_count, avg(w.total) AS usual, min(w.total)::INTEGER AS least,
    max(w.total)::INTEGER AS most
FROM asked AS a
LEFT JOIN weeks AS w ON w.source = a.source
GROUP BY ALL
ORDER BY a.source
