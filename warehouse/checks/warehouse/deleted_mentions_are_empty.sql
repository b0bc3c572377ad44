-- What was deleted at the platform is gone here: no text, no references, no media.
SELECT mention_id, source, deleted_at
FROM mentions
WHERE deleted_at IS NOT NULL AND (text <> '' OR "references" IS NOT NULL OR media IS NOT NULL)
