-- The brands of a day and channel add up to the total, and the channels of a day to channel 'all'.
SELECT day_at, channel, sum(mention_count) AS mentions, min(total_count) AS total
FROM share_of_voice_daily
GROUP BY day_at, channel
HAVING sum(mention_count) <> min(total_count) OR min(total_count) <> max(total_count)
UNION ALL
SELECT day_at, brand, sum(mention_count) FILTER (WHERE channel <> 'all'), sum(mention_count) FILTER (WHERE channel = 'all')
FROM share_of_voice_daily
GROUP BY day_at, brand
HAVING sum(mention_count) FILTER (WHERE channel <> 'all') IS DISTINCT FROM sum(mention_count) FILTER (WHERE channel = 'all')
