-- Gaps that are open, and those that were filled lately, newest first.
SELECT source, query, start_at, end_at, reason, missing_count, is_fillable, noticed_at, filled_at
FROM gaps
WHERE filled_at IS NULL OR filled_at > $since
ORDER BY filled_at IS NOT NULL, start_at DESC, source
