-- mention_feed: the mentions themselves, as pages show them.
-- Grain: mention_id, brand. Owner: everybody. Public and not deleted; own posts are in it and marked; a mention that names no
-- brand is not. thread_id: the conversation, with source the key of thread_status. sentiment is null where nothing has scored
-- it. weight: how many it stands for, where only a part was collected. Case references stay in the warehouse. Rows lie about in
-- the order they were loaded: a sort would double the cost.
SELECT
    mention_id, source, channel, brand, property, kind, published_at, author_id, is_own, text, url, sentiment, p_negative, intents,
    topics, language, engagement, reach, weight, in_reply_to, thread_id, expires_at
FROM brand_mentions
WHERE visibility = 'public'
