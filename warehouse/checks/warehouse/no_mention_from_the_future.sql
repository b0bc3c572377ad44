-- Clocks of platforms may run ahead, but not by more than two days of when the mention, or this version of it, reached us: what
-- is dated later lands without a date.
SELECT mention_id, source, published_at, ingested_at, observed_at
FROM mentions
WHERE published_at > greatest(ingested_at, observed_at) + INTERVAL 2 DAYS + INTERVAL 1 HOUR
