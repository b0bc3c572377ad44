-- brand_hourly: what people say about a brand, each hour, by channel and property.
-- Grain: brand, channel, property, bucket_at (start of the hour, UTC); quiet ones have no row.
-- Owner: marketing. Counts as in brand_15min; author_count does not add up over rows. engagement and reach are sums of what the
-- platforms say, null where they say nothing; reach is an upper bound. Counts are of what was collected, on which intervals rest;
-- estimated_count is what that stands for, where a budget let only a part be collected.
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
    (count(*) FILTER (WHERE list_contains(intents, 'complaint')))::INTEGER AS complaint_count,
    (count(*) FILTER (WHERE list_contains(intents, 'churn_risk')))::INTEGER AS churn_risk_count,
    (count(*) FILTER (WHERE list_contains(intents, 'urgent')))::INTEGER AS urgent_count,
    (count(*) FILTER (WHERE needs_response))::INTEGER AS needs_response_count,
    (count(*) FILTER (WHERE kind = 'repost'))::INTEGER AS repost_count,
    round(sum(weight))::INTEGER AS estimated_count,
    sum(engagement)::BIGINT AS engagement,
    sum(reach)::BIGINT AS reach
FROM brand_mentions
WHERE NOT is_own AND published_at IS NOT NULL
GROUP BY brand, channel, property, epoch_us(bucket_at) // 3600000000
ORDER BY brand, bucket_at, channel, property
