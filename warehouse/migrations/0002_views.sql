-- What the marts read: views over the base tables, each with one meaning. `aggregate` computes the dear ones once a run.

CREATE TABLE project (                   -- one row, written by aggregate: what days mean here
    timezone VARCHAR NOT NULL
);
INSERT INTO project VALUES ('UTC');

CREATE TABLE build_state (               -- one row, written by aggregate: of which input the marts are made
    fingerprint VARCHAR NOT NULL,
    built_at TIMESTAMPTZ NOT NULL
);

-- One row a mention: the scores that count. Scored beats not scored, then the newest, then the greater model name.
-- Most mentions were scored once; only the others are sorted.
CREATE VIEW current_enrichments AS
WITH rescored AS (
    SELECT mention_id
    FROM enrichments
    GROUP BY mention_id
    HAVING count(*) > 1
)
SELECT
    mention_id, model, text_hash, language, sentiment, unknown_reason, p_negative, p_neutral, p_positive, intents,
    intent_scores, topics, brands, brand_sentiments, entities, enriched_at
FROM enrichments
WHERE mention_id NOT IN (SELECT mention_id FROM rescored)
UNION ALL
SELECT
    mention_id, model, text_hash, language, sentiment, unknown_reason, p_negative, p_neutral, p_positive, intents,
    intent_scores, topics, brands, brand_sentiments, entities, enriched_at
FROM enrichments
WHERE mention_id IN (SELECT mention_id FROM rescored)
QUALIFY row_number() OVER (
    PARTITION BY mention_id ORDER BY unknown_reason IS NOT DISTINCT FROM 'not_scored', enriched_at DESC, model DESC
) = 1;

-- One row a quarter of an hour in which something was published: the local day and week (from Monday) it belongs to.
CREATE VIEW calendar AS
WITH buckets AS (
    SELECT DISTINCT make_timestamptz(epoch_us(published_at) // 900000000 * 900000000) AS bucket_at
    FROM mentions
    WHERE published_at IS NOT NULL
)
SELECT
    bucket_at,
    date_trunc('day', bucket_at AT TIME ZONE timezone) AT TIME ZONE timezone AS day_at,
    date_trunc('week', bucket_at AT TIME ZONE timezone) AT TIME ZONE timezone AS week_at
FROM buckets
CROSS JOIN project;

-- One row a mention: the conversation it belongs to, as the native id of the conversation's first message.
-- The platform's thread_id where it gives one, else the top of the chain of replies (which may be a message we never saw),
-- else the mention itself. Below a post of the brand each customer's comment begins a conversation of its own.
CREATE VIEW thread_mentions AS
WITH RECURSIVE nodes AS (
    SELECT
        m.mention_id, m.source, m.native_id, m.is_own,
        nullif(m.in_reply_to, m.native_id) AS parent_id,
        nullif(m.thread_id, m.native_id) AS stated_id
    FROM mentions AS m
),
own_posts AS (
    SELECT DISTINCT source, native_id
    FROM nodes
    WHERE is_own AND parent_id IS NULL AND stated_id IS NULL
),
placed AS (
    SELECT
        n.mention_id, n.source, n.native_id, n.parent_id,
        CASE
            WHEN n.stated_id IS NOT NULL AND stated.native_id IS NULL THEN n.stated_id
            WHEN parent.native_id IS NOT NULL THEN n.native_id
            WHEN n.parent_id IS NULL AND n.is_own THEN coalesce(n.stated_id, n.native_id)
            WHEN n.parent_id IS NULL THEN n.native_id
        END AS thread_id
    FROM nodes AS n
    LEFT JOIN own_posts AS stated ON stated.source = n.source AND stated.native_id = n.stated_id
    LEFT JOIN own_posts AS parent ON parent.source = n.source AND parent.native_id = n.parent_id
),
replies AS (
    SELECT source, native_id, parent_id
    FROM placed
    WHERE thread_id IS NULL
),
answered AS (
    SELECT source, native_id, parent_id
    FROM replies
    WHERE (source, native_id) IN (SELECT source, parent_id FROM replies)
),
-- Pointer doubling: after n steps every pointer has gone 2^n messages up, so a chain of a million takes 20 steps, and so,
-- at most, does a circle of replies.
jumps (source, native_id, ancestor_id, step) AS (
    SELECT source, native_id, parent_id, 0
    FROM answered
    UNION ALL
    SELECT a.source, a.native_id, coalesce(b.ancestor_id, a.ancestor_id), a.step + 1
    FROM jumps AS a
    LEFT JOIN jumps AS b ON b.source = a.source AND b.native_id = a.ancestor_id
    WHERE a.step < 20 AND EXISTS (
        SELECT 1
        FROM jumps AS c
        INNER JOIN jumps AS d ON d.source = c.source AND d.native_id = c.ancestor_id
    )
),
tops AS (
    SELECT source, native_id, arg_max(ancestor_id, step) AS ancestor_id
    FROM jumps
    GROUP BY source, native_id
),
climbed AS (
    SELECT p.mention_id, p.source, p.thread_id, coalesce(t.ancestor_id, p.parent_id) AS ancestor_id
    FROM placed AS p
    LEFT JOIN tops AS t ON t.source = p.source AND t.native_id = p.parent_id
)
SELECT c.mention_id, c.source, coalesce(c.thread_id, top.thread_id, c.ancestor_id) AS thread_id
FROM climbed AS c
LEFT JOIN placed AS top ON top.source = c.source AND top.native_id = c.ancestor_id;

-- One row a mention that was not deleted, with its scores and its conversation.
-- sentiment: 'unknown' where the model abstained, null where nothing has scored it.
-- needs_response: the model says so; where no model could read it, whatever people send to the brand needs an answer.
CREATE VIEW living_mentions AS
SELECT
    m.mention_id, m.source, m.channel, m.kind, m.property, m.visibility, m.is_own, m.is_automatic, m.author_id,
    m.text, m.url, t.thread_id, m.in_reply_to, m.published_at, m.expires_at, m.engagement, m.reach, m.brand AS source_brand,
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
            AND (e.mention_id IS NULL OR coalesce(e.unknown_reason, '') IN ('not_scored', 'language', 'image_only'))
        )
    ) AS needs_response
