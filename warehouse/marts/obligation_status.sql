-- obligation_status: what platforms' terms and people's requests oblige us to, and whether it is done in time.
-- Grain: source, kind (recheck: look mentions up again at an age; refresh: see again or delete; erase: leave no copy of what was
-- withdrawn). Owner: data engineering. Counts of mentions. open_count: still to be done; next_due_at: the first of these is due
-- then, and overdue where the snapshot was published later. late_count: of done_count, done after it was due.
SELECT
    source, kind,
    sum(open_count)::INTEGER AS open_count,
    min(due_at) FILTER (WHERE done_at IS NULL) AS next_due_at,
    sum(mention_count - open_count)::INTEGER AS done_count,
    coalesce(sum(mention_count) FILTER (WHERE done_at > due_at), 0)::INTEGER AS late_count,
    max(done_at) AS last_done_at
FROM obligations
GROUP BY source, kind
ORDER BY source, kind
