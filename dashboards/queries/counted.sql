-- What volume counts for a brand: the detectors may count mentions or people. Which of the two columns agrees more often?
SELECT
    count(*) FILTER (e.observed = m.mention_count)::BIGINT AS mentions,
    count(*) FILTER (e.observed = m.author_count)::BIGINT AS people
FROM expectations AS e
INNER JOIN brand_15min AS m ON m.brand = e.brand AND m.bucket_at = e.bucket_at
WHERE e.brand = $brand AND e.signal = 'volume'