FROM mentions AS m
INNER JOIN thread_mentions AS t ON t.mention_id = m.mention_id
LEFT JOIN current_enrichments AS e ON e.mention_id = m.mention_id
WHERE m.deleted_at IS NULL;

-- One row for every brand that a living mention names, be it by its source or by its text; own posts included and marked.
-- sentiment is the one about this brand. bucket_at: the quarter of an hour of published_at.
CREATE VIEW brand_mentions AS
WITH named AS (
    SELECT * EXCLUDE (brands), unnest(brands) AS brand
    FROM living_mentions
)
SELECT
    mention_id, brand, source, channel, kind, property, visibility, is_own, is_automatic, author_id, text, url, thread_id,
    in_reply_to, published_at,
    make_timestamptz(epoch_us(published_at) // 900000000 * 900000000) AS bucket_at,
    expires_at, engagement, reach, language, intents, topics, needs_response, p_negative,
    CASE
        WHEN brand_sentiments IS NULL OR sentiment IS NULL THEN sentiment
        ELSE coalesce(json_extract_string(brand_sentiments, '$."' || brand || '"'), sentiment)
    END AS sentiment
FROM named;

-- One row a conversation that a customer opened on a property of the brand or by addressing it. Reposts and the brand's own
-- posts open none; automatic replies are no replies. The customer is the author of the first message; where that is not
-- known, whoever writes.
-- is_start_known is false where the conversation began with messages we never saw, so that a first response time cannot be
-- known and is null: the brand replied before the first message we hold, or that message answers one that we lack in a source
-- which lacks most of what the brand replied to (elsewhere it answers a third party, and is where this conversation begins).
CREATE VIEW threads AS
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
        m.expires_at, CASE WHEN m.visibility = 'public' THEN m.text END AS text, m.source_brand, m.brands, m.sentiment, m.needs_response,
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
        k.source, k.thread_id, k.published_at, k.place, k.sentiment, k.needs_response, k.is_urgent, k.is_own, k.source_brand,
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
        arg_min(source_brand, place) FILTER (WHERE is_own AND source_brand IS NOT NULL) AS replying_brand
    FROM messages
    GROUP BY source, thread_id
)
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
    o.sentiment AS sentiment_first, s.sentiment_last, s.is_urgent, o.expires_at, o.text,
    NOT s.is_joined_late AND l.thread_id IS NULL AS is_start_known
FROM openers AS o
INNER JOIN summed AS s ON s.source = o.source AND s.thread_id = o.thread_id
LEFT JOIN late AS l ON l.source = o.source AND l.thread_id = o.thread_id;

-- One row a pseudonym: how much and since when this author writes, the brand's own accounts left out.
CREATE VIEW authors AS
SELECT
    author_id,
    count(*) AS mention_count,
    min(published_at) AS first_published_at,
    max(published_at) AS last_published_at,
    max(author_followers) AS follower_count
FROM mentions
WHERE author_id IS NOT NULL AND NOT is_own AND deleted_at IS NULL
GROUP BY author_id;
