-- brand_hourly: what people say about a brand, each hour, by channel and property.
-- Grain: brand, channel, property, bucket_at (start of the hour, UTC); quiet ones have no row.
-- Owner: marketing. Counts as in brand_15min; author_count does not add up over rows. engagement and reach are sums of what the
-- platforms say, null where they say nothing; reach is an upper bound. Counts are of what was collected, on which intervals rest;
-- estimated_count is what that stands for, where a budget let only a part be collected: a sum of weights, not rounded, as it is
-- added up. squared_weight is the sum of their squares: estimated_count² / squared_weight is how many mentions of equal weight
-- say as much. read_count: whose intents a model computed, that is with a text in a language in which it finds them; the base of
-- complaint_count. public_*: without private messages, which nobody sees of a rival.
SELECT
    brand, channel, property,
    make_timestamptz(epoch_us(bucket_at) // 3600000000 * 3600000000) AS bucket_at,
    count(*)::INTEGER AS mention_count,
    count(DISTINCT author_id)::INTEGER AS author_count,
    (count(*) FILTER (WHERE sentiment = 'negative'))::INTEGER AS negative_count,
    (count(*) FILTER (WHERE sentiment = 'neutral'))::INTEGER AS neutral_count,
    (count(*) FILTER (WHERE sentiment = 'positive'))::INTEGER AS positive_count,
    (count(*) FILTER (WHERE sentiment = 'unknown'))::INTEGER AS unknown_count,
    (count(*) FILTER (WHERE sentiment IS NULL))::INTEGER AS unscored_count,
    (count(*) FILTER (WHERE is_read))::INTEGER AS read_count,
    (count(*) FILTER (WHERE is_read AND list_contains(intents, 'complaint')))::INTEGER AS complaint_count,
    (count(*) FILTER (WHERE list_contains(intents, 'churn_risk')))::INTEGER AS churn_risk_count,
    (count(*) FILTER (WHERE list_contains(intents, 'urgent')))::INTEGER AS urgent_count,
    (count(*) FILTER (WHERE needs_response))::INTEGER AS needs_response_count,
    (count(*) FILTER (WHERE kind = 'repost'))::INTEGER AS repost_count,
    (count(*) FILTER (WHERE visibility = 'public'))::INTEGER AS public_count,
    round(sum(weight), 3) AS estimated_count,
    coalesce(round(sum(weight) FILTER (WHERE visibility = 'public'), 3), 0) AS public_estimated_count,
    sum(weight * weight) AS squared_weight,
    coalesce(sum(weight * weight) FILTER (WHERE visibility = 'public'), 0) AS public_squared_weight,
    sum(engagement)::BIGINT AS engagement,
    sum(reach)::BIGINT AS reach
FROM brand_mentions
WHERE NOT is_own AND published_at IS NOT NULL
GROUP BY brand, channel, property, epoch_us(bucket_at) // 3600000000
ORDER BY brand, bucket_at, channel, property
