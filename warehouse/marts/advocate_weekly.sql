-- advocate_weekly: who speaks for a brand, who against it, and who came back after an answer.
-- Grain: brand, week_at (start of the local week, Monday). Owner: marketing. Authors are counted once a week; the brand's own
-- accounts, reposts and authors without an id are left out.
-- advocate: recommends the brand unprompted (not in answer to the brand, and not with negative feeling).
-- detractor: warns others or is about to leave (intents warning, churn_risk), unless the mention tells its brands apart and is
-- positive about this one: "left A for B" is no detractor of B. Who does both counts as both.
-- Recovery: an author enters in the week with their first negative mention of that week. *_recovered: positive or recommending
-- within 30 days; after the first reply of a person in that conversation where there was one within those 30 days (replied_*),
-- after the entry where there was none (unreplied_*). The last 30 days are still filling.
WITH said AS (
    SELECT
        m.brand, m.author_id, m.mention_id, m.source, m.thread_id, m.published_at, c.week_at, m.sentiment,
        list_contains(m.intents, 'recommendation') AND m.sentiment IS DISTINCT FROM 'negative' AS is_recommending,
        list_has_any(m.intents, ['warning', 'churn_risk']) AND NOT (m.is_told_apart AND m.sentiment = 'positive') AS is_detracting
    FROM brand_mentions AS m
    INNER JOIN calendar AS c ON c.bucket_at = m.bucket_at
    WHERE NOT m.is_own AND m.kind <> 'repost' AND m.author_id IS NOT NULL
),
prompted AS (
    SELECT a.mention_id
    FROM mentions AS a
    INNER JOIN mentions AS q ON q.source = a.source AND q.native_id = a.in_reply_to
    WHERE q.is_own
),
stances AS (
    SELECT
        s.brand, s.week_at,
        count(DISTINCT s.author_id) AS author_count,
        count(DISTINCT s.author_id) FILTER (WHERE s.is_recommending AND p.mention_id IS NULL) AS advocate_count,
        count(DISTINCT s.author_id) FILTER (WHERE s.is_detracting) AS detractor_count
    FROM said AS s
    LEFT JOIN prompted AS p ON p.mention_id = s.mention_id
    GROUP BY s.brand, s.week_at
),
entries AS (
    SELECT s.brand, s.week_at, s.author_id, s.mention_id, s.published_at AS entered_at, s.source, s.thread_id
    FROM said AS s
    WHERE s.sentiment = 'negative'
    QUALIFY row_number() OVER (PARTITION BY s.brand, s.week_at, s.author_id ORDER BY s.published_at, s.mention_id) = 1
),
-- Entries and replies of a conversation in one line of time: the first reply at or after each entry.
met AS (
    SELECT
        brand, week_at, author_id, moment_at AS entered_at,
        min(replied_at) OVER (
            PARTITION BY source, thread_id ORDER BY moment_at, replied_at NULLS FIRST
            ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
        ) AS replied_at
    FROM (
        SELECT source, thread_id, entered_at AS moment_at, NULL::TIMESTAMPTZ AS replied_at, brand, week_at, author_id
        FROM entries
        UNION ALL
        SELECT source, thread_id, published_at, published_at, NULL, NULL, NULL
        FROM living_mentions
        WHERE is_own AND NOT is_automatic AND published_at IS NOT NULL
    ) AS moments
    QUALIFY week_at IS NOT NULL
),
timely AS (
    SELECT
        brand, week_at, author_id, entered_at,
        CASE WHEN replied_at <= entered_at + INTERVAL 30 DAYS THEN replied_at END AS replied_at
    FROM met
),
-- Likewise for the author: the first happy mention after the reply, or after the entry where nobody replied.
outcomes AS (
    SELECT
        brand, week_at, is_replied,
        coalesce(min(happy_at) OVER (
            PARTITION BY brand, author_id ORDER BY moment_at, happy_at NULLS LAST
            ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING
        ) <= entered_at + INTERVAL 30 DAYS, false) AS is_recovered
    FROM (
        SELECT
            brand, author_id, coalesce(replied_at, entered_at) AS moment_at, NULL::TIMESTAMPTZ AS happy_at, week_at, entered_at,
            replied_at IS NOT NULL AS is_replied
        FROM timely
        UNION ALL
        SELECT brand, author_id, published_at, published_at, NULL, NULL, NULL
        FROM said
        WHERE sentiment = 'positive' OR is_recommending
    ) AS moments
    QUALIFY week_at IS NOT NULL
),
recoveries AS (
    SELECT
        brand, week_at,
        count(*) FILTER (WHERE is_replied) AS replied_base,
        count(*) FILTER (WHERE is_replied AND is_recovered) AS replied_recovered,
        count(*) FILTER (WHERE NOT is_replied) AS unreplied_base,
        count(*) FILTER (WHERE NOT is_replied AND is_recovered) AS unreplied_recovered
    FROM outcomes
    GROUP BY brand, week_at
)
SELECT
    s.brand, s.week_at,
    s.author_count::INTEGER AS author_count,
    s.advocate_count::INTEGER AS advocate_count,
    s.detractor_count::INTEGER AS detractor_count,
    coalesce(r.replied_base, 0)::INTEGER AS replied_base,
    coalesce(r.replied_recovered, 0)::INTEGER AS replied_recovered,
    coalesce(r.unreplied_base, 0)::INTEGER AS unreplied_base,
    coalesce(r.unreplied_recovered, 0)::INTEGER AS unreplied_recovered
FROM stances AS s
LEFT JOIN recoveries AS r ON r.brand = s.brand AND r.week_at = s.week_at
ORDER BY s.brand, s.week_at
