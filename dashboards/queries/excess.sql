-- Mentions of a brand by what they are about: in these hours (at most a day), and in the same hours of the seven days before.
-- Of a day of which only a part was collected, each counts as many as it stands for, so that it
-- compares with whole days. *_squared: sums of the squares of these weights, the variance of the counts.
SELECT
    kind, name,
    coalesce(sum(estimated_count) FILTER (back = 0), 0) AS observed,
    coalesce(sum(estimated_count) FILTER (back > 0), 0) AS before,
    coalesce(sum(squared_weight) FILTER (back = 0), 0) AS observed_squared,
    coalesce(sum(squared_weight) FILTER (back > 0), 0) AS before_squared
FROM driver_hourly
CROSS JOIN (SELECT unnest(range(8)) AS back)
WHERE brand = $brand
  AND bucket_at >= $start - to_days(7) AND bucket_at < $until
  AND bucket_at + to_days(back::INTEGER) >= $start AND bucket_at + to_days(back::INTEGER) < $until
GROUP BY kind, name
ORDER BY kind, observed DESC, name
