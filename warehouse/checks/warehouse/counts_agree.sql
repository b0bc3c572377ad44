-- The quarter-hours, the hours and the mentions themselves give the same number for each brand; own posts are in none. Where a
-- mention stands for several, the quarter-hours count what they stand for, each rounded to a whole.
WITH counted AS (
    SELECT brand, count(*) AS mention_count, sum(weight) AS estimated_count, bool_or(weight <> 1) AS is_weighted
    FROM brand_mentions
    WHERE NOT is_own AND published_at IS NOT NULL
    GROUP BY brand
),
quarters AS (
    SELECT brand, sum(mention_count) AS mention_count, count(*) AS bucket_count
    FROM brand_15min
    GROUP BY brand
),
hours AS (
    SELECT brand, sum(mention_count) AS mention_count
    FROM brand_hourly
    GROUP BY brand
)
SELECT coalesce(c.brand, q.brand, h.brand) AS brand, c.mention_count AS mentions, q.mention_count AS quarters, h.mention_count AS hours
FROM counted AS c
FULL JOIN quarters AS q ON q.brand = c.brand
FULL JOIN hours AS h ON h.brand = coalesce(c.brand, q.brand)
WHERE c.mention_count IS DISTINCT FROM h.mention_count
    OR coalesce(abs(c.estimated_count - q.mention_count) > CASE WHEN c.is_weighted THEN 0.5 * q.bucket_count ELSE 0 END, true)
