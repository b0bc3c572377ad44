-- driver_hourly: what the talk about a brand is about, each hour.
-- Grain: brand, bucket_at (start of the hour, UTC), kind (intent, topic, channel, language), name.
-- Owner: care. A mention counts once for each of its intents and topics, so the names of one kind do not add up to a total.
-- An intent is one of what a model could read (read_count of brand_hourly). Own posts, deleted mentions and mentions without a date
-- are left out; a language nobody could tell is 'unknown'. Counts are of what was collected; estimated_count is what that stands for
-- where a budget let only a part be collected, squared_weight the sum of the squares of these weights: its variance.
WITH said AS (
    SELECT
        brand, make_timestamptz(epoch_us(bucket_at) // 3600000000 * 3600000000) AS bucket_at,
        CASE WHEN is_read THEN intents ELSE [] END AS intents,
        topics, channel, language, coalesce(sentiment = 'negative', false) AS is_negative, weight
    FROM brand_mentions
    WHERE NOT is_own AND published_at IS NOT NULL
),
named AS (
    SELECT brand, bucket_at, 'intent' AS kind, unnest(intents) AS name, is_negative, weight
    FROM said
    UNION ALL
    SELECT brand, bucket_at, 'topic', unnest(topics), is_negative, weight
    FROM said
    UNION ALL
    SELECT brand, bucket_at, 'channel', channel, is_negative, weight
    FROM said
    UNION ALL
    SELECT brand, bucket_at, 'language', coalesce(language, 'unknown'), is_negative, weight
    FROM said
)
SELECT
    brand, bucket_at, kind, name,
    count(*)::INTEGER AS mention_count,
    (count(*) FILTER (WHERE is_negative))::INTEGER AS negative_count,
    round(sum(weight), 3) AS estimated_count,
    sum(weight * weight) AS squared_weight
FROM named
GROUP BY brand, bucket_at, kind, name
ORDER BY brand, bucket_at, kind, name
