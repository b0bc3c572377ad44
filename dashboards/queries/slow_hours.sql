-- Share of conversations not answered within the target, by weekday (0 Monday) and block of four hours of local time.
SELECT
    (isodow(at_local) - 1)::INTEGER AS weekday,
    (hour(at_local) // 4)::INTEGER AS block,
    count(*)::BIGINT AS threads,
    count(*) FILTER (first_response_seconds IS NULL OR first_response_seconds > $target)::BIGINT AS missed
FROM (
    SELECT timezone($zone, opened_at) AS at_local, first_response_seconds
    FROM thread_status
    WHERE brand = $brand AND needs_response AND is_start_known AND opened_at >= $start AND opened_at < $until
      AND ($channel = 'all' OR channel = $channel)
      AND epoch($now) - epoch(opened_at) > $target
)
GROUP BY ALL
ORDER BY weekday, block
