-- One row a mention. The newest observation wins, null counts as oldest; at equal times the greater content_hash does,
-- so that loading overlapping inputs in any order gives the same table. A window that landed anew ($is_relanded)
-- takes the place of what it was. incoming: temporary table with one row a mention; of what is or was withdrawn, settled.sql has
-- compared already (is_settled). An older observation says one thing that counts: that it was published earlier (loading.py has
-- written what is known of that into incoming).
MERGE INTO mentions USING incoming ON mentions.mention_id = incoming.mention_id
WHEN MATCHED AND (
    incoming.is_settled
    OR (
        mentions.content_hash <> incoming.content_hash
        AND (
            incoming.observed_at > mentions.observed_at
            OR (incoming.observed_at IS NOT NULL AND mentions.observed_at IS NULL)
            OR (
                incoming.observed_at IS NOT DISTINCT FROM mentions.observed_at
                AND ($is_relanded OR incoming.content_hash > mentions.content_hash)
            )
        )
    )
) THEN UPDATE SET
    channel = incoming.channel, kind = incoming.kind, property = incoming.property, visibility = incoming.visibility,
    is_own = incoming.is_own, is_automatic = incoming.is_automatic, brand = incoming.brand,
    author_id = incoming.author_id, author_followers = incoming.author_followers, text = incoming.text,
    "references" = incoming."references", language = incoming.language, url = incoming.url,
    thread_id = incoming.thread_id, in_reply_to = incoming.in_reply_to, rating = incoming.rating,
    engagement = incoming.engagement, reach = incoming.reach, weight = incoming.weight, media = incoming.media,
    published_at = incoming.published_at, time_note = incoming.time_note, observed_at = incoming.observed_at,
    expires_at = incoming.expires_at, deleted_at = incoming.deleted_at, content_hash = incoming.content_hash
WHEN MATCHED AND incoming.published_at IS NOT NULL
    AND (incoming.published_at, incoming.time_note) < (mentions.published_at, mentions.time_note) THEN UPDATE SET
    published_at = incoming.published_at, time_note = incoming.time_note
WHEN NOT MATCHED THEN INSERT (
    mention_id, source, native_id, channel, kind, property, visibility, is_own, is_automatic, brand, author_id,
    author_followers, text, "references", language, url, thread_id, in_reply_to, rating, engagement, reach, weight, media,
    published_at, time_note, observed_at, expires_at, deleted_at, content_hash, ingested_at
) VALUES (
    incoming.mention_id, incoming.source, incoming.native_id, incoming.channel, incoming.kind, incoming.property,
    incoming.visibility, incoming.is_own, incoming.is_automatic, incoming.brand, incoming.author_id,
    incoming.author_followers, incoming.text, incoming."references", incoming.language, incoming.url,
    incoming.thread_id, incoming.in_reply_to, incoming.rating, incoming.engagement, incoming.reach, incoming.weight, incoming.media,
    incoming.published_at, incoming.time_note, incoming.observed_at, incoming.expires_at, incoming.deleted_at,
    incoming.content_hash, $now
)
