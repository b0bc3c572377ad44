-- Does the data hold any reply of this brand? Without one, nobody can count as answered.
SELECT coalesce(sum(reply_count), 0)::BIGINT AS replies, count(*)::BIGINT AS threads
FROM thread_status
WHERE brand = $brand
