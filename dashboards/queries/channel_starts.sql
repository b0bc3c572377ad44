-- Where a brand was talked about in these hours, and from when on.
SELECT channel, min(published_at) AS first_at, count(*)::BIGINT AS mentions
FROM mention_feed
WHERE brand = $brand AND NOT is_own AND published_at >= $start AND published_at < $until
GROUP BY channel
HAVING count(*) >= 3
ORDER BY first_at, channel
