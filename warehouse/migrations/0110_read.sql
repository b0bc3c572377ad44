-- What a model could read: a mention whose intents were computed, so a share of complaints is a share of these. A checkpoint may
-- give a sentiment in a language in which nothing gives intents, or not all of them: what was sent to the brand needs an answer
-- unless a model was asked whether it does.

-- As before, with is_read, and needs_response by intent_scores, which is null where whether it complains was not computed.
CREATE OR REPLACE VIEW living_mentions AS
SELECT
    m.mention_id, m.source, m.channel, m.kind, m.property, m.visibility, m.is_own, m.is_automatic, m.author_id,
    m.text, m.url, t.thread_id, m.in_reply_to, m.published_at, m.expires_at, m.engagement, m.reach, coalesce(m.weight, 1.0) AS weight,
    m.brand AS source_brand,
    list_distinct(list_append(coalesce(e.brands, []), m.brand)) AS brands,
    coalesce(e.language, m.language) AS language,
    CASE WHEN e.unknown_reason IS DISTINCT FROM 'not_scored' THEN e.sentiment END AS sentiment,
    e.brand_sentiments, e.p_negative,
    coalesce(e.intents, []) AS intents,
    coalesce(e.topics, []) AS topics,
    NOT m.is_own AND m.kind <> 'repost' AND (
        list_contains(coalesce(e.intents, []), 'needs_response')
        OR (
            m.property IN ('own', 'addressed')
            AND (
                (e.unknown_reason IS DISTINCT FROM 'empty' AND (e.intent_scores LIKE '%"needs_response":_.%') IS NOT TRUE)
                OR (m.visibility = 'private' AND m.text = '')
            )
        )
    ) AS needs_response,
    e.intent_scores IS NOT NULL AS is_read,
    m.visibility = 'private' AND m.text = '' AND m.media IS NULL AS is_withheld
FROM mentions AS m
INNER JOIN thread_mentions AS t ON t.mention_id = m.mention_id
LEFT JOIN current_enrichments AS e ON e.mention_id = m.mention_id
WHERE m.deleted_at IS NULL;

CREATE OR REPLACE VIEW brand_mentions AS
WITH named AS (
    SELECT * EXCLUDE (brands, is_withheld), unnest(brands) AS brand
    FROM living_mentions
    WHERE NOT is_withheld
),
felt AS (
    SELECT
        *,
        CASE
            WHEN brand_sentiments IS NOT NULL AND sentiment IS NOT NULL
                THEN json_extract(brand_sentiments, '$."' || brand || '"')
        END AS feeling
    FROM named
)
SELECT
    mention_id, brand, source, channel, kind, property, visibility, is_own, is_automatic, author_id, text, url, thread_id,
    in_reply_to, published_at,
    make_timestamptz(epoch_us(published_at) // 900000000 * 900000000) AS bucket_at,
    expires_at, engagement, reach, weight, language, intents, topics, needs_response,
    CASE WHEN feeling IS NULL THEN p_negative ELSE coalesce((feeling ->> 'p_negative')::DOUBLE, p_negative) END AS p_negative,
    CASE WHEN feeling IS NULL THEN sentiment ELSE coalesce(feeling ->> 'sentiment', feeling ->> '$') END AS sentiment,
    feeling IS NOT NULL AS is_told_apart,
    is_read
FROM felt;
