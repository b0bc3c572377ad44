-- Sentiment per brand where a mention says different things about several. enrichments.brand_sentiments is null where the
-- mention's own sentiment holds for all of its brands, else JSON {brand: {"sentiment", "p_negative", "p_neutral",
-- "p_positive"}}; a brand that is missing in it has the mention's own. {brand: sentiment} is read too.

-- One row for every brand that a living mention names, be it by its source or by its text; own posts included and marked.
-- sentiment and p_negative are about this brand. is_told_apart: the mention says something of its own about this brand.
-- bucket_at: the quarter of an hour of published_at.
CREATE OR REPLACE VIEW brand_mentions AS
WITH named AS (
    SELECT * EXCLUDE (brands), unnest(brands) AS brand
    FROM living_mentions
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
    expires_at, engagement, reach, language, intents, topics, needs_response,
    CASE WHEN feeling IS NULL THEN p_negative ELSE coalesce((feeling ->> 'p_negative')::DOUBLE, p_negative) END AS p_negative,
    CASE WHEN feeling IS NULL THEN sentiment ELSE coalesce(feeling ->> 'sentiment', feeling ->> '$') END AS sentiment,
    feeling IS NOT NULL AS is_told_apart
FROM felt;

-- One row a conversation that a customer opened on a property of the brand or by addressing it. Reposts and the brand's own
-- posts open none; automatic replies are no replies. The customer is the author of the first message; where that is not
-- known, whoever writes. sentiment_first and sentiment_last are about the brand of the conversation.
-- is_start_known is false where the conversation began with messages we never saw, so that a first response time cannot be
-- known and is null: the brand replied before the first message we hold, or that message answers one that we lack in a source
-- which lacks most of what the brand replied to (elsewhere it answers a third party, and is where this conversation begins).
CREATE OR REPLACE VIEW threads AS
WITH partial AS (
    SELECT r.source
    FROM mentions AS r
    LEFT JOIN mentions AS q ON q.source = r.source AND q.native_id = r.in_reply_to
    WHERE r.is_own AND r.in_reply_to IS NOT NULL
    GROUP BY r.source
    HAVING count(q.native_id) * 2 < count(*)
),
talk AS (
    SELECT
        m.source, m.thread_id, m.mention_id, m.channel, m.property, m.is_own, m.is_automatic, m.author_id, m.in_reply_to,
        m.published_at,
        m.expires_at, CASE WHEN m.visibility = 'public' THEN m.text END AS text, m.source_brand, m.brands, m.sentiment,
        m.brand_sentiments, m.needs_response,
        list_contains(m.intents, 'urgent') AS is_urgent,
        (m.published_at, m.mention_id) AS place
    FROM living_mentions AS m
    WHERE m.published_at IS NOT NULL AND m.kind <> 'repost'
),
openers AS (
    SELECT *
    FROM talk
    WHERE NOT is_own AND property IN ('own', 'addressed')
    QUALIFY row_number() OVER (PARTITION BY source, thread_id ORDER BY published_at, mention_id) = 1
),
late AS (
    SELECT o.source, o.thread_id
    FROM openers AS o
    INNER JOIN partial AS p ON p.source = o.source
    LEFT JOIN mentions AS q ON q.source = o.source AND q.native_id = o.in_reply_to
    WHERE o.in_reply_to IS NOT NULL AND q.native_id IS NULL
),
messages AS (
    SELECT
        k.source, k.thread_id, k.published_at, k.place, k.sentiment, k.brand_sentiments, k.needs_response, k.is_urgent,
        k.is_own, k.source_brand,
        k.is_own AND NOT k.is_automatic AS is_reply,
        NOT k.is_own AND k.place >= o.place AND (o.author_id IS NULL OR k.author_id IS NULL OR k.author_id = o.author_id) AS is_customer,
        k.published_at >= o.published_at AS is_after
    FROM talk AS k
    INNER JOIN openers AS o ON o.source = k.source AND o.thread_id = k.thread_id
),
summed AS (
    SELECT
        source, thread_id,
        bool_or(is_reply AND NOT is_after) AS is_joined_late,
        min(published_at) FILTER (WHERE is_reply AND is_after) AS first_reply_at,
        max(published_at) FILTER (WHERE is_reply) AS last_reply_at,
        max(published_at) FILTER (WHERE is_customer) AS last_inbound_at,
        count(*) FILTER (WHERE NOT is_own) AS inbound_count,
        count(*) FILTER (WHERE is_reply) AS reply_count,
        bool_or(needs_response AND is_customer) AS needs_response,
        bool_or(is_urgent AND is_customer) AS is_urgent,
        arg_max(sentiment, place) FILTER (WHERE is_customer AND sentiment IS NOT NULL) AS sentiment_last,
        arg_max_null(brand_sentiments, place) FILTER (WHERE is_customer AND sentiment IS NOT NULL) AS brand_sentiments_last,
        arg_min(source_brand, place) FILTER (WHERE is_own AND source_brand IS NOT NULL) AS replying_brand
    FROM messages
    GROUP BY source, thread_id
),
told AS (
    SELECT
        o.thread_id, o.source, o.channel,
        coalesce(o.source_brand, s.replying_brand, list_min(o.brands)) AS brand,
        o.property, o.mention_id AS first_mention_id, o.published_at AS opened_at, o.author_id,
        s.first_reply_at,
        CASE
            WHEN NOT s.is_joined_late AND l.thread_id IS NULL
                THEN epoch_us(s.first_reply_at) // 1000000 - epoch_us(o.published_at) // 1000000
        END AS first_response_seconds,
        s.last_inbound_at, s.last_reply_at, s.inbound_count, s.reply_count, s.needs_response,
        CASE
            WHEN s.last_reply_at IS NULL THEN 'unanswered'
            WHEN s.last_reply_at < s.last_inbound_at THEN 'waiting'
            ELSE 'answered'
        END AS status,
        o.sentiment AS sentiment_first, o.brand_sentiments AS brand_sentiments_first, s.sentiment_last, s.brand_sentiments_last,
        s.is_urgent, o.expires_at, o.text,
        NOT s.is_joined_late AND l.thread_id IS NULL AS is_start_known
    FROM openers AS o
    INNER JOIN summed AS s ON s.source = o.source AND s.thread_id = o.thread_id
    LEFT JOIN late AS l ON l.source = o.source AND l.thread_id = o.thread_id
)
SELECT
    * EXCLUDE (brand_sentiments_first, brand_sentiments_last)
    REPLACE (
        CASE
            WHEN brand_sentiments_first IS NULL THEN sentiment_first
            ELSE coalesce(json_extract_string(brand_sentiments_first, '$."' || brand || '".sentiment'), sentiment_first)
        END AS sentiment_first,
        CASE
            WHEN brand_sentiments_last IS NULL THEN sentiment_last
            ELSE coalesce(json_extract_string(brand_sentiments_last, '$."' || brand || '".sentiment'), sentiment_last)
        END AS sentiment_last
    )
FROM told;
