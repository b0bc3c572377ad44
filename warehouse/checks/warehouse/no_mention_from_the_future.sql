-- Clocks of platforms may run ahead, but not by more than two days of when the mention reached us.
SELECT mention_id, source, published_at, ingested_at
FROM mentions
WHERE published_at > ingested_at + INTERVAL 2 DAYS + INTERVAL 1 HOUR
