-- brand_15min: what people say about a brand, each quarter of an hour. The series that detection watches.
-- Grain: brand, bucket_at (start of the quarter of an hour, UTC); quiet ones have no row.
-- Owner: care. Own posts, deleted mentions and mentions without a date are left out; reposts are in mention_count and apart.
-- unknown: the model abstained. unscored: no model has read it. Authors without an id are not counted as an author.
SELECT
    brand, bucket_at,
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
    (count(*) FILTER (WHERE kind = 'repost'))::INTEGER AS repost_count
FROM brand_mentions
WHERE NOT is_own AND published_at IS NOT NULL
GROUP BY brand, bucket_at
ORDER BY brand, bucket_at
