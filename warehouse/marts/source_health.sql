-- source_health: does each source still deliver, and what became of its rows?
-- Grain: source, channel; channel is null for a source of which every row was quarantined. Owner: data engineering.
-- mention_count: what is stored and not deleted, own posts included. deleted: withdrawn at the platform. undated: no readable
-- date. unknown: the model abstained. rows_in, stored, unchanged and quarantined_count are of the whole source, the same on each
-- of its channels. The 24 hours end at the newest mention of all sources, not at the wall clock.
WITH newest AS (
    SELECT max(published_at) AS watermark
    FROM mentions
),
delivered AS (
    SELECT
        m.source, m.channel,
        min(m.published_at) AS first_published_at,
        max(m.published_at) AS last_published_at,
        max(m.observed_at) AS last_observed_at,
        count(*) FILTER (WHERE m.deleted_at IS NULL) AS mention_count,
        count(*) FILTER (WHERE m.deleted_at IS NULL AND m.published_at > n.watermark - INTERVAL 24 HOURS) AS mention_count_24h,
        count(*) FILTER (WHERE m.deleted_at IS NOT NULL) AS deleted_count,
        count(*) FILTER (WHERE m.published_at IS NULL AND m.deleted_at IS NULL) AS undated_count
    FROM mentions AS m
    CROSS JOIN newest AS n
    GROUP BY m.source, m.channel
),
abstained AS (
    SELECT source, channel, count(*) AS unknown_count
    FROM living_mentions
    WHERE sentiment = 'unknown'
    GROUP BY source, channel
),
accounts AS (
    SELECT source, sum(rows_in) AS rows_in, sum(stored) AS stored, sum(unchanged) AS unchanged, sum(quarantined) AS quarantined
    FROM loads
    GROUP BY source
)
SELECT
    coalesce(d.source, a.source) AS source,
    d.channel, d.first_published_at, d.last_published_at, d.last_observed_at,
    coalesce(d.mention_count, 0)::INTEGER AS mention_count,
    coalesce(d.mention_count_24h, 0)::INTEGER AS mention_count_24h,
    coalesce(d.deleted_count, 0)::INTEGER AS deleted_count,
    coalesce(d.undated_count, 0)::INTEGER AS undated_count,
    coalesce(u.unknown_count, 0)::INTEGER AS unknown_count,
    coalesce(a.quarantined, 0)::BIGINT AS quarantined_count,
    coalesce(a.rows_in, 0)::BIGINT AS rows_in,
    coalesce(a.stored, 0)::BIGINT AS stored,
    coalesce(a.unchanged, 0)::BIGINT AS unchanged,
    concat_ws(
        ' ',
        CASE WHEN a.quarantined > 0 THEN a.quarantined || ' of ' || a.rows_in || ' rows were quarantined.' END,
        CASE WHEN d.undated_count > 0 THEN d.undated_count || ' have no readable date.' END,
        CASE WHEN d.mention_count_24h = 0 THEN 'Silent in the 24 hours before the newest mention of all sources.' END,
        CASE WHEN d.source IS NULL THEN 'Nothing is stored.' END
    ) AS note
FROM delivered AS d
FULL JOIN accounts AS a ON a.source = d.source
LEFT JOIN abstained AS u ON u.source = d.source AND u.channel = d.channel
ORDER BY 1, 2
