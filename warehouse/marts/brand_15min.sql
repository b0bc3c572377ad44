-- brand_15min: what people say about a brand, each quarter of an hour. The series that detection watches.
-- Grain: brand, bucket_at (start of the quarter of an hour, UTC); quiet ones have no row.
-- Owner: care. Own posts, deleted mentions and mentions without a date are left out; reposts are in mention_count and apart.
-- unknown: the model abstained. unscored: no model has read it. Authors without an id are not counted as an author.
-- A copy says, but for case, links, handles, tags, digits and signs, what a mention of the same brand said within the 24 hours before;
-- with 25 letters and spaces at least, and no repost. copy_count: how many are; original_*: the counts without them, which is
-- what detection watches, so that a text which a hundred accounts post counts once.
-- Where a budget let only a part be collected, each mention counts as many as it stands for, so that a sample neither hides nor
-- makes a spike; authors are scaled by the mean weight of the mentions that are counted with them.
WITH said AS (
    SELECT
        brand, bucket_at, published_at, mention_id, author_id, sentiment, intents, needs_response, kind, weight,
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
    round(sum(weight))::INTEGER AS mention_count,
    round(count(DISTINCT author_id) * avg(weight))::INTEGER AS author_count,
    coalesce(round(sum(weight) FILTER (WHERE sentiment = 'negative')), 0)::INTEGER AS negative_count,
    coalesce(round(sum(weight) FILTER (WHERE sentiment = 'neutral')), 0)::INTEGER AS neutral_count,
    coalesce(round(sum(weight) FILTER (WHERE sentiment = 'positive')), 0)::INTEGER AS positive_count,
    coalesce(round(sum(weight) FILTER (WHERE sentiment = 'unknown')), 0)::INTEGER AS unknown_count,
    coalesce(round(sum(weight) FILTER (WHERE sentiment IS NULL)), 0)::INTEGER AS unscored_count,
    coalesce(round(sum(weight) FILTER (WHERE list_contains(intents, 'complaint'))), 0)::INTEGER AS complaint_count,
    coalesce(round(sum(weight) FILTER (WHERE list_contains(intents, 'churn_risk'))), 0)::INTEGER AS churn_risk_count,
    coalesce(round(sum(weight) FILTER (WHERE list_contains(intents, 'urgent'))), 0)::INTEGER AS urgent_count,
    coalesce(round(sum(weight) FILTER (WHERE needs_response)), 0)::INTEGER AS needs_response_count,
    coalesce(round(sum(weight) FILTER (WHERE kind = 'repost')), 0)::INTEGER AS repost_count,
    coalesce(round(sum(weight) FILTER (WHERE is_copy)), 0)::INTEGER AS copy_count,
    coalesce(
        round((count(DISTINCT author_id) FILTER (WHERE is_copy IS NOT TRUE)) * avg(weight) FILTER (WHERE is_copy IS NOT TRUE)), 0
    )::INTEGER AS original_author_count,
    coalesce(round(sum(weight) FILTER (WHERE is_copy IS NOT TRUE AND sentiment = 'negative')), 0)::INTEGER AS original_negative_count,
    coalesce(round(sum(weight) FILTER (WHERE is_copy IS NOT TRUE AND sentiment <> 'unknown')), 0)::INTEGER AS original_scored_count,
    greatest(
        coalesce(round(sum(weight) FILTER (WHERE is_copy IS NOT TRUE AND list_contains(intents, 'urgent'))), 0),
        coalesce(round(sum(weight) FILTER (WHERE is_copy IS NOT TRUE AND list_contains(intents, 'churn_risk'))), 0)
    )::INTEGER AS original_urgent_count
FROM marked
GROUP BY brand, bucket_at
ORDER BY brand, bucket_at
