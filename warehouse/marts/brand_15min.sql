-- brand_15min: what people say about a brand, each quarter of an hour. The series that detection watches.
-- Grain: brand, bucket_at (start of the quarter of an hour, UTC); quiet ones have no row.
-- Owner: care. Own posts, deleted mentions and mentions without a date are left out; reposts are in mention_count and apart.
-- unknown: the model abstained. unscored: no model has read it. Authors without an id are not counted as an author.
-- A copy says, but for case, links, handles, tags, digits and signs, what a mention of the same brand said within the 24 hours before;
-- with 25 letters and spaces at least, and no repost. copy_count: how many are; original_*: the counts without them, which is
-- what detection watches, so that a text which a hundred accounts post counts once.
WITH said AS (
    SELECT
        brand, bucket_at, published_at, mention_id, author_id, sentiment, intents, needs_response, kind,
        CASE
            WHEN kind <> 'repost' AND length(text) >= 25
                THEN trim(regexp_replace(lower(text), '(https?://\S+|[@#]\w+|<[^>]*>|[^\pL])+', ' ', 'g'))
        END AS gist
    FROM brand_mentions
    WHERE NOT is_own AND published_at IS NOT NULL
),
marked AS (
    SELECT
        * EXCLUDE (gist),
        length(gist) >= 25 AND coalesce(
            published_at - lag(published_at) OVER (PARTITION BY brand, hash(gist) ORDER BY published_at, mention_id)
                <= INTERVAL 24 HOURS,
            false
        ) AS is_copy
    FROM said
)
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
    (count(*) FILTER (WHERE kind = 'repost'))::INTEGER AS repost_count,
    (count(*) FILTER (WHERE is_copy))::INTEGER AS copy_count,
    (count(DISTINCT author_id) FILTER (WHERE is_copy IS NOT TRUE))::INTEGER AS original_author_count,
    (count(*) FILTER (WHERE is_copy IS NOT TRUE AND sentiment = 'negative'))::INTEGER AS original_negative_count,
    (count(*) FILTER (WHERE is_copy IS NOT TRUE AND sentiment <> 'unknown'))::INTEGER AS original_scored_count,
    greatest(
        count(*) FILTER (WHERE is_copy IS NOT TRUE AND list_contains(intents, 'urgent')),
        count(*) FILTER (WHERE is_copy IS NOT TRUE AND list_contains(intents, 'churn_risk'))
    )::INTEGER AS original_urgent_count
FROM marked
GROUP BY brand, bucket_at
ORDER BY brand, bucket_at
