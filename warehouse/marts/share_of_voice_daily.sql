-- share_of_voice_daily: how much of the talk about all configured brands is about this one.
-- Grain: brand, day_at (start of the local day), channel; channel 'all' is the sum over channels.
-- Owner: marketing. Public mentions only: nobody sees the private messages of a rival. Reposts count. A mention that names two
-- brands counts for both (full credit), in total_count too. The share and its interval come from sums of both columns;
-- a brand without a row that day has 0. estimated_count: what the mentions stand for, where only a part was collected.
WITH counted AS (
    SELECT m.brand, c.day_at, coalesce(m.channel, 'all') AS channel, count(*) AS mention_count,
        sum(m.weight) AS estimated_count
    FROM brand_mentions AS m
    INNER JOIN calendar AS c ON c.bucket_at = m.bucket_at
    WHERE NOT m.is_own AND m.visibility = 'public'
    GROUP BY GROUPING SETS ((m.brand, c.day_at, m.channel), (m.brand, c.day_at))
)
SELECT
    brand, day_at, channel,
    mention_count::INTEGER AS mention_count,
    (sum(mention_count) OVER (PARTITION BY day_at, channel))::INTEGER AS total_count,
    round(estimated_count)::INTEGER AS estimated_count
FROM counted
ORDER BY brand, day_at, channel
