-- A mention without a date says why.
SELECT mention_id, source
FROM mentions
WHERE published_at IS NULL AND deleted_at IS NULL AND coalesce(time_note, '') = ''
