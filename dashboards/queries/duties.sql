-- What is owed for the mentions of each source: looked up again, seen again or deleted, erased.
SELECT source, kind, open_count, next_due_at, done_count, late_count
FROM obligation_status
ORDER BY source, kind
