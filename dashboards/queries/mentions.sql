-- Mentions to show as examples: those that were passed on most, of one mood or of any, without near-copies (same beginning).
SELECT mention_id::VARCHAR AS mention_id, source, channel, kind, published_at, text, url, sentiment, p_negative, intents, topics, language,
    engagement, reach, thread_id, expires_at
FROM mention_feed
WHERE brand = $brand AND NOT is_own AND kind <> 'repost' AND text <> ''
  AND published_at >= $start AND published_at < $until
  AND ($channel = 'all' OR channel = $channel)
  AND ($mood = 'any' OR sentiment = $mood)
  AND ($topic = '' OR list_contains(topics, $topic))
  AND ($intent = '' OR list_contains(intents, $intent))
QUALIFY row_number() OVER (PARTITION BY left(lower(text), 40) ORDER BY engagement DESC NULLS LAST, published_at DESC, mention_id) = 1
ORDER BY coalesce(engagement, 0) DESC, abs(coalesce(p_negative, 0.5) - 0.5) DESC, published_at DESC, mention_id
LIMIT $limit
