SELECT mention_id::VARCHAR AS mention_id, source, channel, kind, published_at, text, url, sentiment, p_negative, intents, topics, language,
    engagement, reach, thread_id, expires_at
FROM mention_feed
WHERE brand = $brand AND published_at >= $start AND published_at < $until AND list_contains($ids::UUID[], mention_id)
ORDER BY coalesce(engagement, 0) DESC, published_at
