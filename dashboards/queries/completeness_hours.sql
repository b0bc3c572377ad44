-- What one source brought in each hour, beside what it usually brings then.
SELECT hour_at, received_count, estimated_count, expected_count, low_count, high_count, window_count, landed_count, gap_count,
    missing_count, reason
FROM completeness_hourly
WHERE source = $source AND hour_at >= $start AND hour_at < $until
ORDER BY hour_at
