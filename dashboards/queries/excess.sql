-- Mentions of a brand by what they are about: in these hours (at most a day), and in the same hours of the seven days before.
SELECT
    kind, name,
    coalesce(sum(mention_count) FILTER (back = 0), 0)::BIGINT AS observed,
    coalesce(sum(negative_count) FILTER (back = 0), 0)::BIGINT AS negative,
    coalesce(sum(mention_count) FILTER (back > 0), 0)::BIGINT AS before
FROM driver_hourly
CROSS JOIN (SELECT unnest(range(8)) AS back)
WHERE brand = $brand
  AND bucket_at >= $start - to_days(7) AND bucket_at < $until
  AND bucket_at + to_days(back::INTEGER) >= $start AND bucket_at + to_days(back::INTEGER) < $until
GROUP BY kind, name
ORDER BY kind, observed DESC, name
