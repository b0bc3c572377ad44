-- mention_feed: the mentions themselves, as pages show them.
-- Grain: mention_id, brand. Owner: everybody. Public and not deleted; own posts are in it and marked; a mention that names no
-- brand is not. thread_id: the conversation, with source the key of thread_status. Case references stay in the warehouse.
SELECT
    b.mention_id, b.source, b.channel, b.brand, b.property, b.kind, b.published_at, b.author_id, b.is_own, m.text, m.url,
    b.sentiment, b.p_negative, b.intents, b.topics, b.language, b.engagement, b.reach, m.in_reply_to, t.thread_id, m.expires_at
FROM brand_mentions AS b
INNER JOIN mentions AS m ON m.mention_id = b.mention_id
INNER JOIN thread_mentions AS t ON t.mention_id = b.mention_id
WHERE b.visibility = 'public'
ORDER BY b.brand, b.published_at
