-- Counts of brands per bucket of local time, for mood and volume in time. $grain is hour, day or week.
SELECT
    brand,
    date_trunc($grain, timezone($zone, bucket_at)) AS at_local,
    sum(mention_count)::BIGINT AS mentions,
    sum(positive_count)::BIGINT AS positive,
    sum(negative_count)::BIGINT AS negative,
    sum(neutral_count)::BIGINT AS neutral,
    sum(unknown_count)::BIGINT AS unknown,
    sum(unscored_count)::BIGINT AS unscored,
    sum(complaint_count)::BIGINT AS complaints,
    sum(repost_count)::BIGINT AS reposts,
    sum(coalesce(reach, 0))::BIGINT AS reach
FROM brand_hourly
WHERE bucket_at >= $start AND bucket_at < $until
  AND list_contains($brands, brand)
  AND ($channel = 'all' OR channel = $channel)
GROUP BY ALL
ORDER BY brand, at_local
