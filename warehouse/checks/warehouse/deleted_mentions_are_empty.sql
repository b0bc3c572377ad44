-- What was deleted at the platform is gone here: no text, no author, nothing that was made of the text.
SELECT mention_id, source, deleted_at
FROM mentions
WHERE
    deleted_at IS NOT NULL
    AND (
        text <> '' OR "references" IS NOT NULL OR media IS NOT NULL OR author_id IS NOT NULL OR url IS NOT NULL
        OR language IS NOT NULL OR mention_id IN (SELECT mention_id FROM enrichments)
    )
