-- source_15min: what each source delivers, and in what state, each quarter of an hour. The series that health of sources watches.
-- Grain: source, bucket_at (start of the quarter of an hour, UTC); quiet ones have no row. Owner: data engineering.
-- By the time of publication: mention_count (own posts and deleted ones included), language_count (in a language that no model
-- here reads, or that nobody could tell), duplicate_count (the same author, in the same source, with the same text of 20
-- characters or more within 24 hours before; no reposts).
-- By the time of arrival: arrived_count (first stored), late_count (more than an hour after publication), rejected_count (rows
-- that went to quarantine).
WITH told AS (
    SELECT
        source, mention_id, published_at,
        CASE
            WHEN author_id IS NOT NULL AND kind <> 'repost' AND length(text) >= 20
                THEN lag(published_at) OVER (PARTITION BY source, author_id, kind = 'repost', text ORDER BY published_at, mention_id)
        END AS before_at
    FROM mentions
    WHERE published_at IS NOT NULL
),
unread AS (
    SELECT DISTINCT mention_id
    FROM enrichments
    WHERE unknown_reason = 'language'
),
events AS (
    SELECT
        t.source, t.published_at AS moment, 1 AS mentions, (u.mention_id IS NOT NULL)::INTEGER AS foreigns,
        coalesce(t.published_at - t.before_at <= INTERVAL 24 HOURS, false)::INTEGER AS duplicates,
        0 AS arrived, 0 AS late, 0 AS rejected
    FROM told AS t
    LEFT JOIN unread AS u ON u.mention_id = t.mention_id
    UNION ALL
    SELECT source, ingested_at, 0, 0, 0, 1, coalesce(ingested_at - published_at > INTERVAL 1 HOUR, false)::INTEGER, 0
    FROM mentions
    UNION ALL
    SELECT source, quarantined_at, 0, 0, 0, 0, 0, 1
    FROM quarantine
)
SELECT
    source,
    make_timestamptz(epoch_us(moment) // 900000000 * 900000000) AS bucket_at,
    sum(mentions)::INTEGER AS mention_count,
    sum(foreigns)::INTEGER AS language_count,
    sum(duplicates)::INTEGER AS duplicate_count,
    sum(arrived)::INTEGER AS arrived_count,
    sum(late)::INTEGER AS late_count,
    sum(rejected)::INTEGER AS rejected_count
FROM events
GROUP BY source, epoch_us(moment) // 900000000
ORDER BY source, bucket_at
