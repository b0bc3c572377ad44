-- All brands over the same hours: is it about us, or about everybody?
SELECT
    e.brand, b.name,
    sum(e.observed) AS observed, sum(e.expected) AS expected,
    count(*) FILTER (e.is_outside AND e.observed > e.expected)::INTEGER AS above,
    count(*) FILTER (isfinite(e.expected))::INTEGER AS buckets
FROM expectations AS e
INNER JOIN brands AS b USING (brand)
WHERE e.signal = 'volume' AND e.bucket_at >= $start AND e.bucket_at < $until AND isfinite(e.expected)
GROUP BY e.brand, b.name
ORDER BY b.name
