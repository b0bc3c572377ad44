-- The quarter-hours, the hours and the mentions themselves give the same number for each brand; own posts are in none.
WITH counted AS (
    SELECT brand, count(*) AS mention_count
    FROM brand_mentions
    WHERE NOT is_own AND published_at IS NOT NULL
    GROUP BY brand
),
quarters AS (
    SELECT brand, sum(mention_count) AS mention_count
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
WHERE c.mention_count IS DISTINCT FROM q.mention_count OR c.mention_count IS DISTINCT FROM h.mention_count
