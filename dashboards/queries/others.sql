-- All brands over the same hours: is it about us, or about everybody? alerts: raised in these hours or open in them.
SELECT
    e.brand, b.name,
    sum(e.observed) AS observed, sum(e.expected) AS expected,
    count(*) FILTER (e.is_outside AND e.observed > e.expected)::INTEGER AS above,
    count(*)::INTEGER AS buckets,
    (
        SELECT count(*) FROM alerts AS a
        WHERE a.brand = e.brand AND a.onset_at < $until AND coalesce(a.resolved_at, $until) > $start
    )::INTEGER AS alerts
FROM expectations AS e
INNER JOIN brands AS b USING (brand)
WHERE e.signal = 'volume' AND e.bucket_at >= $start AND e.bucket_at < $until AND isfinite(e.expected)
GROUP BY e.brand, b.name
ORDER BY b.name
