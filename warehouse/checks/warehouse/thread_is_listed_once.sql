-- A conversation has one row, opened by a customer, and no reply before its beginning.
SELECT source, thread_id, count(*) AS copies, min(first_response_seconds) AS first_response_seconds
FROM thread_status
GROUP BY source, thread_id
HAVING count(*) > 1 OR min(first_response_seconds) < 0 OR min(inbound_count) < 1
