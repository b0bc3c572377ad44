-- Who must be answered next. Due: the target after the customer's last message, or when the story goes, whichever is first.
-- What is late by more than a day comes after the rest: it is lost time, not the next minute. Stories that are gone are left out.
SELECT thread_id, source, channel, opened_at, last_inbound_at, status, sentiment_last, is_urgent, expires_at, text, due_at
FROM (
    SELECT *, least(last_inbound_at + to_seconds($target), coalesce(expires_at, last_inbound_at + to_seconds($target))) AS due_at
    FROM thread_status
    WHERE brand = $brand AND needs_response AND status <> 'answered'
      AND opened_at >= $start AND opened_at < $until
      AND ($channel = 'all' OR channel = $channel)
      AND (expires_at IS NULL OR expires_at > $now)
      AND (NOT $stories OR expires_at IS NOT NULL)
)
ORDER BY due_at < $now - INTERVAL 1 DAY, due_at, thread_id
LIMIT $limit
