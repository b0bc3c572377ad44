-- How long until the first reply, in minutes, coarser the longer: answered after so long, or still waiting since so long.
SELECT
    CASE WHEN minutes < 120 THEN ceil(minutes) WHEN minutes < 1440 THEN ceil(minutes / 5) * 5 ELSE ceil(minutes / 30) * 30 END::DOUBLE AS minute,
    count(*) FILTER (is_answered)::BIGINT AS answered,
    count(*) FILTER (NOT is_answered)::BIGINT AS waiting
FROM (
    SELECT
        first_response_seconds IS NOT NULL AS is_answered,
        greatest(0, coalesce(first_response_seconds, epoch($now) - epoch(opened_at))) / 60 AS minutes
    FROM thread_status
    WHERE brand = $brand AND needs_response AND is_start_known
      AND opened_at >= $start AND opened_at < $until
      AND ($channel = 'all' OR channel = $channel)
)
GROUP BY ALL
ORDER BY minute
