-- withdrawn_daily: how many mentions are withdrawn and therefore in no figure any more: deleted at the platform, by request, or
-- because the platform's terms let nobody keep them. Beside a figure it says how many the figure lacks.
-- Grain: brand (null: none was named), source, channel, day_at (start of the local day of publication; null where not known).
-- Owner: marketing. Own posts are left out, as in the figures; what named two brands counts for both. erased_count: of these, of
-- how many no copy is left anywhere, as far as the last `erase` went.
WITH gone AS (
    SELECT
        m.source, m.channel, m.published_at, w.erased_at,
        list_sort(list_distinct(list_append(coalesce(w.brands, []), m.brand))) AS brands
    FROM mentions AS m
    LEFT JOIN withdrawals AS w ON w.mention_id = m.mention_id
    WHERE m.deleted_at IS NOT NULL AND NOT m.is_own
),
named AS (
    SELECT source, channel, published_at, erased_at, unnest(CASE WHEN len(brands) = 0 THEN [NULL] ELSE brands END) AS brand
    FROM gone
)
SELECT
    n.brand, n.source, n.channel, c.day_at,
    count(*)::INTEGER AS withdrawn_count,
    count(n.erased_at)::INTEGER AS erased_count
FROM named AS n
LEFT JOIN calendar AS c ON c.bucket_at = make_timestamptz(epoch_us(n.published_at) // 900000000 * 900000000)
GROUP BY n.brand, n.source, n.channel, c.day_at
ORDER BY n.brand, c.day_at, n.source, n.channel
