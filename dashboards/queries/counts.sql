-- Counts of brands per bucket of local time, for mood and volume in time. $grain is hour, day or week. estimated: how many
-- mentions those that were collected stand for; those of an hour of a channel are taken to stand for equally many.
WITH chosen AS (
    SELECT *, estimated_count / mention_count AS weight
    FROM brand_hourly
    WHERE bucket_at >= $start AND bucket_at < $until
      AND list_contains($brands, brand)
      AND ($channel = 'all' OR channel = $channel)
)
SELECT
    brand,
    date_trunc($grain, timezone($zone, bucket_at)) AS at_local,
    sum(mention_count)::BIGINT AS mentions,
    sum(positive_count)::BIGINT AS positive,
    sum(negative_count)::BIGINT AS negative,
    sum(neutral_count)::BIGINT AS neutral,
    sum(unknown_count)::BIGINT AS unknown,
    sum(unscored_count)::BIGINT AS unscored,
    sum(read_count)::BIGINT AS read,
    sum(complaint_count)::BIGINT AS complaints,
    sum(repost_count)::BIGINT AS reposts,
    sum(coalesce(reach, 0))::BIGINT AS reach,
    sum(public_count)::BIGINT AS public,
    sum(estimated_count) AS estimated,
    sum(positive_count * weight) AS estimated_positive,
    sum(negative_count * weight) AS estimated_negative,
    sum(neutral_count * weight) AS estimated_neutral,
    sum(unknown_count * weight) AS estimated_unknown,
    sum(unscored_count * weight) AS estimated_unscored,
    sum(public_estimated_count) AS estimated_public,
    sum(squared_weight) AS squared,
    sum(public_squared_weight) AS squared_public
FROM chosen
GROUP BY ALL
ORDER BY brand, at_local
