-- When each rule would have rung for a brand, in steps of $step seconds: some rules ring every hour.
SELECT rule, role, to_timestamp((epoch(fired_at)::BIGINT // $step) * $step) AS bucket_at, min(fired_at) AS first_at,
    count(*)::INTEGER AS ring_count, bool_or(tier = 'page') AS is_page, max(severity) AS severity
FROM backtest_alerts
WHERE brand = $brand AND fired_at >= $start AND fired_at < $until
GROUP BY ALL
ORDER BY bucket_at, rule
