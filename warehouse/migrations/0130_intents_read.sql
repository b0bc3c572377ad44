-- A checkpoint may give a sentiment in a language in which nothing gives intents, or not all of them: a text counts as read where
-- its intents were computed, and what was sent to the brand needs an answer unless a model was asked whether it does.

-- As before, with needs_response and is_read by intent_scores, which is null where whether it complains was not computed.
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
