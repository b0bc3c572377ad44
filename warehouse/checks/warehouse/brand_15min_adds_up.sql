-- Every mention counted has exactly one sentiment, is unknown, or is not scored; no part exceeds the whole. Where a mention stands
-- for several, each count is rounded by itself, and may be half a one from what it stands for.
WITH weighted AS (
    SELECT DISTINCT brand, bucket_at
    FROM brand_mentions
    WHERE weight <> 1
),
counted AS (
    SELECT b.*, CASE WHEN w.brand IS NULL THEN 0 ELSE 0.5 END AS half
    FROM brand_15min AS b
    LEFT JOIN weighted AS w ON w.brand = b.brand AND w.bucket_at = b.bucket_at
)
SELECT * EXCLUDE (half)
FROM counted
WHERE
    abs(negative_count + neutral_count + positive_count + unknown_count + unscored_count - mention_count) > 6 * half
    OR greatest(author_count, complaint_count, churn_risk_count, urgent_count, needs_response_count, repost_count)
        > mention_count + 2 * half
    OR greatest(original_scored_count, original_author_count, original_urgent_count) > mention_count - copy_count + 3 * half
    OR original_negative_count > original_scored_count + 2 * half
