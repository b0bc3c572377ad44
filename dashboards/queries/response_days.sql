SELECT
    timezone($zone, day_at) AS at_local,
    sum(inbound_count)::BIGINT AS inbound, sum(answered_count)::BIGINT AS answered, sum(unanswered_count)::BIGINT AS unanswered
FROM response_time_daily
WHERE brand = $brand AND day_at >= $start AND day_at < $until AND ($channel = 'all' OR channel = $channel)
GROUP BY ALL
ORDER BY at_local
