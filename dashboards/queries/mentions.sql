-- Mentions to show as examples: those that were passed on most, of one mood or of any, without near-copies (same beginning).
-- Near-copies are looked for among the first 200 only: that is enough for a handful, and fast among millions.
SELECT * EXCLUDE (rank)
FROM (
    SELECT mention_id::VARCHAR AS mention_id, source, channel, kind, published_at, text, url, sentiment, p_negative, intents, topics,
        language, engagement, reach, thread_id, expires_at,
        row_number() OVER (ORDER BY coalesce(engagement, 0) DESC, published_at DESC, mention_id) AS rank
    FROM (
        SELECT *
        FROM mention_feed
        WHERE brand = $brand AND NOT is_own AND kind <> 'repost' AND text <> ''
          AND published_at >= $start AND published_at < $until
          AND ($channel = 'all' OR channel = $channel)
          AND ($mood = 'any' OR sentiment = $mood)
          AND ($topic = '' OR list_contains(topics, $topic))
          AND ($intent = '' OR list_contains(intents, $intent))
        ORDER BY coalesce(engagement, 0) DESC, published_at DESC, mention_id
        LIMIT 200
    )
)
QUALIFY row_number() OVER (PARTITION BY left(lower(text), 40) ORDER BY rank) = 1
ORDER BY rank
LIMIT $limit
