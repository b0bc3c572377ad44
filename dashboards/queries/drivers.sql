-- What mentions of a brand were about, in two periods. One row for each name of a kind.
SELECT
    kind,
    name,
    coalesce(sum(mention_count) FILTER (bucket_at >= $start AND bucket_at < $until), 0)::BIGINT AS mentions,
    coalesce(sum(negative_count) FILTER (bucket_at >= $start AND bucket_at < $until), 0)::BIGINT AS negative,
    coalesce(sum(mention_count) FILTER (bucket_at >= $before_start AND bucket_at < $before_until), 0)::BIGINT AS before_mentions,
    coalesce(sum(negative_count) FILTER (bucket_at >= $before_start AND bucket_at < $before_until), 0)::BIGINT AS before_negative
FROM driver_hourly
WHERE brand = $brand AND list_contains($kinds, kind)
  AND bucket_at >= least($start, $before_start) AND bucket_at < greatest($until, $before_until)
GROUP BY kind, name
ORDER BY mentions DESC, name
