-- Conversations that need an answer, opened in a period: how they stand at $now. Target and late in seconds.
SELECT
    count(*)::BIGINT AS threads,
    count(*) FILTER (status = 'unanswered')::BIGINT AS unanswered,
    count(*) FILTER (status = 'waiting')::BIGINT AS waiting,
    count(*) FILTER (status <> 'answered' AND epoch($now) - epoch(last_inbound_at) > $target)::BIGINT AS late,
    count(*) FILTER (is_start_known AND first_response_seconds <= $target)::BIGINT AS met,
    count(*) FILTER (
        is_start_known AND (first_response_seconds > $target OR (first_reply_at IS NULL AND epoch($now) - epoch(opened_at) > $target))
    )::BIGINT AS missed,
    count(*) FILTER (expires_at IS NOT NULL)::BIGINT AS stories,
    count(*) FILTER (expires_at <= $now AND (first_reply_at IS NULL OR first_reply_at > expires_at))::BIGINT AS expired
FROM thread_status
WHERE brand = $brand AND needs_response
  AND opened_at >= $start AND opened_at < $until
  AND ($channel = 'all' OR channel = $channel)
