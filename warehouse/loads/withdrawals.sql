-- One row a mention that is withdrawn. What its text named goes over from its scores, which go. A copy of the text that landed
-- since ($is_held in settled) must be erased again.
MERGE INTO withdrawals USING (
    SELECT s.mention_id, s.seen_at, s.seen_hash, s.is_held, coalesce(e.brands, []) AS brands
    FROM settled AS s
    LEFT JOIN mentions AS m ON m.mention_id = s.mention_id AND m.deleted_at IS NULL AND m.content_hash = s.seen_hash
    LEFT JOIN (
        SELECT mention_id, list_sort(list_distinct(flatten(list(brands)))) AS brands
        FROM enrichments
        GROUP BY mention_id
    ) AS e ON e.mention_id = m.mention_id
    WHERE s.deleted_at IS NOT NULL
) AS fresh ON withdrawals.mention_id = fresh.mention_id
WHEN MATCHED THEN UPDATE SET
    seen_at = fresh.seen_at, seen_hash = fresh.seen_hash,
    brands = CASE WHEN withdrawals.seen_hash IS NOT DISTINCT FROM fresh.seen_hash THEN withdrawals.brands ELSE fresh.brands END,
    erased_at = CASE WHEN fresh.is_held THEN NULL ELSE withdrawals.erased_at END
WHEN NOT MATCHED THEN INSERT (mention_id, seen_at, seen_hash, brands, withdrawn_at, erased_at)
VALUES (
    fresh.mention_id, fresh.seen_at, fresh.seen_hash, fresh.brands, $now, CASE WHEN NOT fresh.is_held THEN $now::TIMESTAMPTZ END
)
