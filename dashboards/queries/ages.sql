-- Open conversations by how long the customer has been waiting at $now.
SELECT
    CASE WHEN hours < 1 THEN 0 WHEN hours < 4 THEN 1 WHEN hours < 24 THEN 2 ELSE 3 END AS step,
    count(*) FILTER (status = 'unanswered')::BIGINT AS unanswered,
    count(*) FILTER (status = 'waiting')::BIGINT AS waiting
FROM (
    SELECT status, (epoch($now) - epoch(last_inbound_at)) / 3600 AS hours
    FROM thread_status
    WHERE brand = $brand AND needs_response AND status <> 'answered'
      AND opened_at >= $start AND opened_at < $until
      AND ($channel = 'all' OR channel = $channel)
)
GROUP BY step
ORDER BY step
