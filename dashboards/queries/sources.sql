-- Every source that is configured or has brought something: its state, what it delivered in all, how much of the last week no model
-- reads, what it costs.
WITH delivered AS (
    SELECT
        source, max(last_published_at) AS last_published_at, sum(mention_count)::INTEGER AS mention_count,
        sum(deleted_count)::INTEGER AS withdrawn_count, max(rows_in) AS rows_in, max(quarantined_count) AS quarantined_count
    FROM source_health
    GROUP BY source
),
week AS (
    SELECT source, sum(mention_count)::INTEGER AS week_count, sum(language_count)::INTEGER AS unread_count
    FROM source_15min
    WHERE bucket_at > $now - INTERVAL 7 DAYS AND bucket_at <= $now
    GROUP BY source
)
SELECT
    coalesce(s.source, d.source) AS source, s.kind, s.state, s.began_at, s.answered_at, s.brought_at, s.failing_at, s.error,
    s.quiet_after_seconds, s.price, s.budget, s.spent, s.forecast_low, s.forecast_high,
    (
        SELECT sum(c.cost)
        FROM source_costs AS c
        WHERE c.source = s.source AND c.day_at > $now - INTERVAL 7 DAYS
    ) AS week_cost,
    d.last_published_at, coalesce(d.mention_count, 0) AS mention_count, coalesce(d.withdrawn_count, 0) AS withdrawn_count,
    coalesce(d.rows_in, 0) AS rows_in, coalesce(d.quarantined_count, 0) AS quarantined_count,
    coalesce(w.week_count, 0) AS week_count, coalesce(w.unread_count, 0) AS unread_count
FROM source_states AS s
FULL JOIN delivered AS d ON d.source = s.source
LEFT JOIN week AS w ON w.source = coalesce(s.source, d.source)
ORDER BY
    CASE s.state WHEN 'failing' THEN 0 WHEN 'quiet' THEN 1 WHEN 'waiting' THEN 2 WHEN 'bringing' THEN 3 WHEN 'whole' THEN 4 ELSE 5 END,
    mention_count DESC, 1
